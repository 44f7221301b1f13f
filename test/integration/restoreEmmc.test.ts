import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { inputLimitBytes, readRestoreInput } from '../../src/main/drivers/files/inputFolder.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { createRig, type Rig, type RigOptions, type RigRequest } from '../support/restoreRig.ts'

let rig: Rig | undefined
afterEach(async () => { await rig?.close(); rig = undefined })
const open = (options: RigOptions): Rig => (rig = createRig(options))

const mtdparts = 'mmc:512k(boot),512k@0x80000(env),4096k(kernel),-(rootfs)'
const images = [{ name: 'mtd0', bytes: denseBytes(300_001, 1) }, { name: 'mtd2', bytes: denseBytes(1_000_000, 2) }, { name: 'mtd3', bytes: denseBytes(9_000_003, 3) }]
const places = [0, 0x100000, 0x500000]
const request: RigRequest = { images, request: { flashType: 'emmc', mtdparts, tftpVia: 'pod' } }
const holds = (opened: Rig): boolean => images.every(({ bytes }, index) => Buffer.compare(opened.pod.camera.emmc?.read(places[index] ?? 0, bytes.length) ?? new Uint8Array(), bytes) === 0)

test.each(['emmc', 'emmc-vendor'] as const)('%s: in blocks, read back, boot last', async (secondFlash) => {
  const opened = open({ secondFlash })
  const job = await opened.restore(request)
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(job.partitions.every(({ state, crc32, readBackCrc32 }) => state === 'proved' && crc32 === readBackCrc32)).toBe(true)
  expect(job.partitions.at(-1)?.name).toBe('mtd0')
  expect(holds(opened)).toBe(true)
  const { commands } = opened.pod.camera
  // It would widen its range to whole erase groups.
  expect(commands.filter((line) => line.startsWith('mmc erase'))).toEqual([])
  for (const line of commands.filter((each) => /^mmc (?:read|write)/.test(each))) expect(line).toMatch(/^mmc (?:read|write) (?:0 )?0x[0-9a-f]+ 0x[0-9a-f]+ 0x[1-9a-f][0-9a-f]*$/)
  const again = await opened.restore(request)
  expect(again.partitions.every(({ state }) => state === 'unchanged')).toBe(true)
})

// Sparse on the disk; in memory it is not.
test.skipIf(inputLimitBytes() < 700 * 1024 * 1024)('a dump of a card beyond 512 MiB is planned in pieces that can be carried, and is in memory once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-card-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const mib = 1024 * 1024
  await writeFile(join(folder, 'mtd0'), denseBytes(300_001, 1))
  await writeFile(join(folder, 'mtd1'), '')
  await truncate(join(folder, 'mtd1'), 640 * mib)
  const heldBefore = process.memoryUsage().arrayBuffers
  const raw = await readRestoreInput(folder, { signal: new AbortController().signal })
  const opened = open({ secondFlash: 'emmc' })
  const { plan, loads } = await opened.prepare({ raw, request: { flashType: 'emmc', mtdparts: 'mmc:512k(boot),-(data)', tftpVia: 'host', hostIp: '192.168.1.10' } })
  const grownBytes = process.memoryUsage().arrayBuffers - heldBefore
  expect(plan.refusals).toEqual([])
  expect(plan.input.totalBytes).toBe(300_001 + 640 * mib)
  expect(plan.partitions.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)).toBe(plan.input.totalBytes)
  expect(Math.max(...loads.map(({ lengthBytes }) => lengthBytes))).toBeLessThanOrEqual(8 * mib)
  expect(plan.partitions.at(-1)).toMatchObject({ name: 'mtd0', isBoot: true })
  expect(grownBytes).toBeLessThan(800 * mib)
}, 60_000)

test('a wrong block is written once more, then failed', async () => {
  const job = await open({ secondFlash: 'emmc', faults: ['flash-page-wrong:0x100000'] }).restore(request)
  expect(job).toMatchObject({ state: 'failed', verdict: 'failed (state known)', error: { code: 'device/wrong-content', context: { partition: 'mtd2' } } })
})

test('read-back-stale proves nothing', async () => {
  const job = await open({ secondFlash: 'emmc', faults: ['read-back-stale'] }).restore(request)
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-content' } })
})

test('what ends behind the chip is refused before anything is written', async () => {
  const opened = open({ secondFlash: 'emmc' })
  const job = await opened.restore({ images: [images[0]!, { name: 'mtd1', bytes: denseBytes(70_000, 4) }], request: { flashType: 'emmc', mtdparts: 'mmc:1m(a),1m@0x6000000(b)', tftpVia: 'pod' } })
  expect(job).toMatchObject({ state: 'failed', error: { code: 'input/too-large' } })
  expect(opened.pod.camera.flashTouched).toBe(false)
})

test('no eMMC there: refused', async () => {
  const job = await open({}).restore(request)
  expect(job).toMatchObject({ state: 'failed', error: { code: 'device/wrong-identity', context: { planned: 'emmc', found: 'nor' } } })
})
