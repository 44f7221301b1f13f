import { describe, expect, test } from 'vitest'
import socs from '../../../../../resources/soc.json' with { type: 'json' }
import { buildSquashfs, buildUbifs, fixtureNoise, type FixtureMember, md5Hex, nandRelease, norRelease } from '../../../../../test/support/releaseFixture.ts'
import { socCatalogueSchema } from '../../../../shared/devices/deviceProfile.schema.ts'
import { fitCheck } from '../../../protocols/mtdparts/fitCheck.ts'
import { parseMtdparts } from '../../../protocols/mtdparts/parser.ts'
import { type OpenIpcRelease, readRelease } from '../../../protocols/openipc/release.ts'
import { bootSettingsFor, installLayouts, type InstallWish, layoutForFlash, placeRelease } from './installLayout.ts'

const mib = 1024 * 1024
const catalogue = new Map(socCatalogueSchema.parse(socs).map((soc) => [soc.name, soc]))
const chip = (name: string): InstallWish['soc'] => catalogue.get(name)!
const read = (members: readonly FixtureMember[]): OpenIpcRelease => readRelease(members, { md5Hex })
const norWish = (more: Partial<InstallWish> = {}): InstallWish => ({
  layout: installLayouts.nor16, flash: { kind: 'nor', lengthBytes: 16 * mib, eraseBytes: 65_536 }, soc: chip('hi3516ev300'), release: read(norRelease()), uboot: fixtureNoise(236_195), ...more,
})
const nandWish = (more: Partial<InstallWish> = {}): InstallWish => ({
  layout: installLayouts.nand, flash: { kind: 'nand', lengthBytes: 128 * mib, eraseBytes: 131_072 }, soc: chip('hi3516av200'), release: read(nandRelease()), uboot: fixtureNoise(300_000), ...more,
})

const withRoot = ({ release }: InstallWish, lengthBytes: number): OpenIpcRelease => ({ ...release, rootfsBytes: new Uint8Array(lengthBytes) })

describe('layouts', () => {
  test.each(Object.values(installLayouts))('$name is without a gap and says the same in its mtdparts', (layout) => {
    const areas = [layout.boot, layout.env, layout.kernel, layout.rootfs]
    const parts = parseMtdparts(layout.mtdparts)
    expect(areas.map(({ offsetBytes }) => offsetBytes)).toEqual(parts.slice(0, 4).map(({ offsetBytes }) => offsetBytes))
    expect(areas.slice(0, 3).map(({ lengthBytes }) => lengthBytes)).toEqual(parts.slice(0, 3).map(({ lengthBytes }) => lengthBytes))
    expect(fitCheck(parts, layout.flashBytes, layout.eraseBytes)).toEqual([])
  })

  test.each([['nor8', 0x250000, 0x500000], ['nor16', 0x350000, 0xa00000], ['nor32', 0x350000, 0x1800000], ['nand', 0xa00000, 0x7600000]] as const)('%s: root file system at its place', (name, offsetBytes, lengthBytes) => {
    expect(installLayouts[name].rootfs).toEqual({ name: 'rootfs', offsetBytes, lengthBytes })
  })

  test('the largest that fits the chip', () => {
    expect([8, 12, 16, 32, 64].map((size) => layoutForFlash('nor', size * mib).name)).toEqual(['nor8', 'nor8', 'nor16', 'nor32', 'nor32'])
    expect(layoutForFlash('nand', 256 * mib).name).toBe('nand')
    for (const [kind, size] of [['nor', 4], ['nand', 64], ['nor', 0]] as const) expect(() => layoutForFlash(kind, size * mib)).toThrow(expect.objectContaining({ code: 'input/not-supported' }))
  })
})

