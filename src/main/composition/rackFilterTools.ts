import type { PodSpec } from '../core/rack/rackBook.ts'
import { camerasOfFilter, filterNamed } from '../core/rack/rememberedFilter.ts'
import type { InventoryDesk } from './inventoryDesk.ts'
import { listRackFilters } from './rackFiltersRoutes.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { RackFilter } from '../../shared/rack/rackFilter.schema.ts'

/** What windows saved under a name, for a command, which has no window and no open console. */
export interface RackFilterTools {
  /** Each with how many cameras it means now, or why only the window knows. */
  list(): Promise<readonly (RackFilter & { readonly cameras?: number; readonly why?: string })[]>
  /** At least one: a filter that means nobody is a mistake of whoever acts by it. */
  cameras(name: string): Promise<readonly PodSpec[]>
}

export function createRackFilterTools(dataFolder: string, inventories: Pick<InventoryDesk, 'list'>): RackFilterTools {
  return {
    list: async () => {
      const pods = await inventories.list()
      return (await listRackFilters(dataFolder)).map((filter) => ({ ...filter, ...countOf(filter, pods) }))
    },
    cameras: async (name) => {
      const found = camerasOfFilter(filterNamed(name, await listRackFilters(dataFolder)), await inventories.list())
      if (found.length === 0) throw new WorkbenchError('input/not-found', `The filter "${name.slice(0, 48)}" means no camera of this rack`, { hint: '"rackbench rack filters" says what each filter asks for' })
      return found
    },
  }
}

function countOf(filter: RackFilter, pods: readonly PodSpec[]): { readonly cameras?: number; readonly why?: string } {
  try {
    return { cameras: camerasOfFilter(filter, pods).length }
  } catch (error) {
    if (error instanceof WorkbenchError) return { why: error.message }
    throw error
  }
}
