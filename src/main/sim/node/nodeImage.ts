/** The nodes' image format, from its data sheet: header, segment header, description, then whatever the firmware is. */
const headerBytes = 24
const segmentHeaderBytes = 8
const descriptionBytes = 256

export interface NodeImageWish {
  readonly version: string
  readonly project?: string
  readonly sizeBytes?: number
  /** Two builds of one version differ in it. */
  readonly build?: number
}

/** Looks to a boot loader like an image; nothing in it would run. */
export function makeNodeImage({ version, project = 'esp32-csi-node', sizeBytes = 262_144, build = 1 }: NodeImageWish): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; at += 1) bytes[at] = (at * 31 + build * 7 + (at >> 8)) & 0xff
  bytes.fill(0, 0, headerBytes + segmentHeaderBytes + descriptionBytes)
  bytes[0] = 0xe9
  bytes[1] = 1
  const view = new DataView(bytes.buffer)
  const description = headerBytes + segmentHeaderBytes
  view.setUint32(headerBytes + 4, descriptionBytes, true)
  view.setUint32(description, 0xabcd5432, true)
  writeText(bytes, description + 16, version)
  writeText(bytes, description + 48, project)
  view.setUint32(description + 140, build, true)
  return bytes
}

/** The version that is compiled into an image; undefined when the boot loader would not start it. */
export function versionInImage(bytes: Uint8Array): string | undefined {
  const description = headerBytes + segmentHeaderBytes
  if (bytes.length < description + descriptionBytes || bytes[0] !== 0xe9) return undefined
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(description, true) !== 0xabcd5432) return undefined
  const field = bytes.subarray(description + 16, description + 48)
  const end = field.indexOf(0)
  return new TextDecoder('latin1').decode(end < 0 ? field : field.subarray(0, end))
}

function writeText(bytes: Uint8Array, at: number, text: string): void {
  bytes.set(new TextEncoder().encode(text).subarray(0, 31), at)
}
