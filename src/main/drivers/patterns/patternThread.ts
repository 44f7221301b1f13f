import { Worker } from 'node:worker_threads'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'
import type { Patterns } from '../../../shared/consoles/patterns.ts'
import type { FoundHit, PatternAnswer, PatternRequest } from './patternWorker.ts'

/** A computer that is busy starts a thread late; that is no pattern's fault. */
const startLimitMs = 20_000
const workLimitMs = 2_000

export interface PatternThread extends Patterns {
  close(): Promise<void>
}

interface Running { readonly worker: Worker; readonly at: Int32Array<SharedArrayBuffer>; readonly next: () => Promise<PatternAnswer> }

/** Starts with the first pattern, and again after one that had to be ended. */
export function createPatternThread({ clock, limitMs = workLimitMs }: { readonly clock: Clock; readonly limitMs?: number }): PatternThread {
  const lane = createLane()
  let running: Running | undefined

  const stop = async (): Promise<void> => {
    const old = running
    running = undefined
    await old?.worker.terminate()
  }
  const start = async (signal: AbortSignal): Promise<Running> => {
    if (running) return running
    const at = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(workerPlace(), { workerData: { at }, execArgv: [] })
    const fresh: Running = { worker, at, next: async () => nextAnswer(worker) }
    running = fresh
    await withDeadline(clock, startLimitMs, 'Starting the thread of patterns', signal, async (within) => orAborted(fresh.next(), within))
    return fresh
  }
  return {
    match: async (patterns, texts, signal) => lane(signal, async (): Promise<readonly FoundHit[]> => {
      for (const { source } of patterns) checkPattern(source)
      try {
        const { worker, at, next } = await start(signal)
        try {
          worker.postMessage({ patterns, texts } satisfies PatternRequest)
          const answer = await withDeadline(clock, limitMs, 'The patterns', signal, async (within) => orAborted(next(), within))
          if ('hits' in answer) return answer.hits
          throw new WorkbenchError('input/malformed', `A pattern could not be tried: ${'failed' in answer ? answer.failed : ''}`)
        } catch (error) {
          if (!(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
          const pattern = Atomics.load(at, 0)
          throw new WorkbenchError('input/too-large', `The pattern /${patterns[pattern]?.source ?? ''}/ takes too long on a single line and was stopped`, { cause: error, context: { pattern }, hint: 'Patterns with repeats inside repeats do that; make it simpler, or use words' })
        }
      } catch (error) {
        await stop()
        throw error
      }
    }),
    close: stop,
  }
}

/** `input/malformed`. */
export function checkPattern(source: string): void {
  try {
    new RegExp(source)
  } catch (cause) {
    throw new WorkbenchError('input/malformed', `This is no pattern: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}

/** As it is, or as the build leaves it: beside the program, of which this file may be a chunk. */
function workerPlace(): URL {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? './patternWorker.ts' : `${here.includes('/chunks/') ? '..' : '.'}/console-patterns.js`, here)
}

/** One message, or the end of the thread as an error. */
async function nextAnswer(worker: Worker): Promise<PatternAnswer> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void): void => { worker.off('message', onMessage); worker.off('error', onError); worker.off('exit', onExit); settle() }
    const onMessage = (message: PatternAnswer): void => { done(() => { resolve(message) }) }
    const onError = (cause: Error): void => { done(() => { reject(new WorkbenchError('host/io', 'The thread of patterns failed', { cause })) }) }
    const onExit = (): void => { done(() => { reject(new WorkbenchError('host/io', 'The thread of patterns ended')) }) }
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
  })
}
