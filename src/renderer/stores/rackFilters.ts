import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowRef } from 'vue'
import { Cancelled, type WireError } from '../../shared/errors/workbenchError.ts'
import type { RackFilter } from '../../shared/rack/rackFilter.schema.ts'
import { toProblem } from '../rpc/problems.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { useViewStore } from './view.ts'

/** Filters of the rack that have a name, as the workbench keeps them for all windows. */
export const useRackFiltersStore = defineStore('rackFilters', () => {
  const { client } = useWorkbench()
  const view = useViewStore()
  const closing = new AbortController()
  onScopeDispose(() => { closing.abort(new Cancelled('the window closed')) })

  /** Absent until the workbench has told. */
  const list = shallowRef<readonly RackFilter[]>()
  const problem = shallowRef<WireError>()

  async function tell(work: (options: { signal: AbortSignal }) => Promise<readonly RackFilter[]>): Promise<boolean> {
    try {
      list.value = await work({ signal: closing.signal })
      problem.value = undefined
      return true
    } catch (error) {
      if (!closing.signal.aborted) problem.value = toProblem(error)
      return false
    }
  }
  const now = computed<Omit<RackFilter, 'name'>>(() => ({ words: view.wordFilter.trim(), ...(view.lifeFilter === undefined ? {} : { life: view.lifeFilter }) }))
  const isSet = computed(() => now.value.words !== '' || now.value.life !== undefined)
  /** The saved one that the rack shows now. */
  const shown = computed(() => (isSet.value ? list.value?.find(({ words, life }) => words === now.value.words && life === now.value.life) : undefined))

  return {
    list, problem, now, isSet, shown,
    read: async (): Promise<void> => { await tell(async (options) => await client.rackFilters.list({}, options)) },
    save: async (name: string): Promise<boolean> => await tell(async (options) => await client.rackFilters.save({ name, ...now.value }, options)),
    remove: async (name: string): Promise<boolean> => await tell(async (options) => await client.rackFilters.remove({ name }, options)),
    show: ({ words, life }: RackFilter): void => { view.wordFilter = words; view.lifeFilter = life; view.view = 'rack' },
  }
})
