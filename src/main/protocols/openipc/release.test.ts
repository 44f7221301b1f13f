import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildSquashfs, buildUbifs, buildUbiRootfs, buildUimage, type FixtureMember, md5Hex, md5sumOf, nandRelease, norRelease } from '../../../../test/support/releaseFixture.ts'
import { parseKernelImage } from './kernelImage.ts'
import { readRelease } from './release.ts'

const tools = { md5Hex }
const without = (members: readonly FixtureMember[], ending: string): FixtureMember[] => members.filter(({ name }) => !name.endsWith(ending))
const withBytes = (members: readonly FixtureMember[], start: string, change: (bytes: Uint8Array) => Uint8Array): FixtureMember[] =>
  members.flatMap((each) => {
    if (!each.name.startsWith(start)) return [each]
    return each.name.endsWith('.md5sum') ? [] : [{ name: each.name, bytes: change(each.bytes) }]
  })
const refusal = (members: readonly FixtureMember[]): unknown => {
  try { return readRelease(members, tools) } catch (error) { return error }
}
const refused = (code: string, message: RegExp): unknown => expect.objectContaining({ name: 'WorkbenchError', code, message: expect.stringMatching(message) as unknown })

describe('what is right', () => {
  test('a NOR release', () => {
    expect(readRelease(norRelease(), tools)).toMatchObject({
      kind: 'nor', soc: 'hi3516ev300', kernelName: 'Linux-4.9.37', kernel: { name: 'uImage.hi3516ev300', md5: 'matches' },
      rootfs: { name: 'rootfs.squashfs.hi3516ev300', md5: 'matches' }, rootfsKind: 'squashfs', ubi: undefined, warnings: [],
    })
  })

  test('a NAND release gives the file system out of its UBI', () => {
    const found = readRelease(nandRelease(), tools)
    expect(found).toMatchObject({ kind: 'nand', soc: 'hi3516av200', rootfsKind: 'ubifs-in-ubi', ubi: { eraseBytes: 131_072, volumeName: 'rootfs' }, warnings: [] })
    expect(Buffer.compare(found.rootfsBytes, buildUbifs(4))).toBe(0)
    expect(readRelease(nandRelease('hi3516av200', buildSquashfs(300_000)), tools)).toMatchObject({ rootfsKind: 'squashfs-in-ubi', fileSystem: { usedBytes: 300_000 } })
  })

  test('a checksum that is not there is said, not guessed', () => {
    expect(readRelease(without(norRelease(), 'md5sum'), tools)).toMatchObject({
      kernel: { md5: 'not-there' }, rootfs: { md5: 'not-there' }, warnings: ['There is no checksum for uImage.hi3516ev300', 'There is no checksum for rootfs.squashfs.hi3516ev300'],
    })
  })

  test('names without a chip, and files that nobody needs', () => {
    expect(readRelease([{ name: 'uImage', bytes: buildUimage(500) }, { name: 'rootfs.squashfs', bytes: buildSquashfs(500) }, { name: 'README', bytes: new Uint8Array(3) }], tools)).toMatchObject({
      soc: undefined, warnings: ['README is not used', 'There is no checksum for uImage', 'There is no checksum for rootfs.squashfs', 'The file names do not tell the chip, so nothing shows that this release is for it'],
    })
  })
})

const nor = norRelease()
const swap = (from: Uint8Array, at: number): Uint8Array => { const bytes = from.slice(); bytes[at] = (bytes[at] ?? 0) ^ 1; return bytes }

