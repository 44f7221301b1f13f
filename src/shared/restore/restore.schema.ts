import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'

const bytes = z.number().int().min(0)
/** CRC-32 as eight lower-case hex digits, the way U-Boot prints it. */
const crcText = z.string().regex(/^[0-9a-f]{8}$/)

export const flashKindSchema = z.enum(['nor', 'nand', 'emmc'])
export type FlashKind = z.infer<typeof flashKindSchema>

export const restoreRequestSchema = z.object({
  cameraId: cameraIdSchema,
  inputPath: z.string().min(1).max(4096),
  /** `auto`: what the input says, else what is known of the camera, else NOR; U-Boot is asked before anything is erased. */
  flashType: z.enum(['auto', 'nor', 'nand', 'emmc']).default('auto'),
  tftpVia: z.enum(['auto', 'pod', 'host']).default('auto'),
  /** Linux `mtdparts` grammar; without it offsets are the sums of the lengths before. */
  mtdparts: z.string().max(4096).optional(),
  /** How U-Boot comes to run: `upload` puts one into RAM, `own` stops the one in flash; `auto` uploads where the files for it are there. */
  boot: z.enum(['auto', 'upload', 'own']).default('auto'),
  profilePath: z.string().max(4096).optional(),
  ubootPath: z.string().max(4096).optional(),
  hostIp: z.string().max(64).optional(),
  deviceIp: z.string().max(64).optional(),
  nic: z.string().max(64).optional(),
  /** Write also what the flash already holds. */
  force: z.boolean().default(false),
  /** Another camera than the one that is known there is meant. */
  acceptIdentity: z.boolean().optional(),
})
export type RestoreRequest = z.infer<typeof restoreRequestSchema>

/** Of a NAND, as the partition table names it. Without a length it takes the rest of the chip. */
const nandPartitionSchema = z.object({ name: z.string(), offsetBytes: bytes, lengthBytes: bytes.optional() })

/** How a partition is written when it is not on NOR. */
export const plannedMediumSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('nand'),
    partition: nandPartitionSchema,
    /** Where this piece begins, counted over the good blocks of its partition. */
    withinBytes: bytes,
    /** Erases the partition to its end. */
    endsPartition: z.boolean(),
    /** The image says that what lies behind it in its partition is erased; proved like the rest. */
    erasedBehind: z.boolean().optional(),
  }),
  z.object({
    kind: z.literal('ubi'),
    partition: nandPartitionSchema,
    /** Without a size it takes all the space that is left; `id` only where the order of making does not give it. */
    volume: z.object({ name: z.string(), type: z.enum(['static', 'dynamic']), id: z.number().int().min(0).optional(), sizeBytes: bytes.optional() }),
    /** What the image was made for; the camera's UBI must have the same. */
    lebBytes: bytes,
    blockBytes: bytes,
  }),
  z.object({ kind: z.literal('emmc') }),
])
export type PlannedMedium = z.infer<typeof plannedMediumSchema>

export const plannedPartitionSchema = z.object({
  name: z.string(),
  /** Where the bytes come from, for people. */
  source: z.string(),
  offsetBytes: bytes,
  /** Image bytes to be written and proved. */
  lengthBytes: bytes,
  /** Erase range, whole erase blocks, from the same offset. */
  eraseBytes: bytes,
  crc32: crcText,
  isBoot: z.boolean(),
  /** Which staged file carries it, and where in that file. */
  load: z.number().int().min(0),
  loadOffsetBytes: bytes,
  /** Absent: NOR. */
  medium: plannedMediumSchema.optional(),
})
export type PlannedPartition = z.infer<typeof plannedPartitionSchema>

export const plannedPhaseSchema = z.object({
  /** `write:mtd2` and the like; unique in a plan. */
  name: z.string(),
  title: z.string(),
  /** 'at-end': a cancel waits until this phase is over. */
  cancel: z.enum(['anytime', 'at-end']),
  forecastMs: z.number().min(0),
})
export type PlannedPhase = z.infer<typeof plannedPhaseSchema>

export const restorePlanSchema = z.object({
  /** SHA-256 over everything that decides what is written; a start names it. 64 hex digits. */
  hash: z.string().length(64),
  request: restoreRequestSchema,
  cameraName: z.string(),
  podName: z.string(),
  chip: z.string(),
  input: z.object({ kind: z.enum(['folder', 'image', 'ipctool']), path: z.string(), totalBytes: bytes, sha256: z.string() }),
  /** 0 while nobody has asked the chip. */
  flashBytes: bytes,
  /** The kind of flash it is made for and why. Assumed: nothing said so, and a camera with two kinds is refused. Absent: as the request says, NOR for `auto`. */
  flash: z.object({ kind: flashKindSchema, reason: z.string(), isAssumed: z.boolean() }).optional(),
  /** In the order in which they are written: boot last. */
  partitions: z.array(plannedPartitionSchema),
  /** U-Boot's `mtdids` and `mtdparts` while a NAND is restored. */
  mtd: z.object({ ids: z.string(), parts: z.string() }).optional(),
  /** Files as they are staged, in order; small neighbours share one, because each fetch pays the link set-up again. */
  loads: z.array(z.object({ name: z.string(), lengthBytes: bytes })),
  tftp: z.object({ via: z.enum(['pod', 'host']), reason: z.string(), serverAddress: z.string(), cameraAddress: z.string(), port: z.number().int() }),
  boot: z.object({
    method: z.enum(['pod', 'boot-rom', 'manual']), profile: z.string(), uboot: z.string(), blobBytes: bytes,
    /** What has the power where the camera's own U-Boot is stopped; absent: a person. */
    switchedBy: z.string().optional(),
  }),
  loadAddress: z.number().int().min(0),
  /** Read-backs land here and never on the fetched image, so that an unread one cannot pass for it. */
  proofAddress: z.number().int().min(0),
  phases: z.array(plannedPhaseSchema),
  forecastMs: z.number().min(0),
  warnings: z.array(z.string()),
  /** Not empty: this plan cannot be started. */
  refusals: z.array(wireErrorSchema),
})
export type RestorePlan = z.infer<typeof restorePlanSchema>

export const verdicts = [
  'restored and booted', 'restored, boot not seen', 'installed and booted', 'installed, boot not seen', 'installed, U-Boot not confirmed', 'dumped and verified', 'U-Boot is running', 'done and proved', 'examined, not healthy', 'updated and read back', 'failed (state known)', 'failed (state unknown)', 'cancelled', 'interrupted',
] as const
export const verdictSchema = z.enum(verdicts)
export type Verdict = z.infer<typeof verdictSchema>

/** `proved` and `unchanged` are the only good ends; `unknown` means that an erase or write was cut off. */
export const partitionStates = [
  'pending', 'comparing', 'different', 'unchanged', 'fetching', 'in-ram', 'erasing', 'writing', 'reading-back', 'proved', 'mismatch', 'unknown',
] as const

export const partitionProgressSchema = z.object({
  name: z.string(),
  offsetBytes: bytes,
  lengthBytes: bytes,
  crc32: crcText,
  state: z.enum(partitionStates),
  /** What the camera itself computed over its flash; absent until seen. */
  readBackCrc32: crcText.optional(),
  action: z.enum(['written', 'unchanged']).optional(),
  writes: z.number().int().min(0),
})
export type PartitionProgress = z.infer<typeof partitionProgressSchema>
