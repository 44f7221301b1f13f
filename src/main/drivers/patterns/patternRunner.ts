import type { Worker } from 'node:worker_threads'
import { type ErrorContext, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { nextAnswer } from '../host/workerThread.ts'

/** A computer that is busy starts a thread late; that is no pattern's fault. */
const startLimitMs = 20_000

/** Runs patterns that people wrote, in a thread of their own: one can think for years, and only the end of its thread ends it. */
export interface PatternRunner<Request, Answer> {
  /** One at a time. `input/too-large` when it takes longer. Then, and when the caller gives up, the thread is ended. */
  ask(request: Request, limitMs: number, signal: AbortSignal): Promise<Answer>
  /** Idempotent. */
  end(): Promise<void>
}

export interface PatternRunnerDeps<Request> {
  readonly clock: Clock
  /** Of a thread that first of all says that it is there: what it costs to start is not counted against a pattern. */
  readonly start: () => Worker
  /** Says what was stopped; `undefined` where no pattern is to blame, and the disk was slow. */
  readonly tooLong: (request: Request) => { readonly words: string; readonly context?: ErrorContext } | undefined
  /** What the thread has learned goes with it: another one would work without, and nobody would see. */
  readonly isOnce?: boolean
}

/** Starts with the first request, and again after one that had to be ended. */
export function createPatternRunner<Request, Answer>({ clock, start, tooLong, isOnce = false }: PatternRunnerDeps<Request>): PatternRunner<Request, Answer> {
  const lane = createLane()
  let running: Worker | undefined
  let wasStarted = false

  const end = async (): Promise<void> => {
    const old = running
    running = undefined
    await old?.terminate()
  }
  const started = async (signal: AbortSignal): Promise<Worker> => {
    if (running) return running
    if (isOnce && wasStarted) throw new WorkbenchError('link/closed', 'The thread of these patterns was ended, and what it had learned is gone', { hint: 'Begin again' })
    const worker = start()
    wasStarted = true
    running = worker
    // Between two requests nobody else listens.
    worker.on('error', () => undefined).once('exit', () => { if (running === worker) running = undefined })
    await withDeadline(clock, startLimitMs, 'Starting the thread of patterns', signal, async (within) => nextAnswer(worker, within))
    return worker
  }
  const answered = async (worker: Worker, request: Request, limitMs: number, signal: AbortSignal): Promise<Answer> => {
    try {
      worker.postMessage(request)
      return await withDeadline(clock, limitMs, 'The work of the patterns', signal, async (within) => nextAnswer<Answer>(worker, within))
    } catch (error) {
      const guilt = error instanceof WorkbenchError && error.code === 'link/timeout' ? tooLong(request) : undefined
      if (!guilt) throw error
      throw new WorkbenchError('input/too-large', guilt.words, { cause: error, ...(guilt.context ? { context: guilt.context } : {}), hint: 'Patterns with repeats inside repeats do that; make it simpler, or use words' })
    }
  }
  return {
    end,
    ask: async (request, limitMs, signal) => lane(signal, async () => {
      try {
        return await answered(await started(signal), request, limitMs, signal)
      } catch (error) {
        await end()
        throw error
      }
    }),
  }
}

/** `input/malformed`. */
export function checkPattern(source: string): void {
  try {
    new RegExp(source)
  } catch (cause) {
    // What the engine says repeats the pattern before the cause.
    const why = cause instanceof Error ? cause.message.replace(/^Invalid regular expression: \/.*\/[a-z]*: /s, '') : ''
    throw new WorkbenchError('input/malformed', `This is no pattern: ${why}`, { hint: 'Put \\ before ( ) [ ] { } . * + ? to mean the letter itself, or search for words', cause })
  }
}
