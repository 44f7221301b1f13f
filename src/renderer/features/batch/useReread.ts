import { watchThrottled } from '@vueuse/core'
import { onScopeDispose, type ShallowRef, shallowRef, watch } from 'vue'
import { Cancelled, type WireError } from '../../../shared/errors/workbenchError.ts'
import { toProblem } from '../../rpc/problems.ts'
import { useWorkbench } from '../../rpc/useWorkbench.ts'

/** A batch that runs changes four times a second; nobody reads that fast. */
const leastBetweenMs = 1_000

/**
 * Reads now, again when `changed` says something else, and at once when another `place` is looked at. An answer that was overtaken by a
 * newer one is dropped.
 */
export function useReread<T>(changed: () => unknown, read: (signal: AbortSignal) => Promise<T>, place: () => string = () => ''): { readonly value: ShallowRef<T | undefined>; readonly problem: ShallowRef<WireError | undefined> } {
  const link = useWorkbench()
  const value = shallowRef<T>()
  const problem = shallowRef<WireError>()
  const looking = new AbortController()
  let asked = 0
  let answered = 0
  onScopeDispose(() => { looking.abort(new Cancelled('something else is shown')) })
  async function again(): Promise<void> {
    if (looking.signal.aborted) return
    const mine = asked += 1
    try {
      const found = await read(looking.signal)
      if (mine < answered) return
      answered = mine
      value.value = found
      problem.value = undefined
    } catch (error) {
      if (!looking.signal.aborted && mine > answered) problem.value = toProblem(error)
    }
  }
  watchThrottled(changed, again, { throttle: leastBetweenMs })
  // What failed because the link was lost is read over the next one.
  watch(() => `${place()} ${String(link.state.value.epoch)}`, again, { immediate: true })
  return { value, problem }
}
