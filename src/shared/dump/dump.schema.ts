import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'
import { plannedPartitionSchema, plannedPhaseSchema } from '../restore/restore.schema.ts'

const bytes = z.number().int().min(0)

/** How the bytes leave the camera. `tftp`: U-Boot sends them to our server; `md`: it prints them, which takes two hours for 16 full MiB at 115200 baud. `agent`: a flash agent is loaded in U-Boot's place and streams it, without a network. */
export const dumpWays = ['tftp', 'md', 'agent'] as const

export const dumpRequestSchema = z.object({
  cameraId: cameraIdSchema,
  /** A folder that gets mtd0, mtd1, … and dump.json; or a file that gets all of it, and beside it its record. Made if it is not there, never overwritten. */
  outputPath: z.string().min(1).max(4096),
  /** `folder`: one file a partition. `image`: the whole flash in one file. `ipctool`: a backup in the format of that tool. */
  form: z.enum(['folder', 'image', 'ipctool']).default('folder'),
  /** `auto`: U-Boot is asked; a camera with NOR and NAND has to be told which. */
  flashType: z.enum(['auto', 'nor', 'nand', 'emmc']).default('auto'),
  /** Only this one; all of them otherwise. */
  partition: z.string().max(64).optional(),
  via: z.enum(['auto', ...dumpWays]).default('auto'),
  /** Without it the camera is asked for its own layout. */
  mtdparts: z.string().max(4096).optional(),
  /** How U-Boot comes to run, as for a restore. */
  boot: z.enum(['auto', 'upload', 'own']).default('auto'),
  profilePath: z.string().max(4096).optional(),
  ubootPath: z.string().max(4096).optional(),
  /** The agent's binary for this chip, for `agent`; none is shipped. */
  agentPath: z.string().max(4096).optional(),
  hostIp: z.string().max(64).optional(),
  deviceIp: z.string().max(64).optional(),
  nic: z.string().max(64).optional(),
})
export type DumpRequest = z.infer<typeof dumpRequestSchema>

export const dumpPlanSchema = z.object({
  hash: z.string().length(64),
  request: dumpRequestSchema,
  cameraName: z.string(),
  podName: z.string(),
  chip: z.string(),
  /** 0 while nobody has asked the chip. */
  flashBytes: bytes,
  /** A dump writes nothing; the field is what plans have in common. */
  partitions: z.array(plannedPartitionSchema).max(0),
  boot: z.object({ method: z.enum(['pod', 'boot-rom', 'manual']), profile: z.string(), uboot: z.string(), agent: z.string().optional(), blobBytes: bytes, switchedBy: z.string().optional() }),
  loadAddress: bytes,
  way: z.enum(dumpWays),
  wayReason: z.string(),
  /** Absolute. `keptBytes`: of an earlier try by `md`; they are proved again before they count. `freeBytes`: of the disk. */
  output: z.object({ path: z.string(), keptBytes: bytes, freeBytes: bytes }),
  /** Absent when everything is printed. */
  tftp: z.object({ serverAddress: z.string(), cameraAddress: z.string(), port: z.number().int() }).optional(),
  phases: z.array(plannedPhaseSchema),
  forecastMs: z.number().min(0),
  warnings: z.array(z.string()),
  refusals: z.array(wireErrorSchema),
})
export type DumpPlan = z.infer<typeof dumpPlanSchema>

/** A part of the flash as it arrived: what the camera computed over it and what came are the same, or it is not told. */
export const dumpedRangeSchema = z.object({
  name: z.string(),
  offsetBytes: bytes,
  lengthBytes: bytes,
  /** Computed by the camera over its own flash contents. */
  crc32: z.string().regex(/^[0-9a-f]{8}$/),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Where the bytes lie now. */
  path: z.string(),
})
export type DumpedRange = z.infer<typeof dumpedRangeSchema>
