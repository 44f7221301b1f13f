import { z } from 'zod'

/** A name or an address, never a URL: what stands here is put into one. */
const host = z.string().min(1).max(253).regex(/^[A-Za-z0-9._:%-]+$/, 'letters, digits, dots, dashes; an IPv6 address without brackets')
const port = z.number().int().min(1).max(65_535)
const name = z.string().trim().min(1).max(128)
/** Under which the password is kept; the password itself never stands in a spec, a rack file or a report. */
const passwordRef = z.string().min(1).max(128).optional()
// No zero bytes: the system ends an argument there.
// eslint-disable-next-line no-control-regex -- a control character is what is refused
const word = z.string().max(4096).regex(/^[^\x00]*$/)
const argv = z.tuple([word.min(1)], word).refine((words) => words.length <= 64, 'at most 64 arguments')

const rack = z.object({ kind: z.literal('rack'), host, port: port.default(8080) })

const routeros = z.object({
  kind: z.literal('routeros'),
  host,
  /** Default: 8728, and 8729 with TLS. */
  port: port.optional(),
  user: name.default('admin'),
  passwordRef,
  tls: z.boolean().default(false),
  certificateSha256: z.string().transform((text) => text.replaceAll(/[\s:]/g, '').toLowerCase()).pipe(z.string().regex(/^[0-9a-f]{64}$/)).optional(),
  /** The interface's name; or else the comment beside it. */
  ethernet: name.optional(),
  comment: name.optional(),
  onMode: z.enum(['as-before', 'auto-on', 'forced-on']).default('as-before'),
  /** What all ports of that switch may draw together. Of several cameras of one switch the least holds. */
  budgetWatts: z.number().positive().max(10_000).optional(),
}).refine(({ ethernet, comment }) => (ethernet === undefined) !== (comment === undefined), { message: 'Either the name of the port or its comment', path: ['ethernet'] })

/** Shares the connection of the console: the bridge takes one client, and its camera has power only while that one stays. */
const vectis = z.object({ kind: z.literal('vectis'), host, port: port.default(35_240), legacyPulse: z.boolean().default(false) })

const pdudaemon = z.object({ kind: z.literal('pdudaemon'), host, port: port.default(16_421), pdu: name, outlet: name })

const tasmota = z.object({ kind: z.literal('tasmota'), host, port: port.default(80), relay: z.number().int().min(1).max(32).default(1), user: name.default('admin'), passwordRef })

const command = z.object({ kind: z.literal('command'), on: argv, off: argv, read: argv.optional(), limitMs: z.number().int().min(100).max(600_000).default(30_000) })

const manual = z.object({ kind: z.literal('manual') })

/** Who switches the power of one camera. */
export const powerSpecSchema = z.discriminatedUnion('kind', [rack, routeros, vectis, pdudaemon, tasmota, command, manual])
export type PowerSpec = z.infer<typeof powerSpecSchema>
export type PowerSpecInput = z.input<typeof powerSpecSchema>
export type PowerKind = PowerSpec['kind']

/** Known before anything is opened; what a workflow needs is checked against it. */
export const abilityOfKind = {
  rack: 'on-off', routeros: 'on-off', vectis: 'cycle-only', pdudaemon: 'on-off', tasmota: 'on-off', command: 'on-off', manual: 'manual',
} as const satisfies Readonly<Record<PowerKind, string>>
