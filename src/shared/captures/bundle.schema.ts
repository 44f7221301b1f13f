import { z } from 'zod'
import { cameraIdSchema, jobIdSchema } from '../devices/ids.ts'

/** What is looked for and taken out. Each is replaced by a mark of its own, so that a reader knows what stood there. */
export const redactionRules = [
  { id: 'password', title: 'Passwords', mark: 'password', about: 'wlanpass=…, "Password: …", --password …, and what is typed at such a question' },
  { id: 'key', title: 'Keys and secrets', mark: 'key', about: '…key=…, …secret=…, …token=…, private keys' },
  { id: 'wlan', title: 'WLAN keys', mark: 'WLAN key', about: 'psk=…, wpa_passphrase …' },
  { id: 'login', title: 'Logins in addresses', mark: 'login', about: 'rtsp://user:password@…' },
  { id: 'routeros', title: 'RouterOS secrets', mark: 'RouterOS secret', about: 'pre-shared-key=…, passphrase=…' },
  { id: 'token', title: 'Tokens', mark: 'token', about: 'JWT, bearer tokens, Authorization: …' },
  { id: 'hash', title: 'Password hashes', mark: 'password hash', about: 'lines of /etc/shadow' },
  { id: 'serial', title: 'Serial numbers and licences', mark: 'serial number', about: 'serial=…, device_id=…, ABCD-1234-EFGH-5678' },
  { id: 'address', title: 'IP addresses', mark: 'IP address', about: 'only when chosen' },
  { id: 'mac', title: 'Hardware addresses', mark: 'hardware address', about: 'only when chosen' },
] as const
export type RedactionRule = (typeof redactionRules)[number]['id']
const ruleIds = redactionRules.map(({ id }) => id) as [RedactionRule, ...RedactionRule[]]
/** Addresses say where something was wrong more often than they give anything away. */
export const usualRules: readonly RedactionRule[] = ruleIds.filter((id) => id !== 'address' && id !== 'mac')
/** What a person named, and what was learned: a secret that one line gave away is taken out of every other line, too. */
export const redactionKinds = [...ruleIds, 'word', 'pattern', 'learned'] as const
export type RedactionKind = (typeof redactionKinds)[number]

export const redactionSchema = z.object({
  rules: z.array(z.enum(ruleIds)).max(ruleIds.length).default([...usualRules]),
  /** As they are; capitals do not matter. */
  words: z.array(z.string().trim().min(2, 'a word to take out has two letters at least').max(200, 'a word to take out has 200 letters at most')).max(100).default([]),
  /** JavaScript patterns, tried on each line; capitals do not matter. */
  patterns: z.array(z.string().min(1, 'a pattern is empty').max(300, 'a pattern has 300 letters at most')).max(20).default([]),
})
export type Redaction = z.infer<typeof redactionSchema>

export const bundleRequestSchema = z.object({
  /** None means all. */
  cameras: z.array(cameraIdSchema).max(1000).default([]),
  /** None means all of those cameras in that time. */
  jobs: z.array(jobIdSchema).max(1000).default([]),
  sinceMs: z.number().optional(), untilMs: z.number().optional(),
  withConsoles: z.boolean().default(true), withJobs: z.boolean().default(true), withInventory: z.boolean().default(true),
  redaction: redactionSchema.default({ rules: [...usualRules], words: [], patterns: [] }),
  /** Every byte as it was, secrets and all: nothing is taken out of these. */
  withRawBytes: z.boolean().default(false),
  /** A new file on the machine of the workbench; absent: one in its data folder. */
  path: z.string().min(1).max(4096).optional(),
})
export type BundleRequest = z.infer<typeof bundleRequestSchema>

const foundSchema = z.array(z.object({ kind: z.enum(redactionKinds), count: z.number().int().min(1) }))
export const bundlePlanSchema = z.object({
  path: z.string(),
  consoles: z.array(z.object({ camera: cameraIdSchema, cameraName: z.string(), session: z.string(), startedAtMs: z.number(), endedAtMs: z.number(), bytes: z.number().int() })),
  jobs: z.array(z.object({ id: jobIdSchema, title: z.string(), state: z.string(), queuedAtMs: z.number() })),
  cameras: z.number().int(),
  /** Of the consoles, before they are packed. */
  bytes: z.number().int(),
  found: foundSchema,
  warnings: z.array(z.string()),
})
export type BundlePlan = z.infer<typeof bundlePlanSchema>
export const bundleMadeSchema = z.object({ path: z.string(), bytes: z.number().int(), files: z.number().int(), found: foundSchema })
export type BundleMade = z.infer<typeof bundleMadeSchema>
