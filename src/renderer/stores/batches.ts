import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { BatchId } from '../../shared/batch/batchPlan.schema.ts'
import type { BatchSummary } from '../../shared/batch/batchView.schema.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

/** Batches, newest first, followed while somebody looks at them. */
export const useBatchesStore = defineStore('batches', () => {
  const link = useWorkbench()
  const list = shallowRef<readonly BatchSummary[]>()
  const problem = shallowRef<WireError>()
  const picked = ref<BatchId>()
  /** What was picked, else the newest. */
  const shown = computed(() => list.value?.find(({ id }) => id === picked.value) ?? list.value?.[0])
  function follow(signal: AbortSignal): void {
    void keepFollowing(link, signal, async (within) => {
      for await (const each of await link.client.batch.watch({}, { signal: within })) { list.value = each; problem.value = undefined }
      return 'again'
    }, (given) => { problem.value = given })
  }
  return { list, problem, picked, shown, follow }
})
