import { z } from 'zod'

const count = z.number().int().min(0)
/** Present and wrong counts as absent: these figures inform, they decide nothing. */
const maybeCount = z.number().min(0).optional().catch(undefined)
const maybeText = z.string().optional().catch(undefined)

export const podStoreSchema = z.object({
  files: z.array(z.object({ name: z.string(), size: count, reads: count.default(0) })).max(64),
  max_size_bytes: count,
  max_slots: count,
  psram_free_bytes: count.default(0),
  // Missing means that nothing fits, which is the safe reading.
  psram_largest_free_block: count.catch(0),
})

export const stagedSchema = z.object({ size: maybeCount })

export const podErrorSchema = z.object({ error: maybeText, requested: maybeCount, psram_largest_free: maybeCount })

export const fastbootResultSchema = z.object({
  success: z.unknown(),
  last_phase: maybeText,
  failed_phase: maybeText,
  error: maybeText,
  elapsed_ms: maybeCount,
  handshake_markers: maybeCount,
})
