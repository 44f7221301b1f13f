import { z } from 'zod'
import { isDevicePath } from '../devices/devicePath.ts'

/** Nobody has more files to change at once, and a journal that claims so is none. */
export const mostTransactionOps = 20_000

const path = z.string().refine(isDevicePath, 'not a path below the root')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** Text of a link: bounded, and never empty. */
const linkText = z.string().min(1).max(4096)
/** Text of a state file such as `version.json`. */
const stateText = z.string().max(65_536)

/**
 * One thing that a transaction does, with what stood there before and what stands there after. `null`: nothing.
 * A folder is only ever made; one that is left empty stays.
 */
export const transactionOpSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('new'), target: path, staged: path, sha256_new: sha256 }),
  z.strictObject({ op: z.literal('replace'), target: path, staged: path, backup: path, sha256_old: sha256, sha256_new: sha256 }),
  z.strictObject({ op: z.literal('delete'), target: path, backup: path, sha256_old: sha256 }),
  z.strictObject({ op: z.literal('folder'), target: path }),
  z.strictObject({ op: z.literal('link'), target: path, from: linkText.nullable(), to: linkText.nullable() }),
])
export type TransactionOp = z.infer<typeof transactionOpSchema>

/** The file that names the version: written last, and only when everything else is durable. */
export const transactionStateSchema = z.strictObject({ target: path, from: stateText.nullable(), to: stateText })
export type TransactionState = z.infer<typeof transactionStateSchema>

/** Of the names of versions in a journal. */
export const mostNamedChars = 200
export const transactionPhases = ['applying', 'files_durable', 'committed'] as const

/**
 * The journal on the device. Everything is planned in it before the first rename. `begun` is written ahead: ops from that number on
 * have certainly not been touched. `crc32` is that of the same object without it.
 */
export const transactionJournalSchema = z.strictObject({
  v: z.literal(1),
  id: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  /** For people: what it leads from and to. */
  from: z.string().max(mostNamedChars).nullable(),
  to: z.string().max(mostNamedChars),
  phase: z.enum(transactionPhases),
  begun: z.number().int().min(0),
  ops: z.array(transactionOpSchema).max(mostTransactionOps),
  state: transactionStateSchema.nullable(),
})
export type TransactionJournal = z.infer<typeof transactionJournalSchema>
export type TransactionPlan = Omit<TransactionJournal, 'phase' | 'begun'>

/** Something that could not be brought back; its backup is kept. */
export const recoveryProblemSchema = z.strictObject({ target: z.string(), backup: z.string().optional(), why: z.string() })
export type RecoveryProblem = z.infer<typeof recoveryProblemSchema>

/** How a look at the device after an interruption ended. */
export const recoveryReportSchema = z.discriminatedUnion('end', [
  /** Nothing had been under way. */
  z.strictObject({ end: z.literal('nothing') }),
  /** Everything is as before the transaction, or after it. */
  z.strictObject({ end: z.literal('old'), id: z.string().optional(), from: z.string().nullable().optional(), isLegacy: z.boolean().optional() }),
  z.strictObject({ end: z.literal('new'), id: z.string(), to: z.string() }),
  /** Neither; the backups and the journal are still there, so it can be tried again. */
  z.strictObject({ end: z.literal('incomplete'), id: z.string().optional(), problems: z.array(recoveryProblemSchema) }),
])
export type RecoveryReport = z.infer<typeof recoveryReportSchema>

/** What happens on the device, for a job's record and the window. */
export const transactionEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('planned'), ops: z.number().int() }),
  z.strictObject({ type: z.literal('applied'), number: z.number().int(), op: z.string(), target: z.string() }),
  z.strictObject({ type: z.literal('proved'), files: z.number().int() }),
  z.strictObject({ type: z.literal('state-written'), target: z.string() }),
  z.strictObject({ type: z.literal('committed') }),
  z.strictObject({ type: z.literal('undoing'), why: z.string() }),
  z.strictObject({ type: z.literal('undone'), number: z.number().int(), op: z.string(), target: z.string() }),
  z.strictObject({ type: z.literal('not-undone'), target: z.string(), why: z.string() }),
])
export type TransactionEvent = z.infer<typeof transactionEventSchema>
