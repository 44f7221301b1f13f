import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** The pod refuses a larger body. */
export const maxBlobBytes = 1024 * 1024

export interface FastbootParts {
  readonly splAddress: number
  readonly stepAddress: number
  readonly payloadAddress: number
  /** DDR steps; an absent one has length 0. */
  readonly prestep0: Uint8Array
  readonly ddrstep0: Uint8Array
  readonly prestep1: Uint8Array
  readonly spl: Uint8Array
  readonly payload: Uint8Array
}

/**
 * All big-endian, no padding, no checksum: three addresses (SPL, step, payload — a profile lists step first), then three parts with
 * 16-bit lengths and two with 32-bit lengths.
 */
export function encodeFastbootBlob(parts: FastbootParts): Uint8Array {
  const short = [parts.prestep0, parts.ddrstep0, parts.prestep1]
  const long = [parts.spl, parts.payload]
  const lengthBytes = 12 + short.reduce((sum, part) => sum + 2 + part.length, 0) + long.reduce((sum, part) => sum + 4 + part.length, 0)
  if (lengthBytes > maxBlobBytes) {
    throw new WorkbenchError('input/too-large', `The upload for the boot ROM is ${lengthBytes} bytes, ${lengthBytes - maxBlobBytes} more than a pod takes`, {
      context: { lengthBytes, limitBytes: maxBlobBytes }, hint: 'Use a smaller U-Boot image',
    })
  }
  const blob = new Uint8Array(lengthBytes)
  const view = new DataView(blob.buffer)
  view.setUint32(0, parts.splAddress)
  view.setUint32(4, parts.stepAddress)
  view.setUint32(8, parts.payloadAddress)
  let at = 12
  for (const part of short) {
    if (part.length > 0xffff) throw new WorkbenchError('input/too-large', `A DDR step of ${part.length} bytes does not fit its 16-bit length`)
    view.setUint16(at, part.length)
    blob.set(part, at + 2)
    at += 2 + part.length
  }
  for (const part of long) {
    view.setUint32(at, part.length)
    blob.set(part, at + 4)
    at += 4 + part.length
  }
  return blob
}

const scanFrom = 0x4000
const scanTo = 0x10000
const minDictionaryBytes = 1 << 16
const maxDictionaryBytes = 1 << 24

/**
 * The SPL ends where the compressed U-Boot begins (gzip or LZMA), rounded down to 1 KiB; `fallbackBytes` when neither is found.
 * `sramLimitBytes` caps a found size only: writing past the window makes the boot ROM restart in the middle.
 */
export function detectSplBytes(image: Uint8Array, fallbackBytes: number, sramLimitBytes?: number): number {
  for (let at = scanFrom; at < Math.min(image.length, scanTo); at += 1) {
    if (!isGzipAt(image, at) && !isLzmaAt(image, at)) continue
    const found = at - (at % 1024)
    return sramLimitBytes !== undefined && found > sramLimitBytes ? sramLimitBytes : found
  }
  return fallbackBytes
}

export const isGzipAt = (image: Uint8Array, at: number): boolean => image[at] === 0x1f && image[at + 1] === 0x8b && image[at + 2] === 0x08

export function isLzmaAt(image: Uint8Array, at: number): boolean {
  if (image[at] !== 0x5d || at + 5 > image.length) return false
  const dictionaryBytes = new DataView(image.buffer, image.byteOffset, image.byteLength).getUint32(at + 1, true)
  return dictionaryBytes >= minDictionaryBytes && dictionaryBytes <= maxDictionaryBytes && (dictionaryBytes & (dictionaryBytes - 1)) === 0
}

const longestFfRun = 11

/** The hi3516cv500 family's boot ROM hangs inside a frame that holds twelve 0xff in a row; eleven pass. The runs are padding. */
export function withoutLongFfRuns(image: Uint8Array): Uint8Array {
  const filtered = image.slice()
  let start = 0
  for (let at = 0; at <= image.length; at += 1) {
    if (image[at] === 0xff) continue
    if (at - start > longestFfRun) filtered.fill(0, start, at)
    start = at + 1
  }
  return filtered
}
