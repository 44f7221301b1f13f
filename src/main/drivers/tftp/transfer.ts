import type { Endpoint } from '../../../shared/devices/datagram.ts'
import type { TftpFrame } from '../../protocols/tftp/frame.ts'

/** One file on its way, in either direction. It has no timer and no socket of its own: the server gives it both. */
export interface Transfer {
  readonly direction: 'download' | 'upload'
  readonly name: string
  readonly peer: Endpoint
  /** Unknown for an upload whose client announced nothing. */
  readonly totalBytes: number | undefined
  /** Downloads: acknowledged. Uploads: received. */
  doneBytes(): number
  /** Answers the request. */
  begin(): void
  onFrame(frame: TftpFrame): void
  /** The client asks for the same thing again: `repeated` (answered or rightly ignored), or `start-over`. */
  onSameRequest(): 'repeated' | 'start-over'
  /** Repeats what is overdue; ends a transfer whose client went silent. */
  onTime(nowMs: number): void
  nextDueMs(): number
  /** Tells the client and ends; a no-op once over. */
  stop(errorNumber: number, reason: string): void
  /** Ends without a word: the client has moved on. */
  drop(reason: string): void
}

export type TransferOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export interface TransferRoom {
  nowMs(): number
  /** `packet` may be reused once the client has acknowledged it. */
  send(packet: Uint8Array): void
  onOver(outcome: TransferOutcome): void
}

/** A client that asks again this soon after it was heard was not lost: the network delivered its request twice. */
export const freshRequestMs = 1_000
