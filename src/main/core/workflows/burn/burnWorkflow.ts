import type { BurnPlan } from '../../../../shared/burn/burn.schema.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import { runPhase } from '../phase.ts'
import { bringUp, bringUpLimitMs } from '../restore/bringUp.ts'
import type { BringUpBench, RestoreBench, RestoreContext } from '../restore/bench.ts'
import { checkChip } from '../restore/cameraPhases.ts'
import { askVersion, checkAnswered } from '../ubootCheck.ts'

export type BurnBench = BringUpBench & Pick<RestoreBench, 'takeLease' | 'openConsole'> & {
  readonly plan: BurnPlan
  /** What the file calls its U-Boot; empty where nobody could read it. */
  readonly versions: readonly string[]
}

const answerLimitMs = 15_000

/**
 * Resolves when the U-Boot that was uploaded has answered a command, is the one of the file, and names no other chip. That the upload went through is no proof that it runs,
 * and one for another chip may run a while before it harms what it believes to be its own hardware.
 */
export async function runBurn(bench: BurnBench, context: RestoreContext): Promise<{ readonly verdict: 'U-Boot is running' }> {
  const console = await runPhase(context, { name: 'check', cancel: 'anytime', limitMs: 60_000, work: async (signal) => prepare(bench, context, signal) })
  context.cleanup.add('record the console', async () => { context.tell({ type: 'console-excerpt', text: console.tail() }) })
  const session = await runPhase(context, { name: 'u-boot', cancel: 'anytime', limitMs: bringUpLimitMs(bench), work: async (signal) => bringUp(bench, context, console, signal) })
  await runPhase(context, {
    name: 'answer', cancel: 'anytime', limitMs: 3 * answerLimitMs,
    work: async (signal) => {
      const version = await askVersion(session, signal)
      context.tell({ type: 'uboot-answered', version: version.slice(0, 200) })
      checkAnswered(version, bench.versions, bench.plan.boot.uboot)
      const soc = await checkChip(session, bench.plan.chip, signal)
      if (soc === undefined || soc === '') context.tell({ type: 'noted', level: 'info', message: 'U-Boot does not say which chip it runs on' })
      if (!bench.plan.request.stay) await console.write(new TextEncoder().encode('boot\r'), signal)
      return version
    },
    note: (version) => version.slice(0, 80),
  })
  return { verdict: 'U-Boot is running' }
}

async function prepare(bench: BurnBench, context: RestoreContext, signal: AbortSignal): Promise<WorkConsole> {
  const lease = await bench.takeLease(signal)
  context.cleanup.add('free the camera for others', async () => lease.release())
  const console = await bench.openConsole(signal)
  context.cleanup.add('give the console back', async (undoSignal) => console.release(undoSignal))
  return console
}
