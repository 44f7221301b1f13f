import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import type { CameraId } from '../../shared/devices/ids.ts'
import { Cancelled, type WireError } from '../../shared/errors/workbenchError.ts'
import type { CameraView, PodView, RackView } from '../../shared/rack/rackView.schema.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

export const useRackStore = defineStore('rack', () => {
  const link = useWorkbench()
  const closing = new AbortController()
  onScopeDispose(() => { closing.abort(new Cancelled('the window closed')) })

  const view = shallowRef<RackView>()
  const problem = shallowRef<WireError>()

  void keepFollowing(link, closing.signal, async (signal) => {
    for await (const next of await link.client.rack.watch({}, { signal })) {
      view.value = next
      problem.value = undefined
    }
    return 'again'
  }, (met) => { problem.value = met })

  const pods = computed<readonly PodView[]>(() => view.value?.pods ?? [])
  const cameras = computed<readonly CameraView[]>(() => pods.value.flatMap((pod) => pod.cameras))
  const byId = computed<ReadonlyMap<CameraId, CameraView>>(() => new Map(cameras.value.map((camera) => [camera.id, camera])))
  const podOf = computed<ReadonlyMap<CameraId, PodView>>(() => new Map(pods.value.flatMap((pod) => pod.cameras.map((camera) => [camera.id, pod] as const))))
  const known = computed(() => view.value !== undefined)
  const hasDemo = computed(() => pods.value.some((pod) => pod.simulated))

  return { view, problem, pods, cameras, byId, podOf, known, hasDemo }
})
