export type JpegCheck =
  | { readonly ok: true; readonly widthPx: number; readonly heightPx: number; readonly lengthBytes: number }
  | { readonly ok: false; readonly why: string }

/** A small file may claim an enormous picture, and whoever draws it pays for the claim. No camera of a rack has more. */
export const maxPixels = 24_000_000

const refuse = (why: string): JpegCheck => ({ ok: false, why })
const standsAlone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)
/** C4, C8 and CC are tables and not frames. */
const beginsFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** A whole JPEG, with nothing behind it but zeros. What is between is for the decoder, which knows more. */
export function checkJpeg(bytes: Uint8Array): JpegCheck {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return refuse('it is no JPEG')
  let end = bytes.length
  while (end > 2 && bytes[end - 1] === 0) end -= 1
  if (end < 4 || bytes[end - 2] !== 0xff || bytes[end - 1] !== 0xd9) return refuse('it is cut off')
  const size = frameSize(bytes.subarray(0, end))
  if (!size || size.widthPx === 0 || size.heightPx === 0) return refuse('it does not say how large it is')
  if (size.widthPx * size.heightPx > maxPixels) return refuse(`it claims ${size.widthPx} x ${size.heightPx} pixels`)
  return { ok: true, ...size, lengthBytes: end }
}

function frameSize(bytes: Uint8Array): { widthPx: number; heightPx: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    // Any number of FF may stand before a marker.
    if (marker === 0xff) { at += 1; continue }
    if (standsAlone(marker)) { at += 2; continue }
    const lengthBytes = view.getUint16(at + 2)
    if (lengthBytes < 2 || marker === 0xda) return undefined
    if (beginsFrame(marker)) return lengthBytes < 8 || at + 9 > bytes.length ? undefined : { heightPx: view.getUint16(at + 5), widthPx: view.getUint16(at + 7) }
    at += 2 + lengthBytes
  }
  return undefined
}
