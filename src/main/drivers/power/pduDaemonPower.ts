import { cycleByOffAndOn } from './offThenOn.ts'
import { createPowerHttp } from './powerHttp.ts'
import { shown } from '../errors/shown.ts'
import type { HttpExchange } from '../http/httpExchange.ts'
import { hostInUrl } from '../transports/transportUrl.ts'
import type { OnOffPower, PowerState } from '../../../shared/devices/power.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** Newer daemons answer after the unit did it, and they try a slow unit several times, 5 s apart. */
const actLimitMs = 60_000

export interface PduDaemonPowerDeps {
  readonly clock: Clock
  readonly host: string
  readonly port: number
  /** As the daemon's own file calls the unit and its outlet. */
  readonly pdu: string
  readonly outlet: string
  readonly exchange?: HttpExchange | undefined
}

/**
 * The daemon accepts; older ones queue and cannot be asked. Its `reboot` is not used: when the line drops in the middle of one,
 * some versions forget the "on".
 */
export function createPduDaemonPower({ clock, host, port, pdu, outlet, exchange }: PduDaemonPowerDeps): OnOffPower {
  const daemon = `PDUDaemon at ${host}:${port}`
  const get = createPowerHttp({ label: daemon, clock, exchange })
  const label = `outlet ${outlet} of ${pdu} (${daemon})`
  let told: PowerState = 'unknown'

  const set = async (state: 'on' | 'off', signal: AbortSignal): Promise<void> => {
    told = 'unknown'
    const url = new URL(`http://${hostInUrl(host)}:${port}/power/control/${state}`)
    // Without a delay of its own some versions wait 5 s, with "off" and "on" as well.
    url.search = new URLSearchParams({ hostname: pdu, port: outlet, delay: '0' }).toString()
    const { status, text } = await get(`Switching outlet ${outlet} of ${pdu} ${state}`, url, signal, actLimitMs)
    if (status !== 200) {
      throw new WorkbenchError('pod/refused', `${daemon} refused to switch outlet ${outlet} of ${pdu} ${state}: HTTP ${status}, ${shown(text)}`, {
        context: { status }, hint: 'Is the unit in the configuration of the daemon, under this very name?',
      })
    }
    told = state
  }

  return {
    ability: 'on-off',
    proof: 'accepted',
    label: `power of ${label}`,
    set,
    read: async () => told,
    cycle: async (offMs, signal) => cycleByOffAndOn({ label, clock, set, darkHint: `Switch outlet ${outlet} of ${pdu} on at the unit` }, offMs, signal),
  }
}
