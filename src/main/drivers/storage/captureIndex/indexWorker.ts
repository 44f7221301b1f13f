import { parentPort, workerData } from 'node:worker_threads'
import { isDamage, openIndexFile } from './indexFile.ts'
import { createLineIndexer, type PartToIndex } from './indexLines.ts'
import { createIndexRests, hearHurry } from './indexRests.ts'

/** To the thread that reads the logs into the index. */
export interface IndexRequest {
  /** In order of time. */
  readonly parts: readonly PartToIndex[]
  /** Everything that there is; the rest is forgotten. Only now and then. */
  readonly all?: readonly string[]
}
/** From it: first what was found, then one answer for each request. */
export type IndexAnswer =
  | { readonly kind: 'opened'; readonly wasDamaged: boolean; readonly isNew: boolean }
  | { readonly kind: 'added'; readonly lines: number }
  | { readonly kind: 'failed'; readonly message: string; readonly isDamaged: boolean }

export interface IndexWorkerData { readonly file: string; readonly hurry: SharedArrayBuffer }

const { file, hurry } = workerData as IndexWorkerData
const { database, wasDamaged, isNew } = openIndexFile(file)
const rests = createIndexRests({ nowMs: () => performance.now(), ...hearHurry(hurry) })
const indexer = createLineIndexer(database, rests.rest)
const answer = (message: IndexAnswer): void => { parentPort?.postMessage(message) }

parentPort?.on('message', ({ parts, all }: IndexRequest) => {
  try {
    rests.begin()
    if (all) indexer.forgetAllBut(new Set(all))
    answer({ kind: 'added', lines: indexer.add(parts) })
  } catch (error) {
    answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error), isDamaged: isDamage(error) })
  }
})
answer({ kind: 'opened', wasDamaged, isNew })
