import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'

/**
 * Console bytes travel beside the calls. The viewer asks in JSON text, one request a line; the workbench answers in binary frames:
 * kind u8 · id length u8 · camera id (ASCII) · position f64 BE (offset of the first byte in the console's whole history) · payload.
 * Frames of several consoles may come as one message: kind u8 · (length u32 BE · frame)…
 */
export const laneRequestSchema = z.discriminatedUnion('do', [
  /** History from `after` (a position; 0 is the oldest kept), then live. */
  z.object({
    do: z.literal('watch'), camera: cameraIdSchema, after: z.number().min(0),
    /** What a burst leaves behind is skipped: this viewer shows the last lines and nothing else. */
    onlyEnd: z.boolean().optional(),
  }),
  z.object({ do: z.literal('unwatch'), camera: cameraIdSchema }),
  /** Its pictures, the newest first and no other (pictureFrame.ts). */
  z.object({ do: z.literal('watch-picture'), camera: cameraIdSchema }),
  z.object({ do: z.literal('unwatch-picture'), camera: cameraIdSchema }),
])
/** In one message. */
export const mostLaneRequests = 64
export type LaneRequest = z.infer<typeof laneRequestSchema>

export const laneFrameKinds = {
  /** Payload: the bytes. */
  data: 1,
  /** This viewer was too slow or asked too far back; payload: count of bytes it does not get, u32 BE. */
  skipped: 2,
  /** Frames of several consoles: a message for each of a hundred consoles costs both ends more than the bytes in it. */
  bundle: 3,
} as const

export interface LaneFrame {
  readonly kind: 'data' | 'skipped'
  readonly camera: string
  readonly position: number
  readonly bytes: Uint8Array
  readonly skippedBytes: number
}

/** Frames never carry more, so that one talkative console cannot hold the link. */
export const maxLaneBytes = 64 * 1024

/** A screenful: what a viewer of the end alone is behind at most. */
export const laneEndBytes = 4 * 1024

/** Made once: a wall has thousands of frames a second. */
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()]

export function encodeLaneFrame(frame: Omit<LaneFrame, 'skippedBytes'> & { readonly skippedBytes?: number }): Uint8Array {
  const id = encoder.encode(frame.camera)
  const payload = frame.kind === 'data' ? frame.bytes : new Uint8Array(4)
  const whole = new Uint8Array(2 + id.length + 8 + payload.length)
  const view = new DataView(whole.buffer)
  whole[0] = laneFrameKinds[frame.kind]
  whole[1] = id.length
  whole.set(id, 2)
  view.setFloat64(2 + id.length, frame.position)
  whole.set(payload, 2 + id.length + 8)
  if (frame.kind === 'skipped') view.setUint32(2 + id.length + 8, frame.skippedBytes ?? 0)
  return whole
}

/** `undefined` for anything that is not a frame. */
export function parseLaneFrame(whole: Uint8Array): LaneFrame | undefined {
  const [kindByte, idLength] = whole
  if (kindByte === undefined || idLength === undefined || whole.length < 2 + idLength + 8) return undefined
  const kind = kindByte === laneFrameKinds.data ? 'data' : kindByte === laneFrameKinds.skipped ? 'skipped' : undefined
  if (!kind) return undefined
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength)
  const bytes = whole.subarray(2 + idLength + 8)
  if (kind === 'skipped' && bytes.length !== 4) return undefined
  return {
    kind,
    camera: decoder.decode(whole.subarray(2, 2 + idLength)),
    position: view.getFloat64(2 + idLength),
    bytes,
    skippedBytes: kind === 'skipped' ? view.getUint32(2 + idLength + 8) : 0,
  }
}

/** One message for all of them; a single frame goes as it is. */
export function bundleLaneFrames(frames: readonly Uint8Array[]): Uint8Array {
  const [only] = frames
  if (only && frames.length === 1) return only
  const whole = new Uint8Array(frames.reduce((sum, frame) => sum + 4 + frame.length, 1))
  const view = new DataView(whole.buffer)
  whole[0] = laneFrameKinds.bundle
  let at = 1
  for (const frame of frames) {
    view.setUint32(at, frame.length)
    whole.set(frame, at + 4)
    at += 4 + frame.length
  }
  return whole
}

/** The frames of a message, in order; a bundle that is cut short gives those that are whole. Bundles hold no bundles. */
export function unbundleLaneFrames(message: Uint8Array): readonly LaneFrame[] {
  if (message[0] !== laneFrameKinds.bundle) return [parseLaneFrame(message)].flatMap((frame) => frame ?? [])
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const frames: LaneFrame[] = []
  for (let at = 1; at + 4 <= message.length;) {
    const end = at + 4 + view.getUint32(at)
    if (end > message.length) break
    const frame = parseLaneFrame(message.subarray(at + 4, end))
    if (frame) frames.push(frame)
    at = end
  }
  return frames
}

/** One end of a link for such messages, whatever carries it. */
export interface ByteLaneEnd {
  send(message: string | Uint8Array): void
  /** Bytes accepted but not yet on their way; a viewer over 1 MiB is skipped ahead. */
  readonly bufferedBytes: number
  onMessage(listener: (message: string | Uint8Array) => void): void
  onClose(listener: () => void): void
}
