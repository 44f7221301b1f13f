import type { Ref } from 'vue'
import type { WireError } from '../../../shared/errors/workbenchError.ts'
import { toProblem } from '../../rpc/problems.ts'

/** Does it, and keeps what was in the way; `false` when something was. */
export const tellInto = (problem: Ref<WireError | undefined>) => async (work: () => Promise<unknown>): Promise<boolean> => {
  try {
    await work()
    problem.value = undefined
    return true
  } catch (error) {
    problem.value = toProblem(error)
    return false
  }
}
