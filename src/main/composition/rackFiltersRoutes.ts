import { join } from 'node:path'
import { implement } from '@orpc/server'
import { rackFiltersContract } from '../../shared/contracts/rackFilters.contract.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { RackFilter, RackFilters } from '../../shared/rack/rackFilter.schema.ts'
import { createRackFiltersFile } from '../drivers/storage/rackFiltersFile.ts'

const mostFilters = 64
const fileIn = (dataFolder: string): string => join(dataFolder, 'rackFilters.json')
const byName = ({ filters }: RackFilters): RackFilter[] => [...filters].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))

/** For a command, which has no window. */
export const listRackFilters = async (dataFolder: string): Promise<readonly RackFilter[]> => byName(await createRackFiltersFile(fileIn(dataFolder)).read())

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function rackFiltersRoutes(dataFolder: string) {
  const contract = implement(rackFiltersContract)
  const file = createRackFiltersFile(fileIn(dataFolder))
  const without = ({ filters }: RackFilters, name: string): RackFilter[] => filters.filter((each) => each.name !== name)
  return {
    list: contract.list.handler(async () => byName(await file.read())),
    save: contract.save.handler(async ({ input }) => {
      await file.change((old) => {
        const others = without(old, input.name)
        if (others.length >= mostFilters) throw new WorkbenchError('input/too-large', `There are ${mostFilters} saved filters already`, { hint: 'Delete one that nobody needs' })
        return { version: 1, filters: [...others, input] }
      })
      return byName(await file.read())
    }),
    remove: contract.remove.handler(async ({ input }) => {
      await file.change((old) => ({ version: 1, filters: without(old, input.name) }))
      return byName(await file.read())
    }),
  }
}
