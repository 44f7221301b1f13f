import { type BatchEngine, openBatchEngine } from '../../../src/main/core/batch/batchEngine.ts'
import { createMemoryQueues } from '../../../src/main/core/batch/memoryQueue.ts'
import type { LayoutImage } from '../../../src/main/sim/referenceLayout.ts'
import { batchIdSchema } from '../../../src/shared/batch/batchPlan.schema.ts'
import { type NightBench, openNightBench } from '../../support/nightBench.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'

export interface NightRig extends Omit<NightBench, 'close'> {
  readonly clock: VirtualClock
  readonly engine: BatchEngine
  close(): Promise<void>
}

/** A night in seconds. */
export async function openNightRig(images: Readonly<Record<string, readonly LayoutImage[]>>): Promise<NightRig> {
  const clock = createVirtualClock()
  let batches = 0
  const bench = await openNightBench({
    clock, images, openEngine: async (run) => openBatchEngine({ queue: createMemoryQueues().open('bench'), clock, run, log: () => undefined, newBatchId: () => batchIdSchema.parse(`night-${(batches += 1)}`) }),
  })
  return { ...bench, clock, close: async () => bench.close(async (work) => clock.run(work, 1e9)) }
}
