import { useIntervalFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { Cancelled } from '../../shared/errors/workbenchError.ts'
import type { MachineStatus } from '../../shared/rack/rackView.schema.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

export const useMachineStore = defineStore('machine', () => {
  const link = useWorkbench()
  const closing = new AbortController()
  onScopeDispose(() => { closing.abort(new Cancelled('the window closed')) })

  const status = shallowRef<MachineStatus>()
  /** Wall time of the workbench minus ours: elapsed times are counted from its events. */
  const offsetMs = ref(0)
  const tickMs = ref(Date.now())
  useIntervalFn(() => { tickMs.value = Date.now() }, 500)

  void keepFollowing(link, closing.signal, async (signal) => {
    for await (const next of await link.client.system.watchStatus({}, { signal })) {
      status.value = next
      offsetMs.value = next.atMs - Date.now()
    }
    return 'again'
  }, () => undefined)

  const nowMs = computed(() => tickMs.value + offsetMs.value)
  return { status, nowMs, link: link.state, retryNow: () => { link.retryNow() } }
})
