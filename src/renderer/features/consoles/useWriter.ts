import { onScopeDispose, shallowRef } from 'vue'
import type { CameraId } from '../../../shared/devices/ids.ts'
import type { WriterView } from '../../../shared/consoles/consoleTools.schema.ts'
import { Cancelled, type WireError } from '../../../shared/errors/workbenchError.ts'
import { keepFollowing } from '../../composables/keepFollowing.ts'
import { toProblem } from '../../rpc/problems.ts'
import { useWorkbench } from '../../rpc/useWorkbench.ts'
import { useViewerStore } from '../../stores/viewer.ts'

/** Who types into one console. Following it is what keeps this window's place, so every pane does. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- refs, as Vue infers them
export function useWriter(cameraId: CameraId) {
  const link = useWorkbench()
  const { client } = link
  const store = useViewerStore()
  const writer = shallowRef<WriterView>()
  const problem = shallowRef<WireError>()
  const closing = new AbortController()

  void keepFollowing(link, closing.signal, async (signal) => {
    for await (const view of await client.consoles.watchWriter({ cameraId, viewer: store.viewer }, { signal })) writer.value = view
    return 'again'
  }, (met) => { problem.value = met })
  onScopeDispose(() => { closing.abort(new Cancelled('the pane closed')) })

  async function tell(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      problem.value = undefined
    } catch (error) {
      problem.value = toProblem(error)
    }
  }
  const mine = (): { cameraId: CameraId; viewer: typeof store.viewer } => ({ cameraId, viewer: store.viewer })
  return {
    writer, problem,
    take: async (): Promise<void> => { await tell(async () => await client.consoles.takeWriter(mine())) },
    free: async (): Promise<void> => { await tell(async () => await client.consoles.freeWriter(mine())) },
    release: async (): Promise<void> => { await tell(async () => await client.consoles.release(mine())) },
    takeBack: async (): Promise<void> => { await tell(async () => await client.consoles.takeBack({ cameraId })) },
  }
}
export type Writing = ReturnType<typeof useWriter>
