import { z } from 'zod'
import { cameraLives } from './rackView.schema.ts'

/** What the filter of the rack was when somebody gave it a name: a group of cameras that changes with them. */
export const rackFilterSchema = z.object({
  name: z.string().trim().min(1).max(48),
  words: z.string().trim().max(200),
  life: z.enum(cameraLives).optional(),
}).refine(({ words, life }) => words !== '' || life !== undefined, 'it leaves nothing out')
export type RackFilter = z.infer<typeof rackFilterSchema>

/** Kept in the data folder: a window at the wall and one on a desk have the same ones. */
export const rackFiltersSchema = z.object({
  version: z.literal(1),
  filters: z.array(rackFilterSchema).max(64, 'there are 64 saved filters already').refine((filters) => new Set(filters.map(({ name }) => name)).size === filters.length, 'two filters have one name'),
})
export type RackFilters = z.infer<typeof rackFiltersSchema>
export const noFilters: RackFilters = { version: 1, filters: [] }
