import type { RouterOsConnection, Row } from './routerOsConnection.ts'
import { givesPower, wattsOf } from './routerOsReading.ts'
import { readRouterOsBudget } from './routerOsBudget.ts'
import { cycleByOffAndOn, giveBackAfter, type PowerSwitch } from './offThenOn.ts'
import { type CommentedPort, matchComment } from '../../protocols/routeros/commentMatch.ts'
import { type OnOffPower, portTroubles, type PortTrouble, type PowerState } from '../../../shared/devices/power.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** A pulse cannot be called back: a cancel waits for its end, so longer ones are made of off and on. */
const nativeCycle = { leastMs: 5_000, mostMs: 10_000 } as const
/** The switch looks at its ports about once a second. */
const readEveryMs = 250
/** Detecting a load takes up to two seconds, a controller under way a little more. */
const settleLimitMs = 6_000
/** What is on, where nobody knows what it was before. */
const plainOnMode = 'forced-on'

export type OnMode = 'as-before' | 'auto-on' | 'forced-on'

export interface RouterOsPowerDeps {
  readonly connection: RouterOsConnection
  readonly clock: Clock
  /** `ethernet`: the interface's own name. `comment`: what is written beside it on the switch, found once and then kept. */
  readonly port: { readonly ethernet: string } | { readonly comment: string }
  /** The mode that "on" sets. Default: the one from before "off". */
  readonly onMode?: OnMode
}

interface PortReading {
  readonly id: string
  /** `poe-out`: `off`, `auto-on` or `forced-on`. */
  readonly mode: string
  /** `powered-on`, `waiting-for-load` and so on; `undefined` where the switch has no such reading. */
  readonly status: string | undefined
  readonly watts: number | undefined
}

const troubleOf = (status: string | undefined): PortTrouble | undefined => portTroubles.find((trouble) => trouble === status)

function stateOf({ mode, status }: PortReading): PowerState {
  // Off by its settings and still powered: a controller that did not follow yet, or never will.
  if (mode === 'off') return status !== undefined && givesPower(status) ? 'unknown' : 'off'
  // "waiting-for-load": the port is on and nobody draws.
  return status === undefined || givesPower(status) || status === 'waiting-for-load' ? 'on' : 'off'
}

