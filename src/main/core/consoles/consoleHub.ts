import type { CameraId } from '../../../shared/devices/ids.ts'
import type { Arrival, OpenTransport } from '../../../shared/devices/transport.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type ByteQueue, createByteQueue } from '../../../shared/lifecycle/byteQueue.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import type { CapturedConsole } from '../captures/captureLog.ts'
import { busyWith, timeOfDay } from '../rack/leases.ts'
import { createActivityMeter } from './activityMeter.ts'
import type { CameraConsole, ExclusiveConsole } from './cameraConsole.ts'
import { type ConsoleLine, createConsoleLine } from './consoleLine.ts'
import { plainText, printedLines } from './consoleText.ts'
import { createHoldBack } from './holdBack.ts'
import { createHistoryRing, type HistoryPiece } from './historyRing.ts'
import { createLineRate } from './lineRate.ts'
import type { ReadPace } from './readPace.ts'
import { abilitiesOf, setLineByHand } from './lineByHand.ts'
import { type ReleasedLine, releasedError, releasedNote } from './releasedLine.ts'
import { createTrafficMarks } from './trafficMarks.ts'

const defaultHistoryBytes = 256 * 1024
const firstPauseMs = 1_000
const longestPauseMs = 30_000
/** A bridge that lets us in and throws us out at once is taken by somebody else; it has to hold this long to count as found. */
const steadyMs = 5_000
/** A workflow that does not read for this long has forgotten its console. */
const maxUnreadBytes = 4 * 1024 * 1024
const quietMs = 20
const maxLineChars = 200
const marksAtOnce = 2_000
/** Less than an undo has. */
const reopenLimitMs = 8_000

export interface ConsoleDeps {
  readonly cameraId: CameraId
  readonly open: OpenTransport
  readonly clock: Clock
  readonly log: (line: string) => void
  readonly historyBytes?: number
  /** Bytes as they come, with their place in the history and without our own markers: for the boot watch and the rules. */
  readonly onBytes?: (bytes: Uint8Array, position: number) => void
  /** That of the whole rack. Without one every piece is taken in by itself. */
  readonly pace?: ReadPace | undefined
  /** Told of all that passes, and closed with the console. */
  readonly capture?: CapturedConsole | undefined
}

type OpenLine = NonNullable<ConsoleLine['transport']>
interface Lent { readonly holder: string; readonly sinceMs: number; queue: ByteQueue; detached: boolean; releasing?: Promise<void> }

