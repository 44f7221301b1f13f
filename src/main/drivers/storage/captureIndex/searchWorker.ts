import { performance } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { type BootSearch, findBoots, type FoundBoot } from './bootTable.ts'
import { openIndexForReading } from './indexFile.ts'
import { type FoundPage, type KindQuery, type LineQuery, type NewKind, newKinds, searchLines } from './searchLines.ts'

export type SearchRequest = { readonly lines: LineQuery } | { readonly kinds: KindQuery } | { readonly boots: BootSearch }
export type SearchAnswer = { readonly page: FoundPage } | { readonly kinds: readonly NewKind[] } | { readonly boots: readonly FoundBoot[] } | { readonly failed: string }

// A thread of its own, because a pattern can think for years and only the end of its thread ends it.
const database = openIndexForReading((workerData as { readonly file: string }).file)
const answer = (message: SearchAnswer): void => { parentPort?.postMessage(message) }

parentPort?.on('message', (request: SearchRequest) => {
  try {
    answer('lines' in request ? { page: searchLines(database, request.lines, () => performance.now()) } : 'boots' in request ? { boots: findBoots(database, request.boots) } : { kinds: newKinds(database, request.kinds) })
  } catch (error) {
    answer({ failed: String(error) })
  }
})
