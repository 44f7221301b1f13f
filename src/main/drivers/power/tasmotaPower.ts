import { cycleByOffAndOn } from './offThenOn.ts'
import { createPowerHttp } from './powerHttp.ts'
import { shown } from '../errors/shown.ts'
import type { HttpExchange } from '../http/httpExchange.ts'
import { hostInUrl } from '../transports/transportUrl.ts'
import type { OnOffPower } from '../../../shared/devices/power.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

export interface TasmotaPowerDeps {
  readonly clock: Clock
  readonly host: string
  readonly port: number
  /** From 1. */
  readonly relay: number
  readonly user: string
  /** `undefined`: the device asks for none. */
  readonly password: string | undefined
  readonly exchange?: HttpExchange | undefined
}

/** A relay with Tasmota. What it says is the relay's position, asked for again after each act. */
export function createTasmotaPower({ clock, host, port, relay, user, password, exchange }: TasmotaPowerDeps): OnOffPower {
  const device = `Tasmota at ${host}:${port}`
  const label = `relay ${relay} of ${device}`
  const get = createPowerHttp({ label: device, clock, exchange })

  const command = async (what: string, words: string, signal: AbortSignal): Promise<'on' | 'off'> => {
    const url = new URL(`http://${hostInUrl(host)}:${port}/cm`)
    // The device takes its password in the address and nowhere else. It wants %20 for a blank, not a plus sign.
    const query = [...(password === undefined ? [] : [['user', user], ['password', password]]), ['cmnd', words]]
    url.search = query.map(([key = '', value = '']) => `${key}=${encodeURIComponent(value)}`).join('&')
    const { status, text } = await get(what, url, signal)
    const answer = objectOf(text)
    // Old versions say 200 and warn.
    if (status === 401 || answer?.['WARNING'] !== undefined) {
      throw new WorkbenchError('pod/refused', `${device} wants ${password === undefined ? 'a user and a password' : 'another user or password'}`, { context: { status, user }, hint: 'It is the web admin password of the device; the user is usually "admin"' })
    }
    if (status !== 200 || !answer) throw new WorkbenchError('pod/refused', `${device} did not answer as a Tasmota does: HTTP ${status}, ${shown(text)}`, { context: { status }, hint: 'Check the address and the port' })
    return relayOf(answer, text)
  }

  const relayOf = (answer: Readonly<Record<string, unknown>>, text: string): 'on' | 'off' => {
    // One relay alone has no number.
    const said = answer[`POWER${relay}`] ?? (relay === 1 ? answer['POWER'] : undefined)
    if (said === 'ON') return 'on'
    if (said === 'OFF') return 'off'
    throw new WorkbenchError('pod/no-power-control', `${device} has no relay ${relay}: it answered ${shown(text)}`, { context: { relay }, hint: 'Relays are counted from 1' })
  }

  const read = async (signal: AbortSignal): Promise<'on' | 'off'> => command(`Reading ${label}`, `Power${relay}`, signal)

  const set = async (state: 'on' | 'off', signal: AbortSignal): Promise<void> => {
    await command(`Switching ${label} ${state}`, `Power${relay} ${state === 'on' ? 'On' : 'Off'}`, signal)
    const now = await read(signal)
    if (now !== state) {
      throw new WorkbenchError('pod/wrong-power-state', `${label} was switched ${state} and still reads ${now}`, { context: { relay, state: now }, hint: 'Look at the device: a rule, a timer or an interlock may hold it' })
    }
  }

  return {
    ability: 'on-off',
    proof: 'read-back',
    label: `power of ${label}`,
    set,
    read,
    cycle: async (offMs, signal) => cycleByOffAndOn({ label, clock, set, darkHint: 'Press the button on the device' }, offMs, signal),
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
  } catch {
    // Not JSON is an answer of its own; the caller names it.
    return undefined
  }
}
