/** Run as a program: one bench of a night run on a Redis, with simulated cameras of its own and real restores. It tells each attempt that begins and ends, and is there to be killed. The bad image waits here until it is told "go on". */
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { openBatchEngine } from '../../src/main/core/batch/batchEngine.ts'
import { createScaledClock, createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { openRedisBatches } from '../../src/main/drivers/redis/redisBatches.ts'
import { referenceLayoutImages } from '../../src/main/sim/referenceLayout.ts'
import { batchIdSchema, batchPlanSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { badImages, openNightBench, otherImages } from './nightBench.ts'

const [cameraList = '', silentMs = '2000', planned = '', imageList = ''] = process.argv.slice(2)
const images = { 'fw-2.5.1': referenceLayoutImages(), 'fw-2.5.2': otherImages(), 'fw-2.6-rc1': badImages() }
const cameras = new Set(cameraList.split(',').map((name) => cameraIdSchema.parse(name)))
const clock = createSystemClock()
const say = (line: string): void => { process.stdout.write(`${line}\n`) }
const told = once(createInterface(process.stdin), 'line')
const queue = await openRedisBatches({
  url: process.env['RACKBENCH_REDIS'] ?? '', clock, log: (line) => { say(`log ${line}`) }, silentMs: Number(silentMs),
  offer: () => [...cameras].map((cameraId) => ({ cameraId, cameraName: cameraId, supply: cameraId, labels: ['qa'], isAside: false })),
})
const { engine } = await openNightBench({
  // Of the cameras, whose minutes pass in seconds; the queue lives by the real one.
  clock: createScaledClock(clock, 20), images,
  openEngine: async (run) => openBatchEngine({
    queue, clock, log: (line) => { say(`log ${line}`) }, newBatchId: () => batchIdSchema.parse('night'), cameras: () => cameras, takesUp: () => true,
    run: async (request, tell, signal) => {
      const what = `${request.target.camera} ${request.key.item}.${request.key.attempt}`
      say(`begin ${what}`)
      if (request.image?.name === 'fw-2.6-rc1') await told
      return run(request, (facts) => { if (facts.where !== undefined) say(`at ${facts.where} ${what}`); tell(facts) }, signal).finally(() => { say(`end ${what}`) })
    },
  }),
})
say('ready')
if (planned !== '') {
  const targets = planned.split(',').map((name) => ({ camera: cameraIdSchema.parse(name), name, pod: name }))
  await engine.start(batchPlanSchema.parse({
    name: 'Night run', cameras: { labels: ['qa'] }, workflow: 'restore', images: imageList.split(',').map((name) => ({ name, path: `/images/${name}` })),
    canary: { cameras: 2 }, concurrency: { total: 12, staggerMs: 0 }, retry: { infrastructure: { attempts: 4, firstWaitMs: 1_000, factor: 1, maxWaitMs: 1_000 } },
  }), targets)
}
