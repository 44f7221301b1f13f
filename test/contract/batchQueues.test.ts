import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryQueues } from '../../src/main/core/batch/memoryQueue.ts'
import { openSqliteBatches } from '../../src/main/drivers/storage/sqliteBatches.ts'
import type { BatchQueue } from '../../src/shared/batch/batchQueue.ts'
import { describeBatchQueue } from './batchQueue.contract.ts'

/** Neither is reached over a network, so it is so at once. */
const atOnce = async (isSo: () => Promise<boolean>): Promise<void> => { if (!await isSo()) throw new Error('it is not so') }

describeBatchQueue('in memory', async () => {
  const queues = createMemoryQueues()
  return { open: async (worker) => queues.open(worker), die: async (worker) => { queues.die(worker) }, until: atOnce, dispose: async () => undefined }
})

describeBatchQueue('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rackbench-batches-'))
  const dead = new Set<string>()
  const opened: BatchQueue[] = []
  return {
    open: async (worker) => {
      const queue = openSqliteBatches(join(folder, 'batches.sqlite'), { log: () => undefined, worker, isAlive: (who) => !dead.has(who) })
      opened.push(queue)
      return queue
    },
    die: async (worker) => { dead.add(worker) },
    until: atOnce,
    dispose: async () => {
      for (const queue of opened) await queue.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
