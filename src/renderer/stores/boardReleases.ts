import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import type { BoardReleasesView, BoardReleaseView } from '../../shared/ota/boardReleases.schema.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

/** Releases of MicroPython boards, followed while somebody looks at them. */
export const useBoardReleasesStore = defineStore('boardReleases', () => {
  const link = useWorkbench()
  const view = shallowRef<BoardReleasesView>()
  const problem = shallowRef<WireError>()
  const releases = computed<readonly BoardReleaseView[]>(() => view.value?.releases ?? [])
  const published = computed(() => releases.value.filter(({ publishedAtMs }) => publishedAtMs !== undefined))
  /** What boards are brought to once that one is no longer offered. */
  const without = (version: string): string | undefined => published.value.find((each) => each.version !== version)?.version
  function follow(signal: AbortSignal): void {
    void keepFollowing(link, signal, async (within) => {
      for await (const each of await link.client.boardReleases.watch({}, { signal: within })) { view.value = each; problem.value = undefined }
      return 'again'
    }, (given) => { problem.value = given })
  }
  return { view, problem, releases, published, without, follow }
})
