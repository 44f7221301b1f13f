/** Of the chip's own image format: a header of 24 bytes, a segment header of 8, then the description of the application. */
const imageMagic = 0xe9
const descriptionMagic = 0xabcd5432
const descriptionAt = 32
/** Magic, secure version and two reserved words come before the texts of 32 bytes each. */
const versionAt = descriptionAt + 16
const projectAt = versionAt + 32
export const describedBytes = projectAt + 32

export interface EspDescription {
  readonly version: string
  readonly project: string
}

/** What an image says of itself; undefined when it does not begin like one. */
export function readEspDescription(bytes: Uint8Array): EspDescription | undefined {
  if (bytes.length < describedBytes || bytes[0] !== imageMagic) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(descriptionAt, true) !== descriptionMagic) return undefined
  return { version: textAt(bytes, versionAt), project: textAt(bytes, projectAt) }
}

/** Up to the first zero; one that fills its place has none. Anything that is not printable becomes a question mark. */
function textAt(bytes: Uint8Array, at: number): string {
  const field = bytes.subarray(at, at + 32)
  const end = field.indexOf(0)
  return [...field.subarray(0, end < 0 ? 32 : end)].map((code) => (code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '?')).join('')
}
