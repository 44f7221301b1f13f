import { z } from 'zod'
import { ruleTones } from '../consoles/consoleTools.schema.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../devices/ids.ts'
import { pictureViewSchema } from '../pictures/pictures.schema.ts'
import { verdictSchema } from '../restore/restore.schema.ts'
import { inventorySchema } from './inventory.schema.ts'
import { whyNotSchema } from './whyNot.schema.ts'

/**
 * One word for each state of a camera's life. off: power is off · boot rom: waiting for an upload · u-boot: at its prompt or starting ·
 * booting: the kernel talks · booted: a login prompt was seen · boot loop: banners without login · silent: powered, console quiet ·
 * working: a job holds it · failed: its last job failed · unknown: nobody can tell (pod unreachable, bridge lost).
 */
export const cameraLives = ['off', 'boot rom', 'u-boot', 'booting', 'booted', 'boot loop', 'silent', 'working', 'failed', 'unknown'] as const
export type CameraLife = (typeof cameraLives)[number]

export const cameraViewSchema = z.object({
  id: cameraIdSchema,
  name: z.string(),
  podId: podIdSchema,
  chip: z.string(),
  flashBytes: z.number().int().min(0),
  power: z.enum(['on', 'off', 'unknown']),
  /** What can be done about its power, and by whom. */
  powerAbility: z.enum(['on-off', 'cycle-only', 'manual']),
  powerLabel: z.string(),
  watts: z.number().optional(),
  life: z.enum(cameraLives),
  /** A few words beside the state: "login:", "kernel 61 %", "4 resets". */
  lifeNote: z.string(),
  /** 0 to 4: boot ROM, U-Boot, kernel, login. */
  bootStage: z.number().int().min(0).max(4),
  lastLine: z.string(),
  /** Bytes received per second, oldest first, 24 values. */
  activity: z.array(z.number()),
  /** lent: a job has it · released: closed for another program, until somebody takes it back. */
  console: z.enum(['open', 'connecting', 'closed', 'lent', 'released']),
  consoleNote: z.string(),
  bytesReceived: z.number(),
  bytesLost: z.number(),
  /** What it cannot do, and what to know of the rest. Absent until somebody has looked at its boot files. */
  whyNot: z.array(whyNotSchema).optional(),
  /** Absent while nobody has said anything about it. */
  inventory: inventorySchema.optional(),
  leaseHolder: z.string().optional(),
  picture: pictureViewSchema.optional(),
  /** Where its picture may be, after what its console told of its address. Nobody asks there before a person has taken it. */
  pictureOffer: z.string().optional(),
  /** What its console said it runs, and when it said so last (wall, ms). */
  firmware: z.object({ text: z.string(), seenAtMs: z.number() }).optional(),
  /** What rules met that somebody should know, since it was last cleared. */
  alarms: z.object({ count: z.number().int(), kinds: z.number().int(), words: z.string(), tone: z.enum(ruleTones), atMs: z.number() }).optional(),
  job: z.object({
    id: jobIdSchema, state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted']),
    workflow: z.enum(['restore', 'install', 'dump', 'burn', 'agent', 'update']), title: z.string(), phase: z.string(), percent: z.number().min(0).max(100).optional(), verdict: verdictSchema.optional(),
  }).optional(),
})
export type CameraView = z.infer<typeof cameraViewSchema>

export const podViewSchema = z.object({
  id: podIdSchema,
  name: z.string(),
  /** As the person gave it: `rack://10.216.128.69`. */
  url: z.string(),
  state: z.enum(['reachable', 'unreachable', 'checking']),
  note: z.string(),
  storeFreeBytes: z.number().optional(),
  storeTotalBytes: z.number().optional(),
  simulated: z.boolean(),
  /** Images that come with the device; only simulated ones bring any. */
  imagesFolder: z.string().optional(),
  cameras: z.array(cameraViewSchema),
})
export type PodView = z.infer<typeof podViewSchema>

export const rackViewSchema = z.object({ revision: z.number().int(), pods: z.array(podViewSchema) })
export type RackView = z.infer<typeof rackViewSchema>

/** What the footer tells about this machine. */
export const machineStatusSchema = z.object({
  version: z.string(),
  host: z.enum(['electron', 'web', 'cli']),
  dataFolder: z.string(),
  journal: z.object({ ok: z.boolean(), note: z.string(), events: z.number().int() }),
  tftp: z.object({ state: z.enum(['off', 'serving']), address: z.string(), port: z.number().int() }),
  consoles: z.number().int(),
  consoleBytesPerSecond: z.number(),
  bytesLost: z.number(),
  freeBytes: z.number(),
  /** Wall time, ms. */
  atMs: z.number(),
})
export type MachineStatus = z.infer<typeof machineStatusSchema>
