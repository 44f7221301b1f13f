import { attachUbi } from '../../src/main/sim/nandUbi.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import type { Rig } from './restoreRig.ts'

/** The NAND that restores are tested on: what lies where, and how a boot loader reads it. */
const kib = 1024
export const block = 128 * kib
export const lebBytes = 126_976
export const mtdparts = 'hinand:1024k(boot),1024k(env),4096k(kernel),16384k(ubi),1024k(data),-(rest)'
export const at = { boot: 0, env: 8 * block, kernel: 16 * block, ubi: 48 * block, data: 176 * block, rest: 184 * block }
export const boot = denseBytes(250_000, 1)
export const kernel = denseBytes(2_055_676, 2)
export const rootfs = denseBytes(20 * lebBytes, 3)
export const settings = denseBytes(100_000, 4)

type WithNand = { readonly pod: { readonly camera: Pick<Rig['pod']['camera'], 'nand'> } }

export function nandOf({ pod }: WithNand): NonNullable<Rig['pod']['camera']['nand']> {
  if (!pod.camera.nand) throw new Error('no NAND')
  return pod.camera.nand
}
export const same = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0

/** Good blocks in a row, as a boot loader reads them. */
export function readGood(from: Rig, offset: number, length: number): Uint8Array {
  const nand = nandOf(from)
  const whole = new Uint8Array(length)
  for (let done = 0, place = offset; done < length; place += block) {
    if (nand.isBad(place)) continue
    whole.set(nand.read(place, Math.min(block, length - done)), done)
    done += block
  }
  return whole
}
export function volumeOf(from: Rig, name: string, length: number): Uint8Array | undefined {
  const attached = attachUbi(nandOf(from), 'ubi', { offsetBytes: at.ubi, lengthBytes: 16384 * kib })
  const entry = attached?.volumes().find((each) => each.name === name)
  return entry && attached?.read(entry, length)
}
