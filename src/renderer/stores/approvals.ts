import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { Approval } from '../../shared/doors/doors.schema.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

/** Plans of assistants that a person says yes or no to. */
export const useApprovalsStore = defineStore('approvals', () => {
  const link = useWorkbench()
  const list = shallowRef<readonly Approval[]>()
  const problem = shallowRef<WireError>()
  const waiting = computed(() => (list.value ?? []).filter(({ state }) => state === 'waiting'))

  function follow(signal: AbortSignal): void {
    void keepFollowing(link, signal, async (within) => {
      for await (const each of await link.client.approvals.watch({}, { signal: within })) { list.value = each; problem.value = undefined }
      return 'again'
    }, (given) => { problem.value = given })
  }
  /** What was answered is shown at once; the watch comes by a moment later. */
  async function decide(hash: string, isApproved: boolean): Promise<void> {
    const decided = await link.client.approvals.decide({ hash, isApproved })
    list.value = (list.value ?? []).flatMap((each) => (each.hash !== hash ? [each] : isApproved ? [decided] : []))
  }
  return { list, problem, waiting, follow, decide }
})
