import { onScopeDispose, type Ref, shallowRef, watch } from 'vue'
import type { ConsoleMark } from '../../../shared/consoles/consoles.schema.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import { keepFollowing } from '../../composables/keepFollowing.ts'
import { useWorkbench } from '../../rpc/useWorkbench.ts'

const keptMarks = 8_192

/** Followed only while somebody wants them: a terminal shows no times. */
export function useConsoleMarks(cameraId: CameraId, wanted: () => boolean): Readonly<Ref<readonly ConsoleMark[]>> {
  const link = useWorkbench()
  const marks = shallowRef<readonly ConsoleMark[]>([])
  let stop: AbortController | undefined

  function follow(signal: AbortSignal): void {
    void keepFollowing(link, signal, async (within) => {
      for await (const news of await link.client.consoles.watchMarks({ cameraId, after: marks.value.at(-1)?.sequence ?? 0 }, { signal: within })) {
        // A workbench that was started again counts anew.
        const isAnew = (news[0]?.sequence ?? 0) <= (marks.value.at(-1)?.sequence ?? 0)
        marks.value = [...(isAnew ? [] : marks.value), ...news].slice(-keptMarks)
      }
      return 'again'
    }, () => undefined)
  }
  watch(wanted, (is) => {
    stop?.abort(new Cancelled('nobody looks at the times'))
    stop = is ? new AbortController() : undefined
    if (stop) follow(stop.signal)
  }, { immediate: true })
  onScopeDispose(() => { stop?.abort(new Cancelled('the pane closed')) })
  return marks
}