test.each<[string, readonly FixtureMember[], string, RegExp]>([
  ['no kernel', nor.slice(2), 'input/not-found', /^The release holds no kernel/],
  ['no root', nor.slice(0, 2), 'input/not-found', /^The release holds no root/],
  ['nothing', [], 'input/not-found', /no kernel/],
  ['two kernels', [...nor, { name: 'uImage.hi3518ev300', bytes: buildUimage(9) }], 'input/conflict', /more than one kernel.*uImage.hi3516ev300, uImage.hi3518ev300/],
  ['two roots', [...nor, { name: 'rootfs.ubi.hi3516ev300', bytes: buildUbiRootfs(buildUbifs(2)) }], 'input/conflict', /more than one root/],
  ['a kernel in a folder', nor.map((each) => ({ ...each, name: `x/${each.name}` })), 'input/not-found', /no kernel/],
  ['an empty kernel', [{ name: 'uImage.hi3516ev300', bytes: new Uint8Array() }, ...nor.slice(2)], 'input/malformed', /is empty/],
  ['wrong checksum', [{ name: nor[0]!.name, bytes: swap(nor[0]!.bytes, 900) }, ...nor.slice(1)], 'input/malformed', /^uImage.hi3516ev300 does not match its checksum: [0-9a-f]{32} instead of/],
  ['a checksum that is none', [nor[0]!, { name: nor[1]!.name, bytes: new TextEncoder().encode('<html>') }, ...nor.slice(2)], 'input/malformed', /holds no MD5/],
  ['parts of two chips', [...nor.slice(0, 2), ...norRelease('hi3518ev300').slice(2)], 'input/conflict', /kernel is for hi3516ev300 and the root file system for hi3518ev300/],
  ['kernel header', withBytes(nor, 'uImage', (bytes) => swap(bytes, 20)), 'input/malformed', /damaged header/],
  ['kernel contents', withBytes(nor, 'uImage', (bytes) => swap(bytes, 5000)), 'input/malformed', /its checksum is wrong/],
  ['kernel cut off', withBytes(nor, 'uImage', (bytes) => bytes.subarray(0, 5000)), 'input/malformed', /is cut off/],
  ['no kernel at all', withBytes(nor, 'uImage', () => new Uint8Array(500)), 'input/malformed', /not a U-Boot kernel image/],
  ['squashfs cut off', withBytes(nor, 'rootfs', (bytes) => bytes.subarray(0, 40_000)), 'input/malformed', /is cut off: its squashfs has 50000 bytes and the file 40000/],
  ['squashfs that is none', withBytes(nor, 'rootfs', () => new Uint8Array(500)), 'input/malformed', /neither squashfs nor UBIFS/],
  ['UBI under another name', withBytes(nor, 'rootfs', () => buildUbiRootfs(buildUbifs(2))), 'input/malformed', /is a UBI image, which its name does not say/],
  ['UBI by name only', withBytes(nandRelease(), 'rootfs', () => buildSquashfs(500)), 'input/malformed', /is not a UBI image/],
  ['UBI with a damaged block', withBytes(nandRelease(), 'rootfs', (bytes) => swap(bytes, 3 * 131_072 + 2048 + 15)), 'input/malformed', /damaged. Block 3 has no readable volume header/],
  ['UBI without a block in the middle', withBytes(nandRelease(), 'rootfs', (bytes) => { const hurt = bytes.slice(); hurt.fill(0xff, 3 * 131_072, 4 * 131_072); return hurt }), 'input/malformed', /1 blocks of its volume are missing/],
  ['UBI cut off at a block', withBytes(nandRelease(), 'rootfs', (bytes) => bytes.subarray(0, bytes.length - 131_072)), 'input/malformed', /its UBIFS has 4 blocks and 3 are there/],
  ['UBI with something else', withBytes(nandRelease(), 'rootfs', () => buildUbiRootfs(new Uint8Array(9000).fill(7))), 'input/malformed', /neither squashfs nor UBIFS/],
])('%s is refused', (_, members, code, message) => { expect(refusal(members)).toEqual(refused(code, message)) })

test('any contents give a release or our own error', () => {
  const name = fc.constantFrom('uImage', 'uImage.a1', 'uImage.a1.md5sum', 'rootfs.squashfs.a1', 'rootfs.ubi.a1', 'rootfs.squashfs.a1.md5sum', 'x')
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(buildUimage(100), buildSquashfs(200), buildUimage(100).subarray(0, 90)))
  fc.assert(fc.property(fc.array(fc.record({ name, bytes }), { maxLength: 6 }), (members) => {
    const found = refusal(members)
    if (found instanceof Error) expect(found.name).toBe('WorkbenchError')
  }))
})

test('kernel images: any cut is noticed', () => {
  const image = buildUimage(300, 'x'.repeat(32))
  expect(parseKernelImage(image)).toEqual({ kind: 'uimage', name: 'x'.repeat(32), loadAddress: 0x40008000, lengthBytes: 364 })
  fc.assert(fc.property(fc.nat(363), (length) => { expect(typeof parseKernelImage(image.subarray(0, length))).toBe('string') }))
  expect(md5sumOf({ name: 'a', bytes: new Uint8Array() }).bytes).toEqual(new TextEncoder().encode('d41d8cd98f00b204e9800998ecf8427e  a\n'))
})
