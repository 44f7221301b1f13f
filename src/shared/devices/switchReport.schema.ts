import { z } from 'zod'

const host = z.string().min(1).max(253).regex(/^[A-Za-z0-9._:%-]+$/, 'letters, digits, dots, dashes; an IPv6 address without brackets')
const port = z.number().int().min(1).max(65_535).optional()
const text = z.string().trim().max(128)

/** How a RouterOS switch is reached, as somebody typed it a moment ago: nothing of it is remembered. */
export const switchWishSchema = z.object({
  host, port, user: text.min(1).default('admin'), password: z.string().max(1024).default(''),
  /** SHA-256 of its certificate; absent: without TLS. */
  certificateSha256: z.string().max(128).optional(),
  /** The port by its own name, or by the comment beside it. */
  ethernet: text.optional(),
  comment: text.optional(),
})
export type SwitchWish = z.infer<typeof switchWishSchema>

const switchPort = z.object({ name: z.string(), comment: z.string() })

/** What a switch says of itself when it is only asked. */
export const switchReportSchema = z.object({
  label: z.string(),
  identity: z.string(),
  /** Every Ethernet port, with its comment. */
  ports: z.array(switchPort),
  /** The one that is meant; absent when nobody can tell, and then it is asked. */
  port: switchPort.extend({
    foundBy: z.enum(['name', 'comment', 'similar comment']),
    /** `none`: a port without PoE. */
    state: z.enum(['on', 'off', 'unknown', 'none']),
  }).optional(),
  /** Why no port is meant, in words; empty when one is. */
  question: z.string(),
})
export type SwitchReport = z.infer<typeof switchReportSchema>

export const auditWishSchema = switchWishSchema.pick({ host: true, user: true, password: true, ethernet: true }).extend({
  sshPort: port,
  /** Of the key that the person has compared and accepts: `SHA256:…`. */
  acceptKey: z.string().max(128).optional(),
})
export type AuditWish = z.infer<typeof auditWishSchema>

/** What a port gives at this moment, as far as its hardware tells. */
export const poeReadingSchema = z.object({ status: z.string(), volts: z.number().optional(), milliamperes: z.number().optional(), watts: z.number().optional() })

/** Where the record lies, and whose it is; `poe` of the port that was named. A port that tells none is no reason to have no record. */
export const auditRecordSchema = z.object({ path: z.string(), lengthBytes: z.number().int(), label: z.string(), hostKeySha256: z.string(), poe: poeReadingSchema.optional(), /** Why there is no reading of a port that was named. */ poeProblem: z.string().optional() })
export type AuditRecord = z.infer<typeof auditRecordSchema>
