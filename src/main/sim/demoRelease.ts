import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { gzipSync } from 'node:zlib'
import { putKernel } from './referenceLayout.ts'
import { fillDense } from './timing.ts'

const kernelBytes = 1_900_000
const rootfsBytes = 4_100_096

/** What a squashfs says of itself at its start: 4.0, xz, blocks of 128 KiB. */
function putSquashfs(image: Uint8Array, seed: number): Uint8Array {
  fillDense(image, seed)
  const view = new DataView(image.buffer, image.byteOffset, 96)
  image.fill(0, 0, 96)
  image.set(new TextEncoder().encode('hsqs'))
  view.setUint32(12, 131_072, true)
  view.setUint16(20, 4, true)
  view.setUint16(22, 17, true)
  view.setUint16(28, 4, true)
  view.setBigUint64(40, BigInt(image.length), true)
  return image
}

interface Member { readonly name: string; readonly bytes: Uint8Array }

const withSum = ({ name, bytes }: Member): readonly Member[] =>
  [{ name, bytes }, { name: `${name}.md5sum`, bytes: new TextEncoder().encode(`${createHash('md5').update(bytes).digest('hex')}  ${name}\n`) }]

/** One member as `ustar` has it, filled up to whole blocks of 512 bytes. */
function tarMember({ name, bytes }: Member): readonly Uint8Array[] {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  const head = new Uint8Array(512)
  head.set(text(name))
  head.set(text('0000644\0'), 100)
  head.set(text(`${bytes.length.toString(8).padStart(11, '0')}\0`), 124)
  // The sum is taken with blanks in its own place.
  head.set(text('00000000000\0        0'), 136)
  head.set(text('ustar\x0000'), 257)
  head.set(text(`${head.reduce((total, byte) => total + byte, 0).toString(8).padStart(6, '0')}\0 `), 148)
  return [head, bytes, new Uint8Array((512 - (bytes.length % 512)) % 512)]
}

/** A release in the form that OpenIPC publishes, for simulated cameras only: noise with right headers and sums. */
export async function writeDemoRelease(path: string): Promise<void> {
  const kernel = { name: 'uImage.hi3516ev300', bytes: putKernel(new Uint8Array(kernelBytes), 0x64656d6f, 'Linux-5.10.61-hi3516ev300') }
  const rootfs = { name: 'rootfs.squashfs.hi3516ev300', bytes: putSquashfs(new Uint8Array(rootfsBytes), 0x72656c65) }
  const tar = Buffer.concat([...[kernel, rootfs].flatMap(withSum).flatMap(tarMember), new Uint8Array(1024)])
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, gzipSync(tar, { level: 1 }))
}
