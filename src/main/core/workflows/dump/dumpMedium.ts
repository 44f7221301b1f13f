import type { DumpRecord } from '../../../../shared/dump/dumpRecord.schema.ts'
import type { FlashKind } from '../../../../shared/restore/restore.schema.ts'
import type { ProbedFlash } from '../../../protocols/uboot/answers.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import type { FlashRange } from '../restore/flashProof.ts'
import type { DumpLayout } from './dumpLayout.ts'

/** The kind of flash that is dumped, as U-Boot's commands read it. Nothing of it is written. */
export interface DumpMedium {
  readonly kind: FlashKind
  /** Before the first read. 0 bytes where U-Boot does not tell a size. */
  readonly probe: (session: UbootSession, signal: AbortSignal) => Promise<ProbedFlash>
  /** Again after a lost line: U-Boot may have started anew. */
  readonly select: (session: UbootSession, signal: AbortSignal) => Promise<void>
  /** The partitions as they can be read; refuses what would lose its place. After `probe`. */
  readonly layOut: (layout: DumpLayout, form: 'folder' | 'image' | 'ipctool') => DumpLayout
  /** For the record. After `probe`. */
  readonly facts: () => Pick<DumpRecord['flash'], 'kind' | 'pageBytes' | 'blockBytes' | 'badBlocks'>
  /** A stretch into RAM, over a fresh pattern: a read that copies nothing leaves the pattern. */
  readonly read: (session: UbootSession, range: FlashRange, signal: AbortSignal) => Promise<void>
}

export interface DumpMediumBench {
  readonly loadAddress: number
  readonly newPoison: () => number
}
