import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { encodeEnvironmentBlock, parseEnvironmentBlock } from '../../src/main/protocols/uboot/environmentBlock.ts'
import { type InstallRequest, installRequestSchema } from '../../src/shared/install/install.schema.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { type FixtureMember, norRelease } from '../support/releaseFixture.ts'
import { buildTar } from '../support/tarBuilder.ts'
import { describeWithPeer } from './peerGate.ts'
import { hasQemu } from './qemuCamera.ts'
import { bootableImage, endWithRestarts, openRestoreBench, type RestoreBench } from './restoreBench.ts'
import { findUbootImages } from './uboot/ubootImages.ts'

const images = findUbootImages() ?? { good: '', miswriting: '' }
const missing = [...(hasQemu() ? [] : ['qemu-system-arm']), ...(images.good === '' ? ['the built U-Boot (test/peers/uboot/build.sh)'] : [])]
const { signal } = new AbortController()
const offset = 0x40000
const lengthBytes = 0x10000

/** What is in the flash of a camera that has lived: an address of its own, settings of its owner, and what its U-Boot boots by. */
const own: ReadonlyMap<string, string> = new Map([
  ['bootcmd', 'echo the old system'], ['bootcmdnor', 'sf probe 0; sf read ${baseaddr} 0x50000 0x300000; bootm ${baseaddr}'], ['bootdelay', '3'],
  ['ethaddr', '00:12:31:aa:bb:cc'], ['ipaddr', '192.168.1.10'], ['owner', 'a \\ b  '], ['two', 'one\ntwo'],
])

const nothing: FixtureMember = { name: '', bytes: Uint8Array.of(1) }

interface Camera extends RestoreBench {
  install(more?: Partial<InstallRequest>): Promise<Job>
  environment(): Promise<ReadonlyMap<string, string>>
}

async function openCamera(members: readonly FixtureMember[], variables = own): Promise<Camera> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-install-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const releasePath = join(folder, 'release.tgz')
  await writeFile(releasePath, gzipSync(buildTar(members)))
  const flash = await bootableImage(images.good, 5)
  flash.set(encodeEnvironmentBlock(variables, lengthBytes), offset)
  const bench = await openRestoreBench(images.good, flash)
  return {
    ...bench,
    install: async (more) => {
      const request = installRequestSchema.parse({ cameraId: bench.pod.cameraId, releasePath, norMib: 16, boot: 'own', ubootPath: images.good, tftpVia: 'host', hostIp: '10.0.2.2', deviceIp: '10.0.2.15', ...more })
      const plan = await bench.workbench.installs.plan(request, signal)
      expect(plan.refusals).toEqual([])
      return endWithRestarts(bench, await bench.workbench.installs.start(request, plan.hash, signal))
    },
    environment: async () => {
      const found = parseEnvironmentBlock((await bench.flash()).subarray(offset, offset + lengthBytes))
      if (typeof found === 'string') throw new Error(found)
      return found.variables
    },
  }
}

describeWithPeer('an installation through a real U-Boot', missing, () => {
  test('every byte and every variable is in flash, and those of the owner are as they were', async () => {
    const members = norRelease('hi3516a', 200_000, 1_500_000)
    const camera = await openCamera(members)
    const job = await camera.install()
    expect(job).toMatchObject({ verdict: 'installed, boot not seen', error: { code: 'device/not-booted' }, environment: { state: 'proved', mac: { address: '00:12:31:aa:bb:cc', reason: 'kept' } } })
    expect(job.partitions.map(({ state }) => state)).toEqual(['proved', 'proved', 'proved'])
    const flash = await camera.flash()
    const uboot = await readFile(images.good)
    expect(flash.subarray(0, uboot.length).equals(uboot)).toBe(true)
    expect(flash.subarray(uboot.length, offset).every((byte) => byte === 0xff)).toBe(true)
    for (const [place, { bytes }] of [[0x50000, members[0] ?? nothing], [0x350000, members[2] ?? nothing]] as const) expect(flash.subarray(place, place + bytes.length).equals(bytes)).toBe(true)
    const found = await camera.environment()
    for (const name of ['bootcmdnor', 'ethaddr', 'ipaddr', 'owner', 'two', 'bootdelay']) expect([name, found.get(name)]).toEqual([name, own.get(name)])
    expect(found.get('bootcmd')).toBe(own.get('bootcmdnor'))
    expect(found.get('mtdparts')).toBe('hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)')
    for (const name of ['serverip', 'tftpdstp', 'filesize', 'fileaddr']) expect(found.has(name)).toBe(false)
  })

  test.each([['its own', new Map([...own].filter(([name]) => name !== 'bootcmdnor')), {}], ['the defaults of this U-Boot', own, { wipeEnv: true }]] as const)('%s cannot boot the new system: it stops before anything is written', async (_, variables, more) => {
    const camera = await openCamera(norRelease('hi3516a'), variables)
    const before = await camera.flash()
    const job = await camera.install(more)
    expect(job).toMatchObject({ verdict: 'failed (state known)', error: { code: 'device/refused', message: expect.stringContaining('bootcmdnor') as unknown } })
    expect((await camera.flash()).equals(before)).toBe(true)
  })

  test('the address that every camera has is replaced by one of its own', async () => {
    const camera = await openCamera(norRelease('hi3516a'), new Map([...own, ['ethaddr', '00:00:23:34:45:66']]))
    const job = await camera.install()
    expect(job).toMatchObject({ verdict: 'installed, boot not seen', environment: { state: 'proved', mac: { reason: 'compiled-in' } } })
    const address = (await camera.environment()).get('ethaddr')
    expect(address).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/)
    expect(address).toBe(job.environment?.mac.address)
  })
})
