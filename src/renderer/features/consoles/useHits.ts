import { onScopeDispose, type Ref, shallowRef } from 'vue'
import type { CameraId } from '../../../shared/devices/ids.ts'
import type { RuleHit } from '../../../shared/consoles/consoleTools.schema.ts'
import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import { keepFollowing } from '../../composables/keepFollowing.ts'
import { useWorkbench } from '../../rpc/useWorkbench.ts'

const keptHits = 500

/** What rules met, newest last; of one camera, or of all. */
export function useHits(cameraId: CameraId | undefined, onNews: (hits: readonly RuleHit[], isFirst: boolean) => void = () => undefined): Readonly<Ref<readonly RuleHit[]>> {
  const link = useWorkbench()
  const hits = shallowRef<readonly RuleHit[]>([])
  const closing = new AbortController()
  void keepFollowing(link, closing.signal, async (signal) => {
    for await (const news of await link.client.consoles.watchHits({ ...(cameraId === undefined ? {} : { cameraId }), after: hits.value.at(-1)?.sequence ?? 0 }, { signal })) {
      // A workbench that was started again counts anew.
      const isAnew = (news[0]?.sequence ?? 0) <= (hits.value.at(-1)?.sequence ?? 0)
      onNews(news, hits.value.length === 0)
      hits.value = [...(isAnew ? [] : hits.value), ...news].slice(-keptHits)
    }
    return 'again'
  }, () => undefined)
  onScopeDispose(() => { closing.abort(new Cancelled('nobody looks at hits')) })
  return hits
}
