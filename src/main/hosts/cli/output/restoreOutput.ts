import type { WireError } from '../../../../shared/errors/workbenchError.ts'
import type { InstallPlan } from '../../../../shared/install/install.schema.ts'
import type { JobEvent } from '../../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../../shared/jobs/reduceJob.ts'
import type { PartitionProgress, RestorePlan, Verdict } from '../../../../shared/restore/restore.schema.ts'
import type { ExitCode } from '../exitCodes.ts'

export interface PartitionProof {
  readonly name: string
  readonly offset: number
  readonly lengthBytes: number
  readonly crc32: string
  /** `null`: nobody has seen one. */
  readonly readBackCrc32: string | null
  readonly action: 'written' | 'unchanged' | null
}

/** How it ended, whatever it was. Exactly one for each run, and the last thing said. */
export interface RestoreEnding {
  readonly success: boolean
  /** `null` after `--plan-only`: nothing was judged. */
  readonly verdict: Verdict | null
  readonly elapsedMs: number
  readonly partitions: readonly PartitionProof[]
  readonly exitCode: ExitCode
  readonly jobId?: string
  readonly reportPath?: string
}

/** One way to tell the story of a job. */
export interface JobOutput<Plan, Ending> {
  note(level: 'info' | 'warning', message: string): void
  debug(message: string): void
  plan(plan: Plan): void
  /** `job` is the fold after this event. */
  event(event: JobEvent, job: Job): void
  error(error: WireError): void
  ending(ending: Ending): void
}
/** Of all that writes partitions. */
export type ShownPlan = RestorePlan | InstallPlan
export type RestoreOutput = JobOutput<ShownPlan, RestoreEnding>

export const proofOf = ({ name, offsetBytes, lengthBytes, crc32, readBackCrc32, action }: Pick<PartitionProgress, 'name' | 'offsetBytes' | 'lengthBytes' | 'crc32'> & Partial<PartitionProgress>): PartitionProof =>
  ({ name, offset: offsetBytes, lengthBytes, crc32, readBackCrc32: readBackCrc32 ?? null, action: action ?? null })

/** The product's promise, asked once more at its last door: no partition without a matching read-back is a success. */
export const isProved = ({ crc32, readBackCrc32, action }: PartitionProof): boolean => readBackCrc32 === crc32 && action !== null
