import { implement } from '@orpc/server'
import { rackFiltersContract } from '../../src/shared/contracts/rackFilters.contract.ts'
import type { RackFilter } from '../../src/shared/rack/rackFilter.schema.ts'

/** Saved filters as the window asks for them. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is oRPC's
export function fixtureRackFilters(calls: string[], isNew: boolean) {
  const contract = implement(rackFiltersContract)
  let filters: RackFilter[] = isNew ? [] : [{ name: 'QA, not booted', words: 'qa -booted' }, { name: 'Failed in hall 2', words: 'hall 2', life: 'failed' }, { name: 'ev300 on the bench', words: 'ev300 bench' }]
  return {
    list: contract.list.handler(() => filters),
    save: contract.save.handler(({ input }) => {
      calls.push(`filter ${input.name} ${input.words} ${input.life ?? ''}`.trimEnd())
      filters = [...filters.filter(({ name }) => name !== input.name), input]
      return filters
    }),
    remove: contract.remove.handler(({ input }) => {
      calls.push(`filter gone ${input.name}`)
      filters = filters.filter(({ name }) => name !== input.name)
      return filters
    }),
  }
}
