/** Run as a program: one bench on a Redis, with cameras of its own. It tells a line for each attempt that begins and ends, and is there to be killed. */
import { openBatchEngine } from '../../src/main/core/batch/batchEngine.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { openRedisBatches } from '../../src/main/drivers/redis/redisBatches.ts'
import { batchIdSchema, batchPlanSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'

const [cameraList = '', silentMs = '1500', attemptMs = '60', planned = ''] = process.argv.slice(2)
const cameras = new Set(cameraList.split(',').map((name) => cameraIdSchema.parse(name)))
const clock = createSystemClock()
const log = (line: string): void => { process.stdout.write(`log ${line}\n`) }
const queue = await openRedisBatches({
  url: process.env['RACKBENCH_REDIS'] ?? '', clock, log, silentMs: Number(silentMs),
  offer: () => [...cameras].map((cameraId) => ({ cameraId, cameraName: cameraId, supply: cameraId, labels: ['qa'], isAside: false })),
})
const engine = await openBatchEngine({
  queue, clock, log, newBatchId: () => batchIdSchema.parse('lab'), cameras: () => cameras, takesUp: () => true,
  run: async ({ key, target }, _tell, signal) => {
    process.stdout.write(`begin ${target.camera} ${key.item}.${key.attempt}\n`)
    await clock.sleep(Number(attemptMs), signal)
    process.stdout.write(`end ${target.camera} ${key.item}.${key.attempt}\n`)
    return {}
  },
})
process.stdout.write('ready\n')
if (planned !== '') {
  const targets = planned.split(',').map((name) => ({ camera: cameraIdSchema.parse(name), name, pod: name }))
  await engine.start(batchPlanSchema.parse({ name: 'lab', cameras: { labels: ['qa'] }, workflow: 'soak', cycles: 6, concurrency: { total: 12, staggerMs: 0 }, retry: { infrastructure: { attempts: 4, firstWaitMs: 1_000, factor: 1, maxWaitMs: 1_000 } } }), targets)
}
process.once('SIGTERM', () => { void engine.close() })
