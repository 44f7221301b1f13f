import { noFilters, type RackFilters, rackFiltersSchema } from '../../../shared/rack/rackFilter.schema.ts'
import { createWholeFile, type WholeFile } from './wholeFile.ts'

export const createRackFiltersFile = (path: string): WholeFile<RackFilters> =>
  createWholeFile<RackFilters>({ path, schema: rackFiltersSchema, first: noFilters, hint: 'Mend it or move it away; there are no saved filters then' })
