import { ref, type Ref, type ShallowRef, shallowRef } from 'vue'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import { toProblem } from '../rpc/problems.ts'

export interface Ask<Kind extends string> {
  /** What is asked for just now. */
  readonly busy: Readonly<Ref<Kind | undefined>>
  readonly problem: ShallowRef<WireError | undefined>
  ask(kind: Kind, work: () => Promise<void>): Promise<void>
}

/** One thing after the other is asked of the workbench; what it refuses is kept to be shown. */
export function useAsk<Kind extends string>(): Ask<Kind> {
  const busy = ref() as Ref<Kind | undefined>
  const problem = shallowRef<WireError>()
  async function ask(kind: Kind, work: () => Promise<void>): Promise<void> {
    busy.value = kind
    problem.value = undefined
    try {
      await work()
    } catch (error) {
      problem.value = toProblem(error)
    } finally {
      busy.value = undefined
    }
  }
  return { busy, problem, ask }
}
