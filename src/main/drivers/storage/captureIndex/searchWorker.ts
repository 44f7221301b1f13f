import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { type BootSearch, findBoots, type FoundBoot } from './bootTable.ts'
import { openIndexForReading } from './indexFile.ts'
import type { PartToIndex } from './indexLines.ts'
import { tailLines, withTail } from './searchTail.ts'
import { type FoundPage, type KindQuery, type LineQuery, type NewKind, newKinds, searchLines } from './searchLines.ts'

export type SearchRequest = { readonly lines: LineQuery; readonly tail: readonly PartToIndex[] } | { readonly kinds: KindQuery } | { readonly boots: BootSearch }
export type SearchAnswer = { readonly page: FoundPage } | { readonly kinds: readonly NewKind[] } | { readonly boots: readonly FoundBoot[] } | { readonly failed: string }

// A thread of its own, because a pattern can think for years and only the end of its thread ends it.
const database = openIndexForReading((workerData as { readonly file: string }).file)
const answer = (message: SearchAnswer): void => { parentPort?.postMessage(message) }

/** One picture of the index for both, or a line that is indexed in between would be found twice or not at all. */
function search({ lines: query, tail }: Extract<SearchRequest, { readonly lines: LineQuery }>): FoundPage {
  database.exec('BEGIN')
  try {
    const nowMs = (): number => performance.now()
    const untilMs = nowMs() + query.limitMs
    // Both together have the time of one, or whoever waits would end the thread and blame the pattern.
    return withTail(tailLines(database, tail, query, nowMs), query, (rest) => searchLines(database, { ...rest, limitMs: Math.max(1, untilMs - nowMs()) }, nowMs))
  } finally {
    database.exec('COMMIT')
  }
}

parentPort?.on('message', (request: SearchRequest) => {
  try {
    answer('lines' in request ? { page: search(request) } : 'boots' in request ? { boots: findBoots(database, request.boots) } : { kinds: newKinds(database, request.kinds) })
  } catch (error) {
    answer({ failed: String(error) })
  }
})
parentPort?.postMessage({ ready: true })
