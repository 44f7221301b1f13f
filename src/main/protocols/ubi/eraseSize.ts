import { decodeEraseHeader, type EraseHeader } from './frame.ts'

/** Every erase size is a multiple of it, those of flash with odd pages (528 bytes) included. */
const gridBytes = 128
const smallestBytes = 4 * 1024
const largestBytes = 8 * 1024 * 1024

export interface FoundGeometry {
  readonly eraseBytes: number
  /** The first good header: what all others are compared with. */
  readonly header: EraseHeader
}

export const sameImage = (a: EraseHeader, b: EraseHeader): boolean =>
  a.imageSequence === b.imageSequence && a.volumeHeaderOffset === b.volumeHeaderOffset && a.dataOffset === b.dataOffset

/**
 * The distance at which the most headers are met, and of several such distances the largest. Headers of another image, which can lie
 * inside the contents, do not count. `undefined`: nothing here is UBI. An image of one block says nothing about its size: all of it is one block then.
 */
export function findGeometry(bytes: Uint8Array): FoundGeometry | undefined {
  const offsets: number[] = []
  let header: EraseHeader | undefined
  for (let at = 0; at + 128 <= bytes.length; at += gridBytes) {
    // One byte before the decoder: an image has a million places to look at.
    if (bytes[at] !== 0x55) continue
    const found = decodeEraseHeader(bytes, at)
    if (typeof found === 'string' || !isSound(found)) continue
    header ??= found
    if (sameImage(header, found)) offsets.push(at)
  }
  if (!header) return undefined
  const [first = 0, second] = offsets
  if (second === undefined) return { eraseBytes: bytes.length, header }
  const sizes = [second - first]
  for (let size = smallestBytes; size <= largestBytes; size *= 2) sizes.push(size)
  const { dataOffset } = header
  let best = { eraseBytes: 0, met: 0 }
  for (const eraseBytes of sizes.filter((size) => size > dataOffset).sort((a, b) => a - b)) {
    const met = offsets.filter((offset) => offset % eraseBytes === 0).length
    if (met >= best.met) best = { eraseBytes, met }
  }
  return { eraseBytes: best.eraseBytes, header }
}

const isSound = ({ volumeHeaderOffset, dataOffset }: EraseHeader): boolean =>
  volumeHeaderOffset >= 64 && dataOffset >= volumeHeaderOffset + 64 && dataOffset < largestBytes
