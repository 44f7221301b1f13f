import type { ConsoleMark, LineAbilities, LineWish } from '../../../shared/consoles/consoles.schema.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import type { HistoryPiece } from './historyRing.ts'

/** One piece of history, or a count of bytes that this listener came too late for. Positions grow without holes but those. */
export type ConsoleListener = (piece: HistoryPiece) => void

export interface ConsoleStats {
  readonly state: 'open' | 'connecting' | 'closed' | 'lent' | 'released'
  /** Why it is not open, or who has it. */
  readonly note: string
  readonly bytesReceived: number
  /** Known losses only; what came while the line was away nobody can count, and the history says so. */
  readonly bytesLost: number
  readonly lastLine: string
  readonly activity: readonly number[]
  readonly lastByteAtMs: number | undefined
}

/**
 * The line for one workflow alone. Viewers go on seeing every byte. `close` is `release`.
 * A lost line rejects `read` with `link/closed`, after the bytes that had come; `attach` may then be called again.
 * Rate, modem lines and break are there while a line is open that has them. A line that is opened anew is at its resting rate.
 */
export interface ExclusiveConsole extends Transport {
  /** Lets the far end go: during a pod's fastboot no bridge client may be connected. Nothing opens it again but `attach`. */
  detach(signal: AbortSignal): Promise<void>
  /** Opens it again; bytes from before are not read. Does nothing when open. `link/unreachable`, `link/timeout`. */
  attach(signal: AbortSignal): Promise<void>
  /** The line is back at its resting rate afterwards. Rejects when it could not be brought there: it is closed then, and opened only at that rate. */
  release(): Promise<void>
  readonly isAttached: boolean
}

export interface ConsoleHolder { readonly kind: 'job' | 'released'; readonly name: string; readonly sinceMs: number }

export interface CameraConsole {
  readonly cameraId: CameraId
  /** History after that position at once, then live. Result: stop listening. */
  subscribe(afterPosition: number, listener: ConsoleListener): () => void
  /** Told that there is more, without the bytes. The listener returns at once and never throws. Result: stop listening. */
  listen(listener: () => void): () => void
  /** Reads history; for viewers that take it in their own time. */
  read(afterPosition: number, maxBytes: number): HistoryPiece
  readonly end: number
  /** Resolves when there is more than at that position. */
  more(position: number, signal: AbortSignal): Promise<void>
  /** What the line has said by now is in the history when this returns. */
  catchUp(): void
  /** The times of what passed, oldest first; resolves when there are any after that sequence. */
  marks(after: number, signal: AbortSignal): Promise<ConsoleMark[]>
  /** At the next news of any kind: bytes, who has it, whether it is open. */
  changed(signal: AbortSignal): Promise<void>
  /** Who keeps viewers from typing. */
  holder(): ConsoleHolder | undefined
  /** Closes the line and leaves it closed until `takeBack`; `pod/busy` while a job has it. Not remembered over a restart. */
  releaseLine(by: string, signal: AbortSignal): Promise<void>
  /** Opens it again, as after a loss. Does nothing when it was not released. */
  takeBack(): void
  /** `pod/busy` names who has it; `link/closed`. */
  type(bytes: Uint8Array, signal: AbortSignal): Promise<void>
  /** Of the line that is open now; a closed one can nothing. */
  abilities(): LineAbilities
  /** `input/not-supported`; `pod/busy`. A rate that was set by hand ends with the line, or when a job takes it. */
  setLine(wish: LineWish, signal: AbortSignal): Promise<void>
  /** Does not wait: `pod/busy` while another has it. The line may be closed; then `attach` opens it. */
  exclusive(holder: string, signal: AbortSignal): Promise<ExclusiveConsole>
  stats(): ConsoleStats
  /** With something printed in them, oldest first, at most 200 characters each. */
  lastLines(count: number): string[]
  /** The end of the history as readable text: evidence. */
  tail(bytes: number): string
  close(): Promise<void>
}
