import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type DumpRequest, dumpRequestSchema } from '../../src/shared/dump/dump.schema.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { describeWithPeer } from './peerGate.ts'
import { hasQemu } from './qemuCamera.ts'
import { bootableImage, openRestoreBench, type RestoreBench } from './restoreBench.ts'
import { findUbootImages } from './uboot/ubootImages.ts'

const images = findUbootImages() ?? { good: '', miswriting: '' }
const missing = [...(hasQemu() ? [] : ['qemu-system-arm']), ...(images.good === '' ? ['the built U-Boot (test/peers/uboot/build.sh)'] : [])]
const { signal } = new AbortController()
const mtdparts = 'spi:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)'

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-dump-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  return folder
}

async function dump({ workbench, pod }: RestoreBench, outputPath: string, more: Partial<DumpRequest> = {}): Promise<Job> {
  const request = dumpRequestSchema.parse({ cameraId: pod.cameraId, outputPath, hostIp: '10.0.2.2', deviceIp: '10.0.2.15', ...more })
  const plan = await workbench.dumps.plan(request, signal)
  expect(plan.refusals).toEqual([])
  const id = await workbench.dumps.start(request, plan.hash, signal)
  for await (const event of workbench.jobs.events(id, 0, signal)) void event
  return workbench.jobs.get(id)
}

/** A flash with random content behind the U-Boot that runs from it. */
async function openFullBench(): Promise<RestoreBench> {
  return openRestoreBench(images.good, await bootableImage(images.good, 7))
}

describeWithPeer('a dump through a real U-Boot', missing, () => {
  test('16 MiB by tftpput equal the flash, byte for byte', async () => {
    const bench = await openFullBench()
    const outputPath = join(await makeFolder(), 'flash.bin')
    const job = await dump(bench, outputPath, { via: 'tftp', form: 'image' })
    expect(job.error).toBeUndefined()
    expect(job).toMatchObject({ verdict: 'dumped and verified', dumped: [{ lengthBytes: 16 * 1024 * 1024 }] })
    expect((await readFile(outputPath)).equals(await bench.flash())).toBe(true)
  })

  test('a folder by a given table, and the restore of it writes nothing', async () => {
    const bench = await openFullBench()
    const outputPath = join(await makeFolder(), 'dump')
    const job = await dump(bench, outputPath, { mtdparts })
    expect(job.verdict).toBe('dumped and verified')
    expect(await readdir(outputPath)).toEqual(['dump.json', 'mtd0', 'mtd1', 'mtd2', 'mtd3', 'mtd4'])
    const flash = await bench.flash()
    for (const { path, offsetBytes, lengthBytes } of job.dumped) expect((await readFile(path)).equals(flash.subarray(offsetBytes, offsetBytes + lengthBytes))).toBe(true)
    const plan = await bench.plan(outputPath)
    expect(plan.refusals).toEqual([])
    const id = await bench.start(plan)
    const stop = bench.workbench.jobs.listen((told, event) => { if (event.type === 'phase-started' && event.phase === 'reset') bench.workbench.jobs.cancel(told.id) })
    const restored = await bench.end(id)
    stop()
    expect(new Set(restored.partitions.map(({ action }) => action))).toEqual(new Set(['unchanged']))
  })

  test('64 KiB by md, as this U-Boot prints them', async () => {
    const bench = await openFullBench()
    const outputPath = join(await makeFolder(), 'dump')
    const job = await dump(bench, outputPath, { via: 'md', mtdparts: 'spi:64k@0x123000(piece)' })
    expect(job.error).toBeUndefined()
    expect(job.phases.find(({ name }) => name === 'read')?.note).toContain('64 KiB printed')
    expect((await readFile(join(outputPath, 'mtd0'))).equals((await bench.flash()).subarray(0x123000, 0x133000))).toBe(true)
  })
})
