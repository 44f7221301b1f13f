import { maxPictureBytes } from '../pictures/pictures.schema.ts'
import { maxLaneBytes } from './byteLane.ts'

/**
 * A picture travels on the byte lane in pieces, so that it never holds the consoles up for long:
 * kind u8 (3) · id length u8 · camera id (ASCII) · offset of the piece f64 BE · sequence u32 BE · taken at f64 BE (wall, ms) · length of the picture u32 BE · piece.
 */
const pictureKind = 3
const headBytes = 8 + 4 + 8 + 4

export interface PictureFrame {
  readonly camera: string
  readonly offsetBytes: number
  readonly sequence: number
  readonly takenAtMs: number
  readonly lengthBytes: number
  readonly piece: Uint8Array
}

export function encodePictureFrame({ camera, offsetBytes, sequence, takenAtMs, lengthBytes, piece }: PictureFrame): Uint8Array {
  const id = new TextEncoder().encode(camera)
  const whole = new Uint8Array(2 + id.length + headBytes + piece.length)
  const view = new DataView(whole.buffer, 2 + id.length)
  whole[0] = pictureKind
  whole[1] = id.length
  whole.set(id, 2)
  view.setFloat64(0, offsetBytes)
  view.setUint32(8, sequence >>> 0)
  view.setFloat64(12, takenAtMs)
  view.setUint32(20, lengthBytes)
  whole.set(piece, 2 + id.length + headBytes)
  return whole
}

/** `undefined` for anything else, a piece that lies outside its picture included. */
export function parsePictureFrame(whole: Uint8Array): PictureFrame | undefined {
  const [kind, idLength = 0] = whole
  if (kind !== pictureKind || whole.length < 2 + idLength + headBytes) return undefined
  const view = new DataView(whole.buffer, whole.byteOffset + 2 + idLength, whole.length - 2 - idLength)
  const piece = whole.subarray(2 + idLength + headBytes)
  const [offsetBytes, lengthBytes] = [view.getFloat64(0), view.getUint32(20)]
  if (!Number.isInteger(offsetBytes) || offsetBytes < 0 || piece.length === 0 || piece.length > maxLaneBytes || lengthBytes > maxPictureBytes || offsetBytes + piece.length > lengthBytes) return undefined
  return { camera: new TextDecoder().decode(whole.subarray(2, 2 + idLength)), offsetBytes, sequence: view.getUint32(8), takenAtMs: view.getFloat64(12), lengthBytes, piece }
}
