import { z } from 'zod'

/** A rack of a thousand pods with long notes has a tenth of it. */
export const maxRackYamlChars = 1_000_000

export const rackYamlWishSchema = z.object({
  text: z.string().max(maxRackYamlChars),
  /** Pods and cameras that this rack does not have keep the ids of the file: a rack that comes from another computer. */
  keepIds: z.boolean().default(false),
})
export type RackYamlWish = z.infer<typeof rackYamlWishSchema>

const named = { podId: z.string(), camera: z.string(), pod: z.string() }

/** What an import would do, before it does anything. With problems it does nothing at all. */
export const rackImportViewSchema = z.object({
  /** Of the file and of the rack that it was compared with. */
  hash: z.string().length(64),
  added: z.array(z.object({ ...named, address: z.string() })),
  changed: z.array(z.object({ ...named, changes: z.array(z.object({ field: z.string(), from: z.string(), to: z.string() })) })),
  /** In the file just as they are here. */
  unchanged: z.array(z.object(named)),
  /** Not in the file: left alone. */
  untouched: z.array(z.object(named)),
  /** What the person has to do afterwards. */
  notes: z.array(z.string()),
  problems: z.array(z.object({ line: z.number().int().min(1), message: z.string() })),
})
export type RackImportView = z.infer<typeof rackImportViewSchema>
