import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import type { UpdateDeviceId, UpdateDeviceView, UpdateKind } from '../../shared/ota/deviceUpdate.schema.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { useViewStore } from './view.ts'

/** Appliances and boards as the window shows them; their jobs are those of the list of jobs. */
export const useDeviceUpdatesStore = defineStore('device-updates', () => {
  const link = useWorkbench()
  const view = useViewStore()
  const devices = shallowRef<readonly UpdateDeviceView[]>()
  const problem = shallowRef<WireError>()
  const picked = ref<UpdateDeviceId>()
  /** Asked just now, by a person or as the list was opened. */
  const asking = shallowRef<ReadonlySet<UpdateDeviceId>>(new Set())
  const ofKind = (kind: UpdateKind): readonly UpdateDeviceView[] => (devices.value ?? []).filter((device) => device.kind === kind)
  const shown = computed(() => {
    const own = (devices.value ?? []).filter((device) => device.kind === view.updatesTab)
    return own.find(({ id }) => id === picked.value) ?? own[0]
  })

  function follow(signal: AbortSignal): void {
    void keepFollowing(link, signal, async (within) => {
      for await (const list of await link.client.deviceUpdates.watch({}, { signal: within })) { devices.value = list; problem.value = undefined }
      return 'again'
    }, (given) => { problem.value = given })
  }
  /** Why it does not answer stands in its own row. */
  async function read(id: UpdateDeviceId, signal?: AbortSignal): Promise<void> {
    if (asking.value.has(id)) return
    asking.value = new Set(asking.value).add(id)
    try {
      await link.client.deviceUpdates.read({ id }, signal ? { signal } : {})
    } finally {
      const left = new Set(asking.value)
      left.delete(id)
      asking.value = left
    }
  }
  /** From the list of jobs: which tab it is in is told by the device. */
  function show(id: UpdateDeviceId): void {
    picked.value = id
    const kind = devices.value?.find((device) => device.id === id)?.kind
    if (kind) view.updatesTab = kind
  }
  return { devices, problem, picked, asking, shown, ofKind, follow, read, show }
})