/** Opens at once and keeps trying until `close`. Types nothing by itself. */
export function createConsole({ cameraId, open, clock, log, historyBytes = defaultHistoryBytes, onBytes, pace, capture }: ConsoleDeps): CameraConsole {
  const history = createHistoryRing(historyBytes)
  const meter = createActivityMeter()
  const traffic = createTrafficMarks(historyBytes)
  const byHand = createLane()
  const listeners = new Set<() => void>()
  const bell = createBell()
  /** Rung for the line and not for each byte. */
  const lineBell = createBell()
  const ring = (): void => { bell.ring(); lineBell.ring() }
  const closing = new AbortController()
  let trying = new AbortController()
  let lent: Lent | undefined
  let released: ReleasedLine | undefined
  let note = 'not opened yet'
  let lostAtMs: number | undefined
  let bytesReceived = 0
  let bytesLost = 0
  let lastByteAtMs: number | undefined
  let isTrying = false

  const append = (bytes: Uint8Array, arrivals: readonly Arrival[] = [{ lengthBytes: bytes.length, atMs: clock.wallMs() }]): void => {
    let position = history.end
    for (const { lengthBytes, atMs } of arrivals) { traffic.received(position, atMs); position += lengthBytes }
    history.append(bytes)
    for (const listener of listeners) listener()
    bell.ring()
  }
  const mark = (text: string): void => { line.catchUp(); append(new TextEncoder().encode(`\r\n--- ${timeOfDay(clock.wallMs(), clock)} ${text} ---\r\n`)); lineBell.ring() }
  const tellBootWatch = (bytes: Uint8Array): void => {
    try { onBytes?.(bytes, history.end - bytes.length) } catch (error) { log(`console ${cameraId}: the watcher failed: ${String(error)}`) }
  }
  const line = createConsoleLine({
    open, clock, pace, isUrgent: () => lent !== undefined,
    onBytes: ({ bytes, arrivals }) => {
      capture?.received(bytes, arrivals)
      bytesReceived += bytes.length
      lastByteAtMs = clock.nowMs()
      meter.count(bytes.length, lastByteAtMs)
      if (lent && lent.queue.waitingBytes > maxUnreadBytes) bytesLost += lent.queue.discard()
      lent?.queue.push(bytes)
      append(bytes, arrivals)
      tellBootWatch(bytes)
    },
    mayReadOn: createHoldBack({ clock, capture, isLent: () => lent !== undefined }),
    onLost: (why) => {
      capture?.lost()
      lostAtMs = clock.nowMs()
      note = `lost: ${why}`
      mark(`console line lost: ${why}`)
      lent?.queue.fail(new WorkbenchError('link/closed', `The console line was lost: ${why}`, { context: { camera: cameraId } }))
      ring()
    },
  })
  const rate = createLineRate(clock, () => line.transport)
  /** Text at a wrong rate is no text: a line that cannot be brought back is better closed. */
  const restOrClose = async (): Promise<void> => {
    try {
      await rate.toRest()
    } catch (error) {
      await line.close(new AbortController().signal)
      throw error
    }
  }
  const openLine = async (signal: AbortSignal): Promise<void> => {
    if (line.isOpen) return
    await line.open(signal)
    await restOrClose()
    note = ''
    if (lostAtMs === undefined) return
    capture?.found()
    const awayMs = clock.nowMs() - lostAtMs
    mark(`console line open again after ${awayMs < 1_000 ? `${String(Math.round(awayMs))} ms` : `${(awayMs / 1000).toFixed(1)} s`}; what came in between may be missing`)
    lostAtMs = undefined
  }

  const send = async (bytes: Uint8Array, signal: AbortSignal): Promise<void> => {
    // What came before it is told before it, and its echo waits for no turn.
    line.catchUp()
    // On a closed line it goes nowhere, and the write says so.
    if (line.isOpen) capture?.sent(bytes)
    // Where it was sent, not where its echo ended.
    const [position, atMs] = [history.end, clock.wallMs()]
    await line.write(bytes, signal)
    traffic.sent(position, atMs, bytes)
    bell.ring()
  }

  const tryOnce = async (): Promise<boolean> => {
    trying = new AbortController()
    isTrying = true
    try {
      await openLine(AbortSignal.any([closing.signal, trying.signal]))
      return true
    } catch (error) {
      if (!(error instanceof Cancelled)) note = error instanceof WorkbenchError ? error.message : 'the line could not be opened'
      if (!(error instanceof Cancelled) && !(error instanceof WorkbenchError)) log(`console ${cameraId}: ${String(error)}`)
      return false
    } finally {
      isTrying = false
    }
  }
  const pause = async (durationMs: number): Promise<void> => {
    const woken = AbortSignal.any([closing.signal, trying.signal])
    await clock.sleep(durationMs, woken).catch(() => undefined)
  }
  const keepOpen = async (): Promise<void> => {
    let pauseMs = firstPauseMs
    while (!closing.signal.aborted) {
      const change = lineBell.next(closing.signal).catch(() => undefined)
      if (lent || released || line.isOpen) { await change; continue }
      const openedAtMs = clock.nowMs()
      if (await tryOnce()) {
        while (line.isOpen && !closing.signal.aborted) await lineBell.next(closing.signal).catch(() => undefined)
        if (clock.nowMs() - openedAtMs >= steadyMs) {
          pauseMs = firstPauseMs
          // Pods close a bridge to which nobody typed for 600 s (older ones 60 s), and keep little of what is said until somebody is there again.
          continue
        }
      }
      if (lent || released || closing.signal.aborted) continue
      await pause(pauseMs)
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    }
  }
  const keeping = keepOpen().catch((error: unknown) => { log(`console ${cameraId} stopped: ${String(error)}`) })

  const exclusiveOf = (mine: Lent): ExclusiveConsole => {
    const mustHave = (): void => { if (lent !== mine) throw new WorkbenchError('link/closed', 'This console was given back') }
    const giveBack = async (): Promise<void> => {
      try {
        // A line that was lost is opened for it: a pod keeps its rate, and the next program may be another one.
        if (rate.isAway && !line.isOpen) await withDeadline(clock, reopenLimitMs, 'opening the console line to put its rate back', closing.signal, openLine)
        else await restOrClose()
      } finally {
        lent = undefined
        mine.queue.end()
        ring()
      }
    }
    const release = async (): Promise<void> => {
      if (lent === mine) await (mine.releasing ??= giveBack())
    }
    /** Asked again at each call: the line may be another one by then. */
    const onLine = <Args extends readonly unknown[]>(find: (of: OpenLine) => ((...args: Args) => Promise<void>) | undefined): ((...args: Args) => Promise<void>) | undefined => {
      if (!line.transport || !find(line.transport)) return undefined
      return async (...args) => {
        mustHave()
        const act = line.transport && find(line.transport)
        if (!act) throw new WorkbenchError('link/closed', 'The console line is closed')
        await act(...args)
      }
    }
    return {
      label: `console of ${cameraId}`,
      read: async (signal) => mine.queue.read(signal),
      write: async (bytes, signal) => { mustHave(); await send(bytes, signal) },
      discardInput: async (signal) => {
        let dropped = mine.queue.discard()
        for (let before = -1; before !== bytesReceived;) {
          before = bytesReceived
          await clock.sleep(quietMs, signal)
          dropped += mine.queue.discard()
        }
        return dropped
      },
      detach: async (signal) => {
        mustHave()
        if (mine.detached) return
        const wasOpen = line.isOpen
        // Whoever takes the UART next expects it as it was; what fails now is made good when the line is opened.
        if (wasOpen) await rate.toRest().catch(() => undefined)
        await line.close(signal)
        mine.detached = true
        mine.queue.fail(new WorkbenchError('link/closed', 'The console line is detached'))
        if (!wasOpen) return
        capture?.lost()
        lostAtMs ??= clock.nowMs()
        mark(`console line closed by ${mine.holder}`)
      },
      attach: async (signal) => {
        mustHave()
        if (!line.isOpen) {
          mine.queue.end()
          mine.queue = createByteQueue()
        }
        await openLine(signal)
        mine.detached = false
        mustHave()
      },
      release, close: release,
      get setBaudRate() { return onLine((of) => of.setBaudRate && rate.set) },
      get setLines() { return onLine((of) => of.setLines) },
      get sendBreak() { return onLine((of) => of.sendBreak) },
      get isAttached() { return lent === mine && line.isOpen },
    }
  }

  const mustBeFree = (): void => {
    if (lent) throw busyWith('This console', lent, clock)
    if (released) throw releasedError('This console', released, releasedNote(released, clock))
  }
  const releaseLine = async (by: string, signal: AbortSignal): Promise<void> => {
    mustBeFree()
    const mine: ReleasedLine = { by, sinceMs: clock.wallMs() }
    released = mine
    trying.abort(new Cancelled('the console is released'))
    ring()
    try {
      await byHand(signal, rate.toRest).catch(() => undefined)
      const wasOpen = line.isOpen
      await line.close(signal)
      mark(`console line released for another program by ${by}`)
      if (!wasOpen) return
      capture?.lost()
      lostAtMs ??= clock.nowMs()
    } catch (error) {
      // A line that did not close is not the other program's yet.
      released = undefined
      throw error
    } finally {
      ring()
    }
  }

  const printed = (bytes: number): string[] => printedLines(history.read(Math.max(0, history.end - bytes), bytes).bytes, maxLineChars)
  /** Asked four times a second for each console of a rack: with two lines in a short end the last of them is whole. */
  const lastLine = (): string => {
    const few = printed(512)
    return (few.length > 1 ? few : printed(2_048)).at(-1) ?? ''
  }
  const readFrom = (after: number, maxBytes: number): HistoryPiece => history.read(after, maxBytes)
  return {
    cameraId,
    subscribe: (afterPosition, listener) => {
      let position = afterPosition
      const push = (): void => {
        const piece = history.read(position, historyBytes)
        position = piece.position + piece.bytes.length
        if (piece.bytes.length === 0 && piece.skippedBytes === 0) return
        try { listener(piece) } catch (error) { log(`console ${cameraId}: a viewer failed: ${String(error)}`) }
      }
      push()
      listeners.add(push)
      return () => { listeners.delete(push) }
    },
    listen: (listener) => {
      // One entry for each call, as with `subscribe`.
      const told = (): void => { listener() }
      listeners.add(told)
      return () => { listeners.delete(told) }
    },
    read: readFrom,
    get end() { return history.end },
    marks: async (after, signal) => {
      // A count of an earlier run of this program means nothing here.
      const known = after > traffic.last ? 0 : after
      while (traffic.last <= known) await bell.next(signal)
      return traffic.after(known, marksAtOnce)
    },
    more: async (position, signal) => { while (history.end <= position) await bell.next(signal) },
    changed: async (signal) => bell.next(signal),
    catchUp: () => { line.catchUp() },
    holder: () => (lent ? { kind: 'job', name: lent.holder, sinceMs: lent.sinceMs } : released ? { kind: 'released', name: released.by, sinceMs: released.sinceMs } : undefined),
    releaseLine,
    takeBack: () => {
      if (!released) return
      released = undefined
      mark('console line taken back')
    },
    type: async (bytes, signal) => {
      mustBeFree()
      await send(bytes, signal)
    },
    abilities: () => abilitiesOf(lent ? undefined : line.transport),
    setLine: async (wish, signal) => {
      mustBeFree()
      await byHand(signal, async () => setLineByHand({ transport: lent || released ? undefined : line.transport, rate, mark }, wish, signal))
    },
    exclusive: async (holder, signal) => {
      signal.throwIfAborted()
      if (closing.signal.aborted) throw new WorkbenchError('link/closed', 'This console is closed')
      mustBeFree()
      // What was said before is not the job's.
      line.catchUp()
      const mine: Lent = { holder, sinceMs: clock.wallMs(), queue: createByteQueue(), detached: false }
      lent = mine
      // Nobody but the holder opens the line from now on: an attempt that is under way ends first.
      trying.abort(new Cancelled('the console is lent'))
      ring()
      // A rate that somebody set by hand is not the job's. Where it stays, the line is closed, and `attach` says why it does not open.
      await byHand(signal, restOrClose).catch(() => undefined)
      return exclusiveOf(mine)
    },
    stats: () => ({
      state: lent ? 'lent' : released ? 'released' : line.isOpen ? 'open' : closing.signal.aborted ? 'closed' : isTrying || bytesReceived === 0 ? 'connecting' : 'closed',
      note: lent ? lent.holder : released ? releasedNote(released, clock) : line.isOpen ? '' : note,
      bytesReceived, bytesLost, lastByteAtMs,
      lastLine: lastLine(),
      activity: meter.read(clock.nowMs()),
    }),
    lastLines: (count) => count <= 0 ? [] : printedLines(history.read(Math.max(0, history.end - 32_768), 32_768).bytes, maxLineChars).slice(-count),
    tail: (bytes) => plainText(history.read(Math.max(0, history.end - bytes), bytes).bytes),
    close: async () => {
      closing.abort(new Cancelled('the console closes'))
      lent?.queue.fail(new WorkbenchError('link/closed', 'The console closes'))
      await rate.toRest().catch((error: unknown) => { log(`console ${cameraId}: ${String(error)}`) })
      await line.close(new AbortController().signal)
      await keeping
      await capture?.close()
      listeners.clear()
    },
  }
}
