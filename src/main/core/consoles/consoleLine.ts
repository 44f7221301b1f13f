import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Arrived, OpenTransport, Transport } from '../../../shared/devices/transport.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { cutArrived } from './cutArrived.ts'
import type { ReadPace } from './readPace.ts'

/** A pod on WiFi takes a second or two to accept; a wrong address takes for ever. */
const openLimitMs = 10_000
const closeLimitMs = 5_000
/** All that looks at the bytes does so at once; of a burst so much that the other consoles do not notice. */
const pieceBytes = 64 * 1024

export interface ConsoleLineDeps {
  readonly open: OpenTransport
  readonly clock: Clock
  readonly onBytes: (arrived: Arrived) => void
  /** Asked after each piece; nothing more is read until it resolves. */
  readonly mayReadOn?: (signal: AbortSignal) => Promise<void>
  /** A line that talks is read in turns of this; its first bytes after a silence are read at once. */
  readonly pace?: ReadPace | undefined
  /** Somebody waits for each byte: no turns. */
  readonly isUrgent?: () => boolean
  /** The line went away without being told to. */
  readonly onLost: (why: string) => void
}

/** One transport at a time and its only reader. */
export interface ConsoleLine {
  /** Does nothing when open. `link/unreachable`, `link/timeout`. */
  open(signal: AbortSignal): Promise<void>
  /** Resolves when the far end has been let go; does nothing when closed. */
  close(signal: AbortSignal): Promise<void>
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>
  /** What waits for its turn is taken in by the time this returns, and the next bytes are read at once. */
  catchUp(): void
  readonly isOpen: boolean
  /** What is open now, for what only some lines can do; whoever asks for another rate puts it back. */
  readonly transport: Pick<Transport, 'setBaudRate' | 'setLines' | 'sendBreak'> | undefined
}

interface Current { readonly transport: Transport; readonly stop: AbortController; reading: Promise<void>; endTurn: (() => void) | undefined }

export function createConsoleLine({ open, clock, onBytes, mayReadOn, pace, isUrgent = () => false, onLost }: ConsoleLineDeps): ConsoleLine {
  const changes = createLane()
  const writes = createLane()
  let current: Current | undefined

  const takeIn = async (arrived: Arrived, signal: AbortSignal): Promise<void> => {
    for (const [index, piece] of cutArrived(arrived, pieceBytes).entries()) {
      // What has come is taken in also when the line is let go meanwhile.
      if (index > 0) await clock.sleep(0, signal).catch(() => undefined)
      onBytes(piece)
    }
  }
  /** Resolves with what came until it was time to look; `undefined` when the line is quiet, or should not wait. */
  const nextTurn = async (mine: Current): Promise<Arrived | undefined> => {
    const { take } = mine.transport
    if (!pace || !take || isUrgent() || mine.stop.signal.aborted) return undefined
    await new Promise<void>((resolve) => {
      const leave = pace.wait(resolve)
      mine.endTurn = () => {
        leave()
        const arrived = take()
        if (arrived) onBytes(arrived)
        resolve()
      }
    })
    mine.endTurn = undefined
    return take()
  }
  const readAll = async (mine: Current): Promise<string> => {
    const { transport, stop } = mine
    try {
      for (let arrived: Arrived | undefined; ;) {
        if (!arrived) {
          const bytes = await transport.read(stop.signal)
          if (!bytes) return 'the far side closed it'
          arrived = { bytes, arrivals: [{ lengthBytes: bytes.length, atMs: clock.wallMs() }] }
        }
        await takeIn(arrived, stop.signal)
        await mayReadOn?.(stop.signal)
        arrived = await nextTurn(mine)
      }
    } catch (error) {
      if (!(error instanceof WorkbenchError)) return 'the line failed'
      const { why } = error.context
      return typeof why === 'string' ? why : error.message
    }
  }
  const letGo = async (transport: Transport): Promise<void> => {
    // A line that cannot be closed is gone as well; there is nobody left who could do something about it.
    await withDeadline(clock, closeLimitMs, 'closing the console line', new AbortController().signal, async () => transport.close()).catch(() => undefined)
  }
  const read = async (mine: Current): Promise<void> => {
    const why = await readAll(mine)
    if (mine.stop.signal.aborted) return
    current = undefined
    await letGo(mine.transport)
    onLost(why)
  }
  /** Resolves with an open line, or rejects when the attempt is really over: a bridge takes one client only. */
  const attempt = async (signal: AbortSignal): Promise<Transport> => {
    let over: Promise<unknown> = Promise.resolve()
    try {
      return await withDeadline(clock, openLimitMs, 'opening the console line', signal, async (limit) => {
        const opening = open(limit)
        over = opening.then(async (late) => { if (limit.aborted) await letGo(late) }).catch(() => undefined)
        return opening
      })
    } catch (error) {
      const ended = over
      await withDeadline(clock, closeLimitMs, 'giving up the console line', new AbortController().signal, async () => ended).catch(() => undefined)
      throw error
    }
  }
  return {
    open: async (signal) => changes(signal, async () => {
      if (current) return
      const mine: Current = { transport: await attempt(signal), stop: new AbortController(), reading: Promise.resolve(), endTurn: undefined }
      current = mine
      mine.reading = read(mine)
    }),
    close: async (signal) => changes(signal, async () => {
      const mine = current
      if (!mine) return
      current = undefined
      mine.endTurn?.()
      mine.stop.abort(new Cancelled('the console line is closed'))
      await letGo(mine.transport)
      await mine.reading
    }),
    write: async (bytes, signal) => writes(signal, async () => {
      if (!current) throw new WorkbenchError('link/closed', 'The console line is closed')
      await current.transport.write(bytes, signal)
    }),
    catchUp: () => { current?.endTurn?.() },
    get isOpen() { return current !== undefined },
    get transport() { return current?.transport },
  }
}