/** A PoE port. Every act is read back: a switch that says "done" and did nothing is `pod/wrong-power-state`. */
export function createRouterOsPower({ connection, clock, port, onMode = 'as-before' }: RouterOsPowerDeps): OnOffPower {
  let name: string | undefined = 'ethernet' in port ? port.ethernet : undefined
  let savedMode: string | undefined
  let hasMonitor = true
  const place = (): string => `${name ?? ('comment' in port ? `the port commented "${port.comment}"` : '')} of ${connection.label}`

  const portName = async (signal: AbortSignal): Promise<string> => {
    if (name === undefined && 'comment' in port) name = await findPort(connection, port.comment, signal)
    // An empty name would match no row, or every one.
    if (name === undefined || name.trim() === '') throw new WorkbenchError('input/malformed', `The name of a port of ${connection.label} is empty`)
    return name
  }

  const readingOf = async (row: Row, id: string, signal: AbortSignal): Promise<Row | undefined> => {
    if (row.get('poe-out-status') !== undefined || !hasMonitor) return row
    try {
      const [reading] = await connection.ask(['/interface/ethernet/poe/monitor', `=numbers=${id}`, '=once='], signal, { isRepeatable: true })
      return reading
    } catch (error) {
      if (!(error instanceof WorkbenchError && error.code === 'pod/refused')) throw error
      // Small models have no monitor; their `poe-out` is all there is to read.
      hasMonitor = false
      return undefined
    }
  }

  const readPort = async (signal: AbortSignal): Promise<PortReading> => {
    const wanted = await portName(signal)
    const rows = await connection.ask(['/interface/ethernet/poe/print', `?name=${wanted}`], signal, { isRepeatable: true })
    const row = rows.find((each) => each.get('name') === wanted)
    const [id, mode] = [row?.get('.id'), row?.get('poe-out')]
    if (!row || !id || mode === undefined || !/^[a-z0-9-]{1,32}$/.test(mode)) {
      throw new WorkbenchError('pod/no-power-control', `${place()} has no PoE, so its power cannot be switched`, { context: { port: wanted }, hint: 'Check the name of the port, or switch the power by hand' })
    }
    const reading = await readingOf(row, id, signal)
    return { id, mode, status: reading?.get('poe-out-status'), watts: reading && wattsOf(reading) }
  }

  /** Until the port reads so; the last reading when it never does. */
  const waitFor = async (isThere: (reading: PortReading) => boolean, limitMs: number, signal: AbortSignal): Promise<{ readonly there: boolean; readonly last: PortReading }> => {
    const giveUpAtMs = clock.nowMs() + limitMs
    for (;;) {
      const last = await readPort(signal)
      if (isThere(last)) return { there: true, last }
      if (clock.nowMs() >= giveUpAtMs) return { there: false, last }
      await clock.sleep(readEveryMs, signal)
    }
  }

  const wrongState = (wanted: string, { mode, status }: PortReading): WorkbenchError => new WorkbenchError('pod/wrong-power-state', `${place()} was switched ${wanted} and still reads ${mode}${status === undefined ? '' : `, ${status}`}`, {
    context: { port: name ?? '', mode, ...(status === undefined ? {} : { status }) }, hint: 'Look at the port on the switch: another rule, its power budget or a fault may hold it',
  })

  const setMode = async (id: string, mode: string, signal: AbortSignal): Promise<void> => {
    await connection.ask(['/interface/ethernet/poe/set', `=.id=${id}`, `=poe-out=${mode}`], signal, { isRepeatable: true })
  }

  const switchOff = async (signal: AbortSignal): Promise<void> => {
    const { id, mode } = await readPort(signal)
    // A second "off" must not take the first one's "off" for the mode from before.
    savedMode ??= mode
    await setMode(id, 'off', signal)
    const { there, last } = await waitFor((reading) => stateOf(reading) === 'off' && reading.mode === 'off', settleLimitMs, signal)
    if (!there) throw wrongState('off', last)
  }

  /** A mode from before that was "off" is no way to give light: such a camera was parked dark. */
  const lightMode = (now: string): string => {
    if (onMode !== 'as-before') return onMode
    return [savedMode, now].find((mode) => mode !== undefined && mode !== 'off') ?? plainOnMode
  }

  const switchOn = async (signal: AbortSignal): Promise<void> => {
    const { id, mode: now } = await readPort(signal)
    const mode = lightMode(now)
    await setMode(id, mode, signal)
    const { there, last } = await waitFor((reading) => reading.mode === mode && (reading.status === undefined || givesPower(reading.status)), settleLimitMs, signal)
    // Nothing plugged in is no fault of the switch: it offers the power, and that was read back.
    if (!there && !(last.mode === mode && stateOf(last) === 'on')) throw wrongState('on', last)
    savedMode = undefined
  }

  const set = async (state: 'on' | 'off', signal: AbortSignal): Promise<void> => (state === 'off' ? switchOff(signal) : switchOn(signal))
  const asSwitch = (): PowerSwitch => ({ label: place(), clock, set, darkHint: 'Switch the port on at the switch: set its poe-out to forced-on' })

  const pulseOf = (offMs: number): number => Math.max(nativeCycle.leastMs, Math.ceil(offMs / 1000) * 1000)

  /** False when this model refuses it; then nothing happened. */
  const startPulse = async (pulseMs: number, signal: AbortSignal): Promise<boolean> => {
    try {
      await connection.ask(['/interface/ethernet/poe/power-cycle', `=.id=${await portName(signal)}`, `=duration=${pulseMs / 1000}s`], signal)
      return true
    } catch (error) {
      if (error instanceof WorkbenchError && error.code === 'pod/refused') return false
      // Nobody knows whether it was heard, so the light is seen to.
      await giveBackAfter(asSwitch(), async () => { throw error }, () => 'unknown')
      return false
    }
  }

  /**
   * The switch answers at once and keeps the time by itself, so the end is watched for. False when nobody saw the power go:
   * then the pulse proves nothing.
   */
  const seePulse = async (pulseMs: number, signal: AbortSignal): Promise<boolean> => {
    const endAtMs = clock.nowMs() + pulseMs
    let sawOff = false
    await giveBackAfter(asSwitch(), async () => {
      sawOff = (await waitFor((reading) => reading.status !== undefined && !givesPower(reading.status), pulseMs, signal)).there
      // `set('on')`, which follows, waits for the light: first the pulse has to run out.
      if (sawOff) await clock.sleep(Math.max(0, endAtMs - clock.nowMs()), signal)
    }, () => (sawOff ? 'off' : 'unknown'))
    return sawOff
  }

  return {
    ability: 'on-off',
    proof: 'read-back',
    get label() { return `power of ${place()}` },
    set,
    read: async (signal) => stateOf(await readPort(signal)),
    draw: async (signal) => {
      const { watts, status, mode } = await readPort(signal)
      return { watts, trouble: mode === 'off' ? undefined : troubleOf(status) }
    },
    budget: async (givenWatts, signal) => readRouterOsBudget(connection, await portName(signal), givenWatts, signal),
    cycle: async (offMs, signal) => {
      signal.throwIfAborted()
      const { status } = await readPort(signal)
      // A port that is off is not switched on by a native cycle, and one whose power cannot be watched gives no proof of it.
      const isNative = status === 'powered-on' && offMs <= nativeCycle.mostMs
      if (isNative && await startPulse(pulseOf(offMs), signal) && await seePulse(pulseOf(offMs), signal)) return
      await cycleByOffAndOn(asSwitch(), offMs, signal)
    },
  }
}

/** The comments of every port, for a choice. */
export async function listCommentedPorts(connection: RouterOsConnection, signal: AbortSignal): Promise<readonly CommentedPort[]> {
  const rows = await connection.ask(['/interface/ethernet/print'], signal, { isRepeatable: true })
  return rows.map((row) => ({ name: row.get('name') ?? '', comment: row.get('comment') ?? '' })).filter(({ name, comment }) => name !== '' && comment.trim() !== '')
}

async function findPort(connection: RouterOsConnection, comment: string, signal: AbortSignal): Promise<string> {
  const match = matchComment(comment, await listCommentedPorts(connection, signal))
  if ('port' in match) return match.port.name
  const list = match.candidates.slice(0, 40).map((each) => `${each.name} (${each.comment.slice(0, 60)})`).join(', ')
  if (match.kind === 'ambiguous') {
    throw new WorkbenchError('input/conflict', `"${comment}" fits more than one port of ${connection.label}: ${list}`, { hint: 'Name the port itself, for example ether3' })
  }
  throw new WorkbenchError('input/not-found', `No port of ${connection.label} has a comment that fits "${comment}"${list === '' ? '; none has a comment' : `; there are ${list}`}`, {
    hint: 'Write the label of the camera into the comment of its port, or name the port itself, for example ether3',
  })
}
