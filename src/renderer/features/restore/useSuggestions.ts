import { onMounted, type Ref, shallowRef } from 'vue'
import { useWorkbench } from '../../rpc/useWorkbench.ts'
import { useRestoreStore } from '../../stores/restore.ts'

export interface Suggestion {
  readonly word: string
  readonly path: string
}

/** Inputs that are near: the one planned last, and the images that a simulated camera brings along. Offered only if the workbench says that a restore could use them. */
export function useSuggestions(imagesFolder: () => string | undefined): Readonly<Ref<readonly Suggestion[]>> {
  const { client } = useWorkbench()
  const restore = useRestoreStore()
  const found = shallowRef<readonly Suggestion[]>([])

  onMounted(async () => {
    const list: Suggestion[] = []
    if (restore.lastPath) list.push({ word: 'Last used', path: restore.lastPath })
    const demo = imagesFolder()
    if (demo !== undefined && demo !== restore.lastPath) {
      // Not there is an answer too: then there is nothing to offer.
      const looks = await client.system.listFolder({ path: demo }).then(({ looksLike }) => looksLike, () => '')
      if (looks) list.push({ word: 'Demo image', path: demo })
    }
    found.value = list
  })
  return found
}
