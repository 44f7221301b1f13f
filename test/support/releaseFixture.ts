import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { buildSquashfsSuperblock, buildUbifsSuperblock, buildUbiImage, type TestGeometry } from './ubiBuilder.ts'

export interface FixtureMember {
  readonly name: string
  readonly bytes: Uint8Array
}

export const md5Hex = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
export const md5sumOf = ({ name, bytes }: FixtureMember): FixtureMember => ({ name: `${name}.md5sum`, bytes: new TextEncoder().encode(`${md5Hex(bytes)}  ${name}\n`) })
export const fixtureNoise = (lengthBytes: number): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 13 + (index >> 8)) & 0x7f)

/** U-Boot's legacy image with both checksums right. */
export function buildUimage(contentBytes: number, name = 'Linux-4.9.37'): Uint8Array {
  const image = new Uint8Array(64 + contentBytes)
  image.set(fixtureNoise(contentBytes), 64)
  const view = new DataView(image.buffer)
  view.setUint32(0, 0x27051956)
  view.setUint32(12, contentBytes)
  view.setUint32(16, 0x40008000)
  view.setUint32(24, crc32(image.subarray(64)))
  image.set(new TextEncoder().encode(name), 32)
  view.setUint32(4, crc32(image.subarray(0, 64)))
  return image
}

export function buildSquashfs(lengthBytes: number): Uint8Array {
  const bytes = fixtureNoise(lengthBytes)
  bytes.set(buildSquashfsSuperblock(lengthBytes))
  return bytes
}

export const ubifsLebBytes = 128 * 1024 - 4096
export function buildUbifs(lebs: number, lebBytes = ubifsLebBytes): Uint8Array {
  const bytes = fixtureNoise(lebs * lebBytes)
  bytes.set(buildUbifsSuperblock(lebBytes, lebs, 800))
  return bytes
}

export const buildUbiRootfs = (data: Uint8Array, name = 'rootfs', geometry: Partial<TestGeometry> = {}): Uint8Array =>
  buildUbiImage([{ id: 0, name, kind: 'dynamic', data, reservedBlocks: 900 }], { eraseBytes: 128 * 1024, ...geometry })

export function norRelease(soc = 'hi3516ev300', kernelBytes = 20_000, rootfsBytes = 50_000): readonly FixtureMember[] {
  const kernel = { name: `uImage.${soc}`, bytes: buildUimage(kernelBytes) }
  const rootfs = { name: `rootfs.squashfs.${soc}`, bytes: buildSquashfs(rootfsBytes) }
  return [kernel, md5sumOf(kernel), rootfs, md5sumOf(rootfs)]
}

export function nandRelease(soc = 'hi3516av200', data: Uint8Array = buildUbifs(4), geometry: Partial<TestGeometry> = {}): readonly FixtureMember[] {
  const kernel = { name: `uImage.${soc}`, bytes: buildUimage(20_000) }
  const rootfs = { name: `rootfs.ubi.${soc}`, bytes: buildUbiRootfs(data, 'rootfs', geometry) }
  return [kernel, md5sumOf(kernel), rootfs, md5sumOf(rootfs)]
}
