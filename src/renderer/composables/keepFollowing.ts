import { Cancelled, type WireError } from '../../shared/errors/workbenchError.ts'
import type { WorkbenchLink } from '../rpc/link.ts'
import { toProblem } from '../rpc/problems.ts'

const retryMs = 1000

async function delay(durationMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, durationMs)
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve() }, { once: true })
  })
}

/**
 * Runs a stream until it is `done`, again after every loss of the link. `work` remembers how far it came, so that it can go
 * on from there. What is wrong while the link is up goes to `onProblem`; a lost link shows in the footer already.
 */
export async function keepFollowing(
  link: WorkbenchLink, signal: AbortSignal, work: (signal: AbortSignal) => Promise<'done' | 'again'>, onProblem: (problem: WireError | undefined) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await link.connected(signal)
      const { epoch } = link.state.value
      if ((await work(signal)) === 'done') return
      if (link.state.value.epoch === epoch) await delay(retryMs, signal)
    } catch (error) {
      if (signal.aborted || error instanceof Cancelled) return
      const problem = toProblem(error)
      if (link.state.value.phase === 'connected' && problem?.code !== 'link/closed') {
        onProblem(problem)
        await delay(retryMs, signal)
      } else await delay(50, signal)
    }
  }
}
