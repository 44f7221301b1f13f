import { crc32 } from '../../../shared/bytes/crc32.ts'

export interface KernelImage {
  readonly kind: 'uimage'
  /** From the header: what the build called it. */
  readonly name: string
  readonly loadAddress: number
  /** Header and contents; the file may be padded behind. */
  readonly lengthBytes: number
}

const headerBytes = 64

/** U-Boot's legacy image, big-endian, with one CRC over the header and one over the contents. Otherwise why it is none. */
export function parseKernelImage(bytes: Uint8Array): KernelImage | 'not-a-uimage' | 'damaged-header' | 'cut-off' | 'damaged-contents' {
  if (bytes.length < headerBytes) return 'not-a-uimage'
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  if (view.getUint32(0) !== 0x27051956) return 'not-a-uimage'
  const header = bytes.slice(0, headerBytes)
  // Its own CRC counts as zero.
  header.fill(0, 4, 8)
  if (crc32(header) !== view.getUint32(4)) return 'damaged-header'
  const lengthBytes = headerBytes + view.getUint32(12)
  if (lengthBytes > bytes.length) return 'cut-off'
  if (crc32(bytes.subarray(headerBytes, lengthBytes)) !== view.getUint32(24)) return 'damaged-contents'
  const name = Array.from(header.subarray(32), (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '\0')).join('').split('\0')[0] ?? ''
  return { kind: 'uimage', name, loadAddress: view.getUint32(16), lengthBytes }
}
