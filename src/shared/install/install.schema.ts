import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { restorePlanSchema, restoreRequestSchema } from '../restore/restore.schema.ts'

const bytes = z.number().int().min(0)

export const installRequestSchema = restoreRequestSchema.pick({ tftpVia: true, boot: true, profilePath: true, ubootPath: true, hostIp: true, deviceIp: true, nic: true, force: true, acceptIdentity: true }).extend({
  cameraId: cameraIdSchema,
  /** A .tgz as OpenIPC publishes it. */
  releasePath: z.string().min(1).max(4096),
  flashType: z.enum(['nor', 'nand']).default('nor'),
  /** MiB of the NOR layout; without it the largest that the flash holds which this camera is known to have. */
  norMib: z.union([z.literal(8), z.literal(16), z.literal(32)]).optional(),
  /** Forget the environment but the network address. */
  wipeEnv: z.boolean().default(false),
})
export type InstallRequest = z.infer<typeof installRequestSchema>

const settingSchema = z.object({ name: z.string(), value: z.string() })

/** What a restore plans, and the release and the environment beside it. */
export const installPlanSchema = restorePlanSchema.omit({ request: true, input: true }).extend({
  request: installRequestSchema,
  input: z.object({ kind: z.literal('release'), path: z.string(), totalBytes: bytes, sha256: z.string() }),
  layout: z.object({ name: z.enum(['nor8', 'nor16', 'nor32', 'nand']), flashBytes: bytes, mtdparts: z.string(), environment: z.object({ offsetBytes: bytes, lengthBytes: bytes }) }),
  release: z.object({
    soc: z.string(),
    kernelName: z.string(),
    rootfsKind: z.enum(['squashfs', 'ubifs', 'squashfs-in-ubi', 'ubifs-in-ubi']),
    files: z.array(z.object({ name: z.string(), lengthBytes: bytes, md5: z.enum(['matches', 'not-there']) })),
  }),
  /** Typed at U-Boot's prompt; it replaces `${…}` itself. The network address is decided when the camera's own is known. */
  settings: z.array(settingSchema),
})
export type InstallPlan = z.infer<typeof installPlanSchema>

export const environmentStates = ['planned', 'saving', 'proved', 'unknown'] as const

/** How far U-Boot's environment is. `proved`: read back from the flash and found to hold just what was meant. */
export const environmentProgressSchema = z.object({
  state: z.enum(environmentStates),
  mac: z.object({ address: z.string(), reason: z.enum(['kept', 'missing', 'malformed', 'compiled-in']) }),
  set: z.array(settingSchema),
  keptCount: z.number().int().min(0),
  /** Names that a wipe took away; values may be secrets. */
  lost: z.array(z.string()),
  /** As stored at its start in flash and computed by the camera over the rest. */
  crc32: z.string().optional(),
})
export type EnvironmentProgress = z.infer<typeof environmentProgressSchema>
