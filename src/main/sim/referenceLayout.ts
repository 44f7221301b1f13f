import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from '../../shared/bytes/crc32.ts'
import { ubootVersion } from './bootText.ts'
import { defaultEnvironment, type Environment, encodeEnvironment, environmentBytes, environmentOffset, layoutOf } from './environment.ts'
import { blockBytes, type NorFlash } from './memory.ts'
import { denseBytes, fillDense } from './timing.ts'

const payloadBytes = 236_195
const splBytes = 17_408
const kernelBytes = 2_055_676
const bootPartitionBytes = 256 * 1024
const rootfsImageBytes = 4272 * 1024

/** Not a U-Boot: text, noise, and the one mark that tells where its first stage would end. */
export function standInUboot(version: string): Uint8Array {
  const bytes = denseBytes(payloadBytes, seedOf(version))
  // Before the mark nothing may look like another one, so there is only text.
  const sentence = new TextEncoder().encode(`Rackbench simulator stand-in for U-Boot, ${version}. It runs on simulated cameras only. `)
  for (let at = 0; at < splBytes; at += 1) bytes[at] = sentence[at % sentence.length] ?? 0
  bytes.set([0x1f, 0x8b, 0x08, 0x00], splBytes)
  return bytes
}

/** A legacy image whose two checksums are right, made in the place where it shall lie. */
export function putKernel(image: Uint8Array, seed: number, name: string): Uint8Array {
  fillDense(image, seed)
  const view = new DataView(image.buffer, image.byteOffset, 64)
  image.fill(0, 0, 64)
  view.setUint32(0, 0x27051956)
  view.setUint32(8, 0x6820c3f8)
  view.setUint32(12, image.length - 64)
  view.setUint32(16, 0x40008000)
  view.setUint32(20, 0x40008000)
  view.setUint32(24, crc32(image.subarray(64)))
  image.set([5, 2, 2, 0], 28)
  image.set(new TextEncoder().encode(name.slice(0, 31)), 32)
  view.setUint32(4, crc32(image.subarray(0, 64)))
  return image
}

function putRootfs(image: Uint8Array, seed: number): Uint8Array {
  fillDense(image, seed)
  image.set(new TextEncoder().encode('hsqs'))
  return image
}

const seedOf = (text: string): number => crc32(new TextEncoder().encode(text))

const padded = (bytes: Uint8Array, lengthBytes: number): Uint8Array => {
  const whole = new Uint8Array(lengthBytes).fill(0xff)
  whole.set(bytes)
  return whole
}

const environmentImage = (chip: string, flashMb: number, mac: string): Uint8Array => {
  const variables: Environment = defaultEnvironment(chip, flashMb)
  variables.set('ethaddr', mac)
  return encodeEnvironment(variables) ?? new Uint8Array()
}

export interface LayoutImage {
  readonly name: string
  readonly bytes: Uint8Array
}

/** The published 16 MiB layout: 256, 64, 3072 and 4272 KiB. Always the same bytes, and a camera boots them. */
export function referenceLayoutImages(): readonly LayoutImage[] {
  return [
    { name: 'mtd0', bytes: padded(standInUboot('reference image'), bootPartitionBytes) },
    { name: 'mtd1', bytes: environmentImage('hi3516ev300', 16, '02:52:42:00:10:01') },
    { name: 'mtd2', bytes: padded(putKernel(new Uint8Array(kernelBytes), 0x6b65726e, 'Linux-4.9.37-hi3516ev300'), layoutOf(16).kernelBytes) },
    { name: 'mtd3', bytes: putRootfs(new Uint8Array(rootfsImageBytes), 0x726f6f74) },
  ]
}

/** Writes them as files into a folder that is made when it is not there. */
export async function writeReferenceLayout(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const { name, bytes } of referenceLayoutImages()) await writeFile(join(folder, name), bytes)
}

/** What a camera that comes to the rack holds: an older system that boots, unlike the reference images everywhere. */
export function fillWithOldSystem(flash: NorFlash, chip: string, serial: number): void {
  const total = flash.cells.length
  const flashMb = total / 1024 / 1024
  const { kernelOffset, rootfsOffset } = layoutOf(flashMb)
  const mac = `02:52:42:00:00:${(serial & 0xff).toString(16).padStart(2, '0')}`
  // Straight into the cells: faults of the programming are not for the past, and a rack of twelve need not hold it twice.
  // A chip that is far too small takes what fits.
  const place = (offset: number, lengthBytes: number): Uint8Array => flash.cells.subarray(offset, offset + lengthBytes)
  place(0, payloadBytes).set(standInUboot(`old system of camera ${serial}: ${ubootVersion}`).subarray(0, total))
  if (total < rootfsOffset + blockBytes) return
  place(environmentOffset, environmentBytes).set(environmentImage(chip, flashMb, mac))
  putKernel(place(kernelOffset, kernelBytes), 1000 + serial, `Linux-4.9.37-${chip}`)
  putRootfs(place(rootfsOffset, 4 * 1024 * 1024), 2000 + serial)
}
