import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { ViewerWish } from '../../shared/consoles/consoleTools.schema.ts'

/** Who this window is for the others that look at the same consoles. */
export const useViewerStore = defineStore('viewer', () => {
  /** Empty: the workbench calls it "window 1". */
  const name = useLocalStorage('rackbench-viewer-name', '')
  const viewer = computed<ViewerWish>(() => ({ name: name.value.trim().slice(0, 40) }))
  return { name, viewer }
})
