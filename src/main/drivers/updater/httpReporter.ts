import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import type { UpdaterProgress } from '../../../shared/ota/updater.schema.ts'
import type { ProgressReporter } from '../../../shared/ota/updaterParts.ts'
import { reasonOf } from '../errors/reasonOf.ts'

const answerLimitMs = 5_000
/** The service that hears may be stopped by its own update: how it ended is told again and again for a minute. */
const terminalTries = 12
const terminalWaitMs = 5_000
/** Somebody who does not listen at all is not told everything later. */
const mostWaiting = 50

export interface HttpReporterOptions {
  /** `http://127.0.0.1:9080/api/v1.0/ota/report`. */
  readonly url: string
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
  readonly log: (line: string) => void
}

/** One after the other, so that they arrive in their order; nobody waits for them. */
export function createHttpReporter({ url, clock, fetch, log }: HttpReporterOptions): ProgressReporter {
  const lane = createLane()
  const over = new AbortController()
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  const post = async (progress: UpdaterProgress): Promise<void> => {
    const response = await withDeadline(clock, answerLimitMs, 'The report', over.signal, async (signal) => fetch(url, { method: 'POST', redirect: 'error', signal, headers: { 'content-type': 'application/json' }, body: JSON.stringify(progress) }))
    await response.body?.cancel()
    if (!response.ok) throw new Error(`it was answered with ${response.status}`)
  }
  const told = async (progress: UpdaterProgress): Promise<void> => {
    const tries = progress.stage === 'success' || progress.stage === 'failed' ? terminalTries : 1
    for (let attempt = 1; ; attempt += 1) {
      try { await post(progress); return } catch (error) {
        if (over.signal.aborted) return
        if (attempt === 1) log(`report of ${progress.stage} ${progress.progress} % not delivered: ${reasonOf(error)}`)
        // What comes after it is news; this is none any more.
        if (attempt >= tries || waiting > 1) return
      }
      await clock.sleep(terminalWaitMs, over.signal)
    }
  }
  return {
    report: (progress) => {
      if (over.signal.aborted || waiting >= mostWaiting) return
      waiting += 1
      last = lane(over.signal, async () => told(progress)).catch(() => undefined).finally(() => { waiting -= 1 })
    },
    close: async () => {
      over.abort(new Error('the updater ends'))
      await last
    },
  }
}

/** For an updater that nobody wants to hear of. */
export const silentReporter: ProgressReporter = { report: () => undefined, close: async () => undefined }
