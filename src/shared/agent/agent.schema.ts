import { z } from 'zod'
import { cameraIdSchema } from '../devices/ids.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'
import { plannedPartitionSchema, plannedPhaseSchema } from '../restore/restore.schema.ts'

const offset = z.number().int().min(0).max(0xffff_ffff)
const length = z.number().int().min(1).max(0xffff_ffff)
const path = z.string().min(1).max(4096)

/** What a flash agent is asked to do. Offsets count from the beginning of the flash; without a length it is all that follows. */
export const agentWorkSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('info') }),
  z.object({ kind: z.literal('read'), offsetBytes: offset.default(0), lengthBytes: length.optional(), outputPath: path }),
  z.object({ kind: z.literal('write'), offsetBytes: offset, inputPath: path }),
  /** Whole sectors, and never without being told how many. */
  z.object({ kind: z.literal('erase'), offsetBytes: offset, lengthBytes: length }),
  z.object({ kind: z.literal('crc'), offsetBytes: offset.default(0), lengthBytes: length.optional() }),
  /** Every sector looked at; nothing is changed. With a path, what can be read is saved there. */
  z.object({ kind: z.literal('examine'), savePath: path.optional() }),
  /** How fast its memory is; the agent chooses what is left out. */
  z.object({ kind: z.literal('memory'), lengthBytes: z.number().int().min(256).max(16 * 1024 * 1024).multipleOf(256).optional(), iterations: z.number().int().min(1).max(256).optional() }),
])
export type AgentWork = z.infer<typeof agentWorkSchema>

export const agentRequestSchema = z.object({
  cameraId: cameraIdSchema,
  work: agentWorkSchema,
  /** The agent's binary for this chip; none is shipped. Not needed where one runs already. */
  agentPath: path.optional(),
  /** It runs already: nothing is loaded and no power is switched. */
  running: z.boolean().default(false),
  profilePath: z.string().max(4096).optional(),
  ubootPath: z.string().max(4096).optional(),
  /** Restart the camera afterwards, instead of leaving the agent there for the next command. */
  reboot: z.boolean().default(false),
  /** Another camera than the one that is known there is meant: for writing and erasing. */
  acceptIdentity: z.boolean().optional(),
})
export type AgentRequest = z.infer<typeof agentRequestSchema>

export const agentPlanSchema = z.object({
  hash: z.string().length(64),
  request: agentRequestSchema,
  cameraName: z.string(),
  podName: z.string(),
  chip: z.string(),
  /** 0 while nobody has asked the chip. */
  flashBytes: z.number().int().min(0),
  /** What is written or erased: one range, or none. */
  partitions: z.array(plannedPartitionSchema).max(1),
  boot: z.object({ method: z.enum(['pod', 'boot-rom', 'running']), profile: z.string(), uboot: z.string(), agent: z.string(), blobBytes: z.number().int().min(0) }),
  phases: z.array(plannedPhaseSchema),
  forecastMs: z.number().min(0),
  warnings: z.array(z.string()),
  refusals: z.array(wireErrorSchema),
})
export type AgentPlan = z.infer<typeof agentPlanSchema>

/** What it says of itself and of the chip. */
export const agentFactsSchema = z.object({
  version: z.number().int(),
  jedecId: z.string().max(16),
  flashKind: z.enum(['nor', 'nand', 'emmc', 'unknown']),
  flashBytes: z.number().int().min(0),
  sectorBytes: z.number().int().min(0),
  ramBase: z.number().int().min(0),
  flashWindow: z.number().int().min(0),
  capabilities: z.array(z.string().max(32)).max(32),
})
export type AgentFacts = z.infer<typeof agentFactsSchema>

const word = z.number().int().min(0).max(0xffff_ffff)
/** Ticks of the camera's own timer, for all rounds together. */
export const memorySpeedSchema = z.object({ address: word, lengthBytes: word, iterations: word, timerHz: word, fillTicks: word, readTicks: word, copyTicks: word })
export type MemorySpeed = z.infer<typeof memorySpeedSchema>

/** Computed by the camera over its own flash. */
export const summedRangeSchema = z.object({ offsetBytes: offset, lengthBytes: z.number().int().min(1), crc32: z.string().regex(/^[0-9a-f]{8}$/) })
export type SummedRange = z.infer<typeof summedRangeSchema>
