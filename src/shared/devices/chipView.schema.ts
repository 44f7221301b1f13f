import { z } from 'zod'
import { wireErrorSchema } from '../errors/wireError.schema.ts'

/** One chip of the catalogue, and what its boot ROM still lacks on this computer. */
export const chipViewSchema = z.object({
  name: z.string(),
  protocol: z.enum(['standard', 'v500', 'cv6xx']),
  /** A camera with this chip can be started over its boot ROM now. */
  ready: z.boolean(),
  needs: z.array(z.enum(['profile', 'U-Boot image'])),
  /** Its U-Boot can be downloaded; otherwise somebody has to have one. */
  hasPublicUboot: z.boolean(),
})
export type ChipView = z.infer<typeof chipViewSchema>

/** Of an image that is here already: only the same one again, or whatever is published now. */
export const ubootRefreshSchema = z.enum(['same', 'accept-other'])
export type UbootRefresh = z.infer<typeof ubootRefreshSchema>

export const profileImportSchema = z.object({
  /** Chips whose profile was stored, in order. */
  imported: z.array(z.string()),
  refused: z.array(z.object({ file: z.string(), error: wireErrorSchema })),
  warnings: z.array(z.string()),
  /** Chips that can be started now, after this. */
  ready: z.array(z.string()),
})
export type ProfileImportResult = z.infer<typeof profileImportSchema>
