/** Run as a program: works on a batch in the file given, tells a line for each attempt that ended, and goes on. It is there to be killed. */
import { openBatchEngine } from '../../src/main/core/batch/batchEngine.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { openSqliteBatches } from '../../src/main/drivers/storage/sqliteBatches.ts'
import { batchIdSchema, batchPlanSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'

const [file = '', attemptMs = '20'] = process.argv.slice(2)
const clock = createSystemClock()
const engine = await openBatchEngine({
  queue: openSqliteBatches(file, { log: () => undefined }), clock, log: () => undefined, newBatchId: () => batchIdSchema.parse('killed'),
  run: async (_request, _tell, signal) => { await clock.sleep(Number(attemptMs), signal); return {} },
})
engine.listen((_batch, event) => { if (event.type === 'attempt-ended') process.stdout.write(`${event.item}\n`) })
const [known] = engine.list()
if (known) await engine.takeUp(known.id)
else {
  await engine.start(batchPlanSchema.parse({ name: 'killed', cameras: { labels: ['qa'] }, workflow: 'soak', cycles: 10, concurrency: { total: 4, staggerMs: 0 } }),
    Array.from({ length: 8 }, (_, index) => ({ camera: cameraIdSchema.parse(`cam-${index}`), name: `cam-${index}`, pod: `pod-${index}` })))
}