describe('a release at its place', () => {
  test('NOR: the boot loader is filled up, the rest is raw', () => {
    const { parts, warnings } = placeRelease(norWish())
    expect(parts.map(({ area, bytes, writeAs }) => [area.name, bytes.length, writeAs])).toEqual([['boot', 0x40000, 'raw'], ['kernel', 20_064, 'raw'], ['rootfs', 50_000, 'raw']])
    expect([parts[0]?.bytes[236_194], parts[0]?.bytes[236_195]]).toEqual([fixtureNoise(236_195)[236_194], 0xff])
    expect(warnings).toEqual([])
  })

  test('NAND: the file system goes into a volume, and never raw', () => {
    expect(placeRelease(nandWish()).parts.map(({ bytes, writeAs }) => [bytes.length, writeAs])).toEqual([[mib, 'raw'], [20_064, 'raw'], [buildUbifs(4).length, 'ubi-volume']])
    const fromNor = placeRelease(nandWish({ release: read(norRelease('hi3516av200')) }))
    expect(fromNor.parts[2]?.writeAs).toBe('ubi-volume')
    expect(fromNor.warnings).toEqual(['rootfs.squashfs.hi3516av200 was built for NOR flash; it goes into a UBI volume'])
  })

  test('a partition may be full to the last byte', () => {
    const full = (more: number): InstallWish => norWish({
      layout: installLayouts.nor8, flash: { kind: 'nor', lengthBytes: 8 * mib, eraseBytes: 65_536 }, release: read(norRelease('hi3516ev300', 2 * mib - 64 + more, 5 * mib)),
    })
    expect(placeRelease(full(0)).parts[1]?.bytes).toHaveLength(2 * mib)
    expect(() => placeRelease(full(1))).toThrow(expect.objectContaining({ code: 'input/too-large', message: 'uImage.hi3516ev300 needs 2097153 bytes and the kernel partition has 2097152' }))
  })

  test('UBI needs some blocks for itself', () => {
    expect(placeRelease(nandWish({ release: withRoot(nandWish(), 921 * 126_976) })).parts).toHaveLength(3)
  })

  test('chips that share a boot loader share a release', () => {
    expect(placeRelease(norWish({ soc: chip('gk7205v210'), release: read(norRelease('gk7205v200')) })).parts).toHaveLength(3)
    expect(placeRelease(norWish({ soc: chip('gk7205v210'), release: read(norRelease('gk7205v210')) })).parts).toHaveLength(3)
  })

  test('squashfs in UBI has no blocks of its own: any will do', () => {
    expect(placeRelease(nandWish({ release: read(nandRelease('hi3516av200', buildSquashfs(70_000), { headerOffset: 512, dataOffset: 2048 })) })).parts).toHaveLength(3)
  })

  test.each<[string, () => InstallWish, string, RegExp]>([
    ['another chip', () => norWish({ soc: chip('hi3516ev200') }), 'input/conflict', /^This release is for hi3516ev300 and the camera has hi3516ev200$/],
    ['a NAND release on NOR', () => norWish({ soc: chip('hi3516av200'), release: read(nandRelease()) }), 'input/conflict', /is for NAND flash and this camera has NOR/],
    ['a NAND layout on NOR', () => norWish({ layout: installLayouts.nand }), 'input/conflict', /^The layout is for NAND flash and this camera has NOR$/],
    ['16 MiB on 8', () => norWish({ flash: { kind: 'nor', lengthBytes: 8 * mib, eraseBytes: 65_536 } }), 'input/too-large', /needs 16 MiB and this camera's flash has 8/],
    ['strange erase blocks', () => norWish({ flash: { kind: 'nor', lengthBytes: 16 * mib, eraseBytes: 262_144 } }), 'input/conflict', /erased in blocks of 262144/],
    ['erase blocks of nothing', () => norWish({ flash: { kind: 'nor', lengthBytes: 16 * mib, eraseBytes: 0 } }), 'input/conflict', /erased in blocks of 0/],
    ['a root that is too large', () => norWish({ release: withRoot(norWish(), 10 * mib + 1) }), 'input/too-large', /the rootfs partition has 10485760/],
    ['a boot loader that is too large', () => norWish({ uboot: new Uint8Array(0x40001) }), 'input/too-large', /U-Boot image needs 262145 bytes and the boot partition has 262144/],
    ['UBI for other blocks', () => nandWish({ flash: { kind: 'nand', lengthBytes: 128 * mib, eraseBytes: 65_536 } }), 'input/conflict', /was made for erase blocks of 131072 bytes and this flash has 65536/],
    ['UBIFS for other logical blocks', () => nandWish({ release: read(nandRelease('hi3516av200', buildUbifs(4, 129_024), { headerOffset: 512, dataOffset: 2048 })) }), 'input/conflict', /^The UBIFS in rootfs\.ubi\.hi3516av200 was made for logical blocks of 129024 bytes, and UBI has 126976 in this layout$/],
    ['a UBI root without room to move', () => nandWish({ release: withRoot(nandWish(), 921 * 126_976 + 1) }), 'input/too-large', /the rootfs partition has 123731968/],
  ])('%s is refused', (_, wish, code, message) => {
    expect(() => placeRelease(wish())).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }))
  })
})

describe('how it starts', () => {
  test('NOR leans on the camera\'s own command', () => {
    expect(bootSettingsFor(installLayouts.nor32, 'squashfs', undefined)).toEqual({
      variables: new Map([['mtdparts', 'hi_sfc:256k(boot),64k(env),3072k(kernel),24576k(rootfs),-(rootfs_data)'], ['bootcmd', '${bootcmdnor}']]), mtdpartsMacro: undefined, needs: ['bootcmdnor'],
    })
    expect([installLayouts.nor8, installLayouts.nor16].map((layout) => bootSettingsFor(layout, 'squashfs', undefined).mtdpartsMacro)).toEqual(['mtdpartsnor8m', 'mtdpartsnor16m'])
  })

  test.each([['ubifs-in-ubi', 'root=ubi0:rootfs rootfstype=ubifs mem='], ['squashfs-in-ubi', 'root=/dev/ubiblock0_0 rootfstype=squashfs ubi.block=0,0 init=/init mem='], ['squashfs', 'root=/dev/ubiblock0_0']] as const)('NAND with %s', (kind, start) => {
    const { variables } = bootSettingsFor(installLayouts.nand, kind, '64M')
    expect(variables.get('bootargs')).toMatch(new RegExp(`^${start}`))
    expect(variables.get('bootargs')).toContain(`mem=64M console=ttyAMA0,115200 panic=20 ubi.mtd=3,2048 mtdparts=${installLayouts.nand.mtdparts}`)
    expect(variables.get('bootcmd')).toBe('nand read ${baseaddr} 0x200000 0x800000\\; bootm ${baseaddr}')
  })

  test.each([undefined, '', '0M', '64', '64M; reset', '99999M'])('memory %j is refused', (memory) => {
    expect(() => bootSettingsFor(installLayouts.nand, 'ubifs-in-ubi', memory)).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  })
})
