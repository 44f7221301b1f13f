import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { viewerSchema } from './consoleTools.schema.ts'

/** When something passed on a console. Received bytes come over the byte lane; a mark tells the time of those from its position on. */
export const consoleMarkSchema = z.object({
  sequence: z.number().int(),
  /** In the console's whole history, as in the byte lane. */
  position: z.number(),
  /** Wall time of the workbench. */
  atMs: z.number(),
  /** Of what was sent at that place: one letter for each byte. */
  sent: z.string().max(64 * 1024).optional(),
})
export type ConsoleMark = z.infer<typeof consoleMarkSchema>

export const encodings = ['utf-8', 'latin-1'] as const
export const lineEnds = ['CR', 'LF', 'CRLF', 'none'] as const
export const typeRequestSchema = z.object({
  cameraId: cameraIdSchema,
  text: z.string().max(4096),
  /** With Latin-1 each letter is one byte, so any bytes can be sent. */
  encoding: z.enum(encodings).optional(),
  /** Who types: takes the writer when nobody has it. Without one it goes through while nobody has it. */
  viewer: viewerSchema.optional(),
})

/** What only some lines can do. */
export const lineAbilitiesSchema = z.object({ baudRate: z.boolean(), modemLines: z.boolean(), break: z.boolean() })
export type LineAbilities = z.infer<typeof lineAbilitiesSchema>

export const lineWishSchema = z.object({
  breakMs: z.number().int().min(1).max(5_000).optional(),
  dtr: z.boolean().optional(),
  rts: z.boolean().optional(),
  /** Until the line is opened again or a job takes it. */
  baudRate: z.number().int().min(300).max(4_000_000).optional(),
})
export type LineWish = z.infer<typeof lineWishSchema>

/** How one camera is typed to. */
export const typingSchema = z.object({ lineEnd: z.enum(lineEnds), encoding: z.enum(encodings) })
export type Typing = z.infer<typeof typingSchema>
export const defaultTyping: Typing = { lineEnd: 'CR', encoding: 'utf-8' }

/** Kept with the workbench, for whoever looks. */
export const consoleSettingsSchema = z.object({
  version: z.literal(1),
  typing: z.record(cameraIdSchema, typingSchema),
})
export type ConsoleSettings = z.infer<typeof consoleSettingsSchema>
