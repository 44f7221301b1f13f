import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createWorkbench } from '../../src/main/composition/createWorkbench.ts'
import type { LoopbackRack } from '../../src/main/composition/simulator.ts'
import { restoreRequestSchema } from '../../src/shared/restore/restore.schema.ts'
import type { BenchRow } from './row.ts'

/** The calibrated simulator, this much faster than life. */
const pace = 8
const many = 8
const never = new AbortController().signal

/** One restore, then eight at once, through real sockets against a simulator in another process. */
export async function fleetRows(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-bench-'))
  const sim = spawn(process.execPath, [join(import.meta.dirname, 'simProcess.ts'), join(folder, 'sim'), String(many + 1), String(pace)], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const [line] = await new Promise<[string]>((resolve, reject) => {
      createInterface(sim.stdout).once('line', (text) => { resolve([text]) })
      sim.once('exit', (code) => { reject(new Error(`the simulator ended with ${code ?? 'a signal'}`)) })
    })
    const rack = JSON.parse(line) as Omit<LoopbackRack, 'close'>
    const workbench = await createWorkbench({
      host: 'cli', version: 'bench', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 69,
      resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
    })
    let peakBytes = 0
    const watch = setInterval(() => { peakBytes = Math.max(peakBytes, process.memoryUsage.rss()) }, 50)
    try {
      const cameras = rack.urls.map((url) => workbench.setup.addForNow({ url, name: '', cameraName: '', chip: rack.chip }).cameraId)
      const restore = async (cameraId: (typeof cameras)[number]): Promise<void> => {
        const request = restoreRequestSchema.parse({ cameraId, inputPath: rack.imagesFolder, profilePath: rack.profilePath, ubootPath: rack.ubootPath })
        const plan = await workbench.desk.plan(request, never)
        const id = await workbench.desk.start(request, plan.hash, never)
        for await (const event of workbench.jobs.events(id, 0, never)) void event
        const job = workbench.jobs.get(id)
        if (job.verdict !== 'restored and booted') throw new Error(`${job.title}: ${job.verdict ?? job.state}, ${job.error?.message ?? ''}`)
      }
      const timed = async (work: () => Promise<unknown>): Promise<number> => {
        const started = performance.now()
        await work()
        return performance.now() - started
      }
      const [alone, ...others] = cameras
      if (!alone) throw new Error('no camera')
      const one = await timed(async () => restore(alone))
      const all = await timed(async () => Promise.all(others.map(restore)))
      return [
        { name: `restore of 1 camera (sockets, ${pace} x life)`, value: one / 1000, unit: 's', goal: '', ok: true },
        { name: `restore of ${many} at once against 1`, value: all / one, unit: 'x', goal: '<= 1.3', ok: all / one <= 1.3 },
        { name: `main process, peak with ${many} restores`, value: peakBytes / 1e6, unit: 'MB', goal: '< 200', ok: peakBytes < 200e6 },
      ]
    } finally {
      clearInterval(watch)
      await workbench.close()
    }
  } finally {
    sim.removeAllListeners('exit')
    sim.stdin.end()
    await new Promise((resolve) => { sim.once('exit', resolve) })
    await rm(folder, { recursive: true, force: true })
  }
}
