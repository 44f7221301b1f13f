import { parentPort, workerData } from 'node:worker_threads'

export interface PatternRequest { readonly patterns: readonly { readonly source: string; readonly ignoreCase: boolean }[]; readonly texts: readonly string[] }
export interface FoundHit { readonly pattern: number; readonly text: number; readonly groups: readonly string[]; readonly end: number }
export type PatternAnswer = { readonly hits: readonly FoundHit[] } | { readonly failed: string } | { readonly ready: true }

// A thread of its own, because a pattern can think for years and only the end of its thread ends it. Which one it is at stands in shared memory.
const at = (workerData as { readonly at: Int32Array<SharedArrayBuffer> }).at
const answer = (message: PatternAnswer): void => { parentPort?.postMessage(message) }

parentPort?.on('message', ({ patterns, texts }: PatternRequest) => {
  try {
    const hits: FoundHit[] = []
    for (const [pattern, { source, ignoreCase }] of patterns.entries()) {
      Atomics.store(at, 0, pattern)
      const wanted = new RegExp(source, ignoreCase ? 'i' : '')
      for (const [text, letters] of texts.entries()) {
        const found = wanted.exec(letters)
        if (found) hits.push({ pattern, text, groups: Array.from(found, (group: string | undefined) => group ?? ''), end: found.index + found[0].length })
      }
    }
    answer({ hits })
  } catch (error) {
    answer({ failed: error instanceof Error ? error.message : String(error) })
  }
})
answer({ ready: true })
