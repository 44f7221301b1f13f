import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWorkbench } from '../../src/main/composition/createWorkbench.ts'
import { dumpRequestSchema } from '../../src/shared/dump/dump.schema.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import { hasQemu, qemuFlashBytes, startQemuCamera } from '../peers/qemuCamera.ts'
import { findUbootImages } from '../peers/uboot/ubootImages.ts'
import { freeUdpPort } from '../support/freePort.ts'
import type { BenchRow } from './row.ts'

/** The best of them counts: the emulator needs a processor for itself, and does not always get one. */
const rounds = 5
const never = new AbortController().signal

interface Seen {
  readonly job: Job
  /** From the first byte that arrived to the last. */
  readonly sendingMs: number
}

async function dumpOnce(dir: string, uboot: string): Promise<Seen> {
  const flashFile = join(dir, 'flash.bin')
  const flash = Buffer.alloc(qemuFlashBytes)
  // Nothing compresses it and nothing of it is erased; what lies in it is of no matter.
  for (let at = 0; at < flash.length; at += 4) flash.writeUInt32LE(Math.imul(at + 1, 2_654_435_761) >>> 0, at)
  flash.fill(0xff, 0x40000, 0x50000)
  flash.set(await readFile(uboot))
  await writeFile(flashFile, flash)
  const camera = await startQemuCamera({ uboot, flashFile, dir, signal: never })
  const workbench = await createWorkbench({
    host: 'cli', version: 'bench', dataFolder: join(dir, 'data'), homeFolder: dir, tftpPort: await freeUdpPort(),
    resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
  }, { ask: async () => camera.reset() })
  try {
    const pod = workbench.setup.addForNow({ url: `tcp://127.0.0.1:${camera.consolePort}`, name: 'qemu', cameraName: 'qemu', chip: 'hi3516a' })
    const outputPath = join(dir, 'dump.bin')
    const request = dumpRequestSchema.parse({ cameraId: pod.cameraId, outputPath, form: 'image', via: 'tftp', hostIp: '10.0.2.2', deviceIp: '10.0.2.15' })
    const plan = await workbench.dumps.plan(request, never)
    const id = await workbench.dumps.start(request, plan.hash, never)
    const times: number[] = []
    const stop = workbench.jobs.listen((_job, event) => {
      if (event.type === 'phase-progressed' && event.step.startsWith('sending')) times.push(performance.now())
      if (event.type === 'phase-finished' && event.phase === 'read') times.push(performance.now())
    })
    for await (const event of workbench.jobs.events(id, 0, never)) void event
    stop()
    const job = workbench.jobs.get(id)
    if (job.verdict !== 'dumped and verified') throw new Error(`the dump ended as ${job.verdict ?? job.state}: ${job.error?.message ?? ''}`)
    if (!(await readFile(outputPath)).equals(flash)) throw new Error('the dump is not the flash')
    return { job, sendingMs: (times.at(-1) ?? Number.NaN) - (times[0] ?? Number.NaN) }
  } finally {
    await workbench.close()
    await camera.stop()
  }
}

/** 16 MiB of flash through the real U-Boot of the emulated board, every byte compared with the flash file. Without QEMU there are no rows, and it says so. */
export async function dumpRows(): Promise<BenchRow[]> {
  const images = findUbootImages()
  if (!hasQemu() || !images) {
    process.stderr.write(`no dump rows: ${hasQemu() ? 'the U-Boot of test/peers/uboot/build.sh' : 'qemu-system-arm'} is not on this machine\n`)
    return []
  }
  const dir = await mkdtemp(join(tmpdir(), 'rackbench-dump-'))
  try {
    let best: Seen | undefined
    for (let round = 0; round < rounds; round += 1) {
      const folder = join(dir, String(round))
      await mkdir(folder)
      const seen = await dumpOnce(folder, images.good)
      if (!best || seen.sendingMs < best.sendingMs) best = seen
    }
    if (!best) return []
    const { job, sendingMs } = best
    const megabytes = qemuFlashBytes / 1_000_000
    const rate = megabytes / (sendingMs / 1000)
    const readMs = job.phases.find(({ name }) => name === 'read')?.elapsedMs ?? Number.NaN
    return [
      { name: 'dump of 16 MiB by tftpput, from the first byte until all was compared', value: rate, unit: 'MB/s', goal: '>= 10', ok: rate >= 10 },
      { name: 'the same with both readings of the flash and the camera\'s CRC', value: readMs / 1000, unit: 's', goal: 'told', ok: true },
    ]
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
