import { useTimeoutFn } from '@vueuse/core'
import { type Component, defineAsyncComponent } from 'vue'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'

export interface LateParts {
  /** A part of the window that is fetched when it is shown, so that the rack is on the screen sooner. */
  part<T extends Component>(load: () => Promise<{ default: T }>): T
  /** Fetches what nobody has opened yet, one after the other: a part is then there at once, also when the workbench is gone by then. */
  fetchAll(): Promise<void>
  /** The same after a while (ms), unless whoever asked is gone by then; called in the setup of a component, and what it gives starts the while. */
  fetchAllAfter(ms: number, idle: (work: () => void) => void): () => void
}

export function createLateParts(): LateParts {
  const loads: (() => Promise<unknown>)[] = []
  const fetchAll = async (): Promise<void> => {
    // One that fails is tried again when it is opened, and says so then.
    for (const load of loads) await load().catch(() => undefined)
  }
  return {
    part: <T extends Component>(load: () => Promise<{ default: T }>): T => {
      loads.push(load)
      const told = async (): Promise<T> => {
        try {
          return (await load()).default
        } catch (cause) {
          throw new WorkbenchError('link/unreachable', 'This part of the window could not be fetched from the workbench', { cause, hint: 'Open it again; when that does not help, reload the window' })
        }
      }
      return defineAsyncComponent(told)
    },
    fetchAll,
    fetchAllAfter: (ms, idle) => {
      const { start } = useTimeoutFn(() => { idle(() => { void fetchAll() }) }, ms, { immediate: false })
      return () => { start() }
    },
  }
}
