import { maxDataBytes } from '../../protocols/bootrom/frame.ts'
import { encodeData, encodeHead, encodeTail } from '../../protocols/bootrom/writer.ts'
import { type BootTrack, frameFailure } from './bootStages.ts'
import type { FrameResult } from './sendFrame.ts'

export type FrameKind = 'HEAD' | 'DATA' | 'TAIL'

export interface Transfer {
  /** `DDRSTEP0`, for messages. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly address: number
  /** Code that takes over at once does not acknowledge its own TAIL. */
  readonly tailMayBeSilent: boolean
  readonly send: (frame: Uint8Array, kind: FrameKind, signal: AbortSignal) => Promise<FrameResult>
}

/** HEAD, DATA from 1 on, TAIL; each one answered before the next. Rejects with `pod/boot-failed` naming the frame. */
export async function sendTransfer(transfer: Transfer, track: BootTrack, signal: AbortSignal): Promise<void> {
  const { name, bytes, address, send, tailMayBeSilent } = transfer
  const addressText = `0x${address.toString(16).padStart(8, '0')}`
  const frameCount = Math.ceil(bytes.length / maxDataBytes)
  const head = await send(encodeHead(bytes.length, address), 'HEAD', signal)
  if (head.outcome !== 'accepted') throw frameFailure(track.stage, `${name} HEAD`, head, addressText)
  track.sent(0, bytes.length)
  for (let sequence = 1; sequence <= frameCount; sequence += 1) {
    const from = (sequence - 1) * maxDataBytes
    const data = bytes.subarray(from, from + maxDataBytes)
    const result = await send(encodeData(sequence, data), 'DATA', signal)
    if (result.outcome !== 'accepted') throw frameFailure(track.stage, `${name} DATA ${sequence} of ${frameCount}`, result, addressText)
    track.sent(from + data.length, bytes.length)
  }
  const tail = await send(encodeTail(frameCount + 1), 'TAIL', signal)
  if (tail.outcome !== 'accepted' && !tailMayBeSilent) throw frameFailure(track.stage, `${name} TAIL`, tail, addressText)
}
