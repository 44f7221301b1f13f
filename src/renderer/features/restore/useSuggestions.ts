import { onMounted, type Ref, shallowRef } from 'vue'
import { useWorkbench } from '../../rpc/useWorkbench.ts'
import { useInstallStore } from '../../stores/install.ts'
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

/** Releases that are near: the one planned last, and the one that a simulated camera brings along. */
export function useReleaseSuggestions(imagesFolder: () => string | undefined): Readonly<Ref<readonly Suggestion[]>> {
  const { client } = useWorkbench()
  const installs = useInstallStore()
  const found = shallowRef<readonly Suggestion[]>([])

  onMounted(async () => {
    const list: Suggestion[] = []
    if (installs.lastPath) list.push({ word: 'Last used', path: installs.lastPath })
    const folder = imagesFolder()
    const beside = folder === undefined ? undefined : await client.system.listFolder({ path: folder }).then(async ({ parent }) => (parent === undefined ? undefined : client.system.listFolder({ path: parent })), () => undefined)
    for (const { kind, name, path } of beside?.entries ?? []) if (kind === 'file' && name.endsWith('.tgz') && path !== installs.lastPath) list.push({ word: 'Demo release', path })
    found.value = list
  })
  return found
}
