import type { PlannedPartition } from '../../../../shared/restore/restore.schema.ts'
import type { ProbedFlash } from '../../../protocols/uboot/answers.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import type { WritingPlan } from './bench.ts'
import type { FlashRange } from './flashProof.ts'
import type { FlashSteps } from './writePartition.ts'

/** The kind of flash that is restored, as U-Boot's commands reach it. */
export interface Medium {
  /** Once U-Boot is there, and again after a lost line. Rejects when the plan does not fit what is found. */
  readonly probe: (session: UbootSession, signal: AbortSignal) => Promise<ProbedFlash>
  /** CRC over what the flash holds at the place of a partition; `undefined` where looking would change it. */
  readonly currentCrc: (session: UbootSession, planned: PlannedPartition, signal: AbortSignal) => Promise<string | undefined>
  /** Flash as it is, raw, to the proof address, over a fresh pattern. Absent where nothing but partitions is ever looked at. */
  readonly readRaw?: (session: UbootSession, range: FlashRange, signal: AbortSignal) => Promise<void>
  /** Absent: NOR. */
  readonly steps?: FlashSteps
}

export interface MediumBench {
  readonly plan: Pick<WritingPlan, 'request' | 'flash' | 'partitions' | 'mtd' | 'proofAddress'>
  readonly newPoison: () => number
}
