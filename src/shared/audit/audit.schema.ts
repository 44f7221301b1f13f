import { z } from 'zod'

/** What is written down before it is done. Closed, so that a list can be filtered and a new act is a decision. */
export const auditActs = [
  'restore', 'install', 'agent write', 'agent erase', 'burn',
  'power on', 'power off', 'power cycle', 'power override', 'change power',
  'remove pod', 'delete captures', 'change capture settings', 'import inventory', 'accept identity', 'accept host key', 'export switch configuration',
  'update device', 'upload firmware', 'publish firmware', 'withdraw firmware', 'publish release', 'withdraw release', 'remove release',
  'escalate client', 'change fleet client',
  'keep secret', 'remove secret', 'move secrets', 'outcome', 'note',
] as const
export type AuditAct = (typeof auditActs)[number]

const detailName = z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,31}$/)
export const auditDetailsSchema = z.record(detailName, z.union([z.string().max(400), z.number(), z.boolean()]))
export type AuditDetails = z.infer<typeof auditDetailsSchema>

const hash = z.string().regex(/^[0-9a-f]{64}$/)

export const auditEntrySchema = z.strictObject({
  /** From 1, without holes. */
  seq: z.number().int().min(1),
  /** Wall time, ms since 1970. */
  atMs: z.number(),
  who: z.strictObject({ host: z.string().max(16), user: z.string().max(64) }),
  what: z.enum(auditActs),
  /** The camera, the pod, the switch: by its name for people. */
  subject: z.string().max(200),
  details: auditDetailsSchema,
  /** `hash` of the entry before; zeros for the first. */
  prev: hash,
  /** SHA-256 over the canonical JSON of all the rest. */
  hash,
})
export type AuditEntry = z.infer<typeof auditEntrySchema>

export const auditQuerySchema = z.object({ sinceMs: z.number().optional(), subject: z.string().max(200).optional(), limit: z.number().int().min(1).max(1000).default(200) })
export type AuditQuery = z.infer<typeof auditQuerySchema>

export const auditReportSchema = z.object({
  /** torn: the last line of a file is not whole, and all before it is right. */
  state: z.enum(['ok', 'broken', 'torn']),
  /** Right ones from the beginning. */
  entries: z.number().int().min(0),
  /** `hash` of the last right entry: kept elsewhere, it proves later that nothing up to it was cut off. */
  head: z.string(),
  /** Where it is broken. */
  seq: z.number().int().optional(),
  why: z.string().optional(),
})
export type AuditReport = z.infer<typeof auditReportSchema>
