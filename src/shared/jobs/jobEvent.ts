import { z } from 'zod'
import { agentFactsSchema, agentPlanSchema, memorySpeedSchema, summedRangeSchema } from '../agent/agent.schema.ts'
import { flashMapSchema } from '../agent/flashMap.ts'
import { burnPlanSchema } from '../burn/burn.schema.ts'
import { dumpedRangeSchema, dumpPlanSchema } from '../dump/dump.schema.ts'
import { cameraIdSchema, jobIdSchema, podIdSchema } from '../devices/ids.ts'
import { wireErrorSchema } from '../errors/wireError.schema.ts'
import { environmentProgressSchema, installPlanSchema } from '../install/install.schema.ts'
import { updatePlanSchema } from '../ota/deviceUpdate.schema.ts'
import { identityReadingSchema } from '../rack/identity.schema.ts'
import { partitionProgressSchema, restorePlanSchema, verdictSchema } from '../restore/restore.schema.ts'

const head = {
  job: jobIdSchema,
  /** From 1, without holes, for each job. */
  sequence: z.number().int().min(1),
  /** Wall time, ms since 1970. */
  atMs: z.number(),
}
const bytes = z.number().int().min(0)

const queued = { ...head, type: z.literal('job-queued'), title: z.string(), pod: podIdSchema, camera: cameraIdSchema }

export const jobEventSchema = z.discriminatedUnion('type', [
  z.discriminatedUnion('workflow', [
    z.object({ ...queued, workflow: z.literal('restore'), plan: restorePlanSchema }),
    z.object({ ...queued, workflow: z.literal('install'), plan: installPlanSchema }),
    z.object({ ...queued, workflow: z.literal('dump'), plan: dumpPlanSchema }),
    z.object({ ...queued, workflow: z.literal('burn'), plan: burnPlanSchema }),
    z.object({ ...queued, workflow: z.literal('agent'), plan: agentPlanSchema }),
    z.object({ ...queued, workflow: z.literal('update'), plan: updatePlanSchema }),
  ]),
  z.object({ ...head, type: z.literal('job-started') }),
  z.object({ ...head, type: z.literal('phase-started'), phase: z.string(), /** Flash is erased or written in it. */ writing: z.literal(true).optional() }),
  z.object({ ...head, type: z.literal('phase-progressed'), phase: z.string(), step: z.string(), doneBytes: bytes, totalBytes: bytes }),
  z.object({ ...head, type: z.literal('phase-finished'), phase: z.string(), elapsedMs: z.number().min(0), note: z.string() }),
  /** Staging runs beside the phases and has its own bar. */
  z.object({ ...head, type: z.literal('staging-progressed'), state: z.enum(['waiting', 'running', 'done']), file: z.string(), doneBytes: bytes, totalBytes: bytes, note: z.string() }),
  z.object({ ...head, type: z.literal('partition-changed'), partition: partitionProgressSchema }),
  /** Of an installation: U-Boot's variables, from the plan to the proof. */
  z.object({ ...head, type: z.literal('environment-changed'), environment: environmentProgressSchema }),
  /** Read, compared with the camera's own CRC, and on the disk. */
  z.object({ ...head, type: z.literal('range-dumped'), range: dumpedRangeSchema }),
  /** Its own words for which U-Boot it is, given at its prompt. */
  z.object({ ...head, type: z.literal('uboot-answered'), version: z.string().max(200) }),
  /** Who the camera is, beside who it was. */
  z.object({ ...head, type: z.literal('identity-read'), ...identityReadingSchema.shape }),
  /** A flash agent runs and says what it found. */
  z.object({ ...head, type: z.literal('agent-answered'), agent: agentFactsSchema }),
  z.object({ ...head, type: z.literal('flash-examined'), map: flashMapSchema }),
  z.object({ ...head, type: z.literal('range-summed'), range: summedRangeSchema }),
  z.object({ ...head, type: z.literal('memory-measured'), memory: memorySpeedSchema }),
  /** Of an update: the version that the device itself reports, now. */
  z.object({ ...head, type: z.literal('version-read'), version: z.string().max(100) }),
  z.object({ ...head, type: z.literal('noted'), level: z.enum(['info', 'warning']), message: z.string() }),
  z.object({ ...head, type: z.literal('cancel-requested') }),
  z.object({ ...head, type: z.literal('undone'), label: z.string() }),
  z.object({ ...head, type: z.literal('undo-failed'), label: z.string(), error: wireErrorSchema }),
  /** The last lines of the console, before the end is told. */
  z.object({ ...head, type: z.literal('console-excerpt'), text: z.string().max(65536) }),
  z.object({ ...head, type: z.literal('job-succeeded'), verdict: verdictSchema, elapsedMs: z.number().min(0) }),
  z.object({ ...head, type: z.literal('job-failed'), verdict: verdictSchema, elapsedMs: z.number().min(0), error: wireErrorSchema }),
  z.object({ ...head, type: z.literal('job-cancelled'), verdict: verdictSchema, elapsedMs: z.number().min(0) }),
  z.object({ ...head, type: z.literal('job-interrupted'), verdict: verdictSchema }),
])
export type JobEvent = z.infer<typeof jobEventSchema>

type WithoutHead<E> = E extends unknown ? Omit<E, keyof typeof head> : never
/** What a workflow says; the journal adds job, sequence and time. */
export type JobNews = WithoutHead<JobEvent>
