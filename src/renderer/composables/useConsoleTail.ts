import { onScopeDispose, type Ref, shallowRef, watch } from 'vue'
import type { CameraId } from '../../shared/devices/ids.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { LineTail } from '../ui/lineTail.ts'

/** Enough bytes for the lines of a card, so that opening a rack does not replay every history. */
const backBytes = 2048
const showEveryMs = 120

/** The last lines of one console, live. `receivedBytes` says where its history ends now. */
export function useConsoleTail(camera: Ref<CameraId>, receivedBytes: () => number, keep: number): Readonly<Ref<readonly string[]>> {
  const { lane } = useWorkbench()
  const lines = shallowRef<readonly string[]>([])
  let stop = (): void => undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  watch(camera, (id) => {
    stop()
    lines.value = []
    const tail = new LineTail(keep)
    const show = (): void => { timer ??= setTimeout(() => { timer = undefined; lines.value = tail.lines }, showEveryMs) }
    stop = lane.watch(id, Math.max(0, receivedBytes() - backBytes), {
      onBytes: (bytes) => { tail.push(bytes); show() },
      onSkipped: () => undefined,
    })
  }, { immediate: true })
  onScopeDispose(() => { stop(); clearTimeout(timer) })
  return lines
}
