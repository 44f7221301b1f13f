import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { withDeadline } from '../../../../shared/lifecycle/clock.ts'
import type { UpdatePlan, VersionReading } from '../../../../shared/ota/deviceUpdate.schema.ts'
import type { JobContext } from '../../jobs/jobBook.ts'
import { type PhaseRun, runPhase } from '../phase.ts'

export type ToldVersion = Omit<VersionReading, 'atMs'>

export interface UpdateVoice {
  readonly note: (words: string, level?: 'info' | 'warning') => void
  /** Of the phase that runs: how far, in the unit of its own. */
  readonly progress: (step: string, done: number, total: number) => void
}

export interface UpdateStep extends Pick<PhaseRun<unknown>, 'name' | 'cancel' | 'writing' | 'limitMs'> {
  readonly work: (voice: UpdateVoice, signal: AbortSignal) => Promise<void>
}

export interface UpdateBench {
  readonly plan: UpdatePlan
  readonly takeLease: (signal: AbortSignal) => Promise<{ release(): Promise<void> }>
  /** Clears up what an interruption left, says what that was, and reads the version. */
  readonly ask: (voice: UpdateVoice, signal: AbortSignal) => Promise<ToldVersion>
  readonly steps: readonly UpdateStep[]
  readonly read: (signal: AbortSignal) => Promise<ToldVersion>
  /** Each version as it was read, for whoever lists the device. */
  readonly heard: (told: ToldVersion) => Promise<void>
}

const askLimitMs = 2 * 60_000
/** A device that starts again answers late. */
const readBackLimitMs = 60_000
const retryMs = 1_000
const steadyMs = 45_000

/** Resolves when the device itself reports the version that was asked for; that a step went through is no proof. */
export async function runUpdate(bench: UpdateBench, context: JobContext): Promise<{ readonly verdict: 'updated and read back' }> {
  const { plan } = bench
  let heard: string | undefined
  const hear = async (told: ToldVersion): Promise<ToldVersion> => {
    heard = told.version
    if (told.version !== undefined) context.tell({ type: 'version-read', version: told.version })
    if (told.recovered !== undefined) context.tell({ type: 'noted', level: 'warning', message: told.recovered })
    // The journal has it; that a list could not be written spoils no update.
    await bench.heard(told).catch(() => { context.tell({ type: 'noted', level: 'warning', message: 'The version could not be kept in the list of devices' }) })
    return told
  }
  const voiceOf = (phase: string): UpdateVoice => ({
    note: (words, level = 'info') => { context.tell({ type: 'noted', level, message: words.slice(0, 2000) }) },
    progress: (step, done, total) => { context.tell({ type: 'phase-progressed', phase, step, doneBytes: done, totalBytes: total }) },
  })
  await runPhase<ToldVersion>(context, {
    name: 'ask', cancel: 'anytime', limitMs: askLimitMs, note: ({ version }) => (version === undefined ? 'it reports no version' : `it reports ${version}`),
    work: async (signal) => {
      const lease = await bench.takeLease(signal)
      context.cleanup.add('free the device for others', async () => lease.release())
      const told = await hear(await bench.ask(voiceOf('ask'), signal))
      if (told.version !== plan.from) throw new WorkbenchError('input/conflict', `${plan.cameraName} reports ${told.version ?? 'no version'} now, and the plan was made for ${plan.from ?? 'one without a version'}`, { hint: 'Make the plan again and look at it' })
      return told
    },
  })
  try {
    for (const { work, ...phase } of bench.steps) await runPhase(context, { ...phase, work: async (signal) => work(voiceOf(phase.name), signal) })
    await runPhase(context, {
      name: 'read-back', cancel: 'at-end', limitMs: readBackLimitMs, note: (version) => `it reports ${version}`,
      work: async (signal) => {
        await hear(await readSteadily(bench, context, signal))
        if (heard !== plan.to) throw new WorkbenchError('device/wrong-content', `${plan.cameraName} reports ${heard ?? 'no version'} and not ${plan.to}`, { hint: 'Look at the notes of the job; what it reports is what it runs' })
        return plan.to
      },
    })
  } catch (error) {
    // Whatever went wrong, what the device holds now is known only from itself.
    await withDeadline(context.clock, readBackLimitMs, `the version of ${plan.cameraName}`, new AbortController().signal, async (signal) => hear(await readSteadily(bench, context, signal)))
      .catch(() => { context.tell({ type: 'noted', level: 'warning', message: `${plan.cameraName} does not tell its version; it is read at the next contact` }) })
    throw error
  }
  return { verdict: 'updated and read back' }
}

/** Until it answers, or the time is over. */
async function readSteadily({ read }: Pick<UpdateBench, 'read'>, { clock }: Pick<JobContext, 'clock'>, signal: AbortSignal): Promise<ToldVersion> {
  const endMs = clock.nowMs() + steadyMs
  for (;;) {
    try {
      return await read(signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof WorkbenchError) || !error.code.startsWith('link/') || clock.nowMs() >= endMs) throw error
      await clock.sleep(retryMs, signal)
    }
  }
}
