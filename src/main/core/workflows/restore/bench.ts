import type { PowerController } from '../../../../shared/devices/power.ts'
import type { FastbootResult } from '../../../../shared/devices/rackPod.ts'
import type { TftpBackend } from '../../../../shared/devices/tftpBackend.ts'
import type { JobNews } from '../../../../shared/jobs/jobEvent.ts'
import type { CleanupStack } from '../../../../shared/lifecycle/cleanup.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import type { PartitionProgress, PlannedPartition, RestorePlan, RestoreRequest } from '../../../../shared/restore/restore.schema.ts'
import type { BootRomStarter } from '../../bootrom/bootRomStarter.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import type { IdentityCheck } from '../../rack/identity.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import type { HeldLoad, Load } from './layout.ts'

/** How this camera gets a U-Boot into its RAM. */
export type Starter =
  | {
    readonly method: 'pod'
    readonly blob: Uint8Array
    readonly fastboot: (blob: Uint8Array, signal: AbortSignal) => Promise<FastbootResult>
    /** Undo of a broken-off upload: the camera must not stay half loaded. */
    readonly powerCycle: (signal: AbortSignal) => Promise<void>
  }
  /** We speak to the boot ROM ourselves, over the camera's own line; a switch or a person has the power. */
  | (BootRomStarter & {
    /** Covers every try, and the time a person needs to find the plug. */
    readonly limitMs: number
    /** Undo of a broken-off upload, where a switch has the power. */
    readonly powerCycle?: (signal: AbortSignal) => Promise<void>
  })
  /** It is switched off and on, by `power` or, where that is absent, by a person; its own U-Boot is stopped as it starts. */
  | { readonly method: 'manual'; readonly ask: (question: string, signal: AbortSignal) => Promise<void>; readonly power?: PowerController | undefined }

/** What it takes to get a camera to its U-Boot prompt, whatever is done there. */
export type BringUpBench = Pick<RestoreBench, 'starter' | 'clock' | 'newToken'>

/** What is written and how, whoever wished for it: a restore's plan is one, and so is an installation's. */
export type WritingPlan = Omit<RestorePlan, 'request' | 'input'> & {
  readonly request: Pick<RestoreRequest, 'flashType' | 'force'>
  readonly input: Pick<RestorePlan['input'], 'totalBytes'>
}

/** Everything a restore works with. All of it is passed in; nothing is opened here but by `open`. */
export interface RestoreBench {
  readonly plan: WritingPlan
  readonly loads: readonly Load[]
  /** The file to be staged: `bytesOfLoad`, or what another restore of the same image holds of it. */
  readonly imageOf: (load: HeldLoad) => Uint8Array
  readonly starter: Starter
  /** Who is known there; absent: nobody asks. */
  readonly identity?: IdentityCheck | undefined
  readonly clock: Clock
  readonly newToken: () => string
  /** Of the first 8 hex digits a CRC has: a fresh number for each poisoned buffer. */
  readonly newPoison: () => number
  /** Exclusive use of the camera; `pod/busy` names who has it. */
  readonly takeLease: (signal: AbortSignal) => Promise<{ release: () => Promise<void> }>
  readonly openConsole: (signal: AbortSignal) => Promise<WorkConsole & { release: (signal: AbortSignal) => Promise<void> }>
  readonly openBackend: (signal: AbortSignal) => Promise<{ readonly backend: TftpBackend; readonly close: (signal: AbortSignal) => Promise<void> }>
}

export interface RestoreContext {
  readonly signal: AbortSignal
  readonly brokenOff?: AbortSignal
  readonly tell: (news: JobNews) => void
  readonly cleanup: CleanupStack
  readonly clock: Clock
}

/** What the phases after U-Boot share. */
export interface Camera {
  readonly console: WorkConsole
  /** Survives a lost line, except in the middle of a destructive command. */
  readonly session: UbootSession
  /** After such a one: opens the line and finds U-Boot again, or rejects. */
  readonly reconnect: (signal: AbortSignal) => Promise<void>
}

/** One partition's way through the restore, told to the journal at each step. */
export interface PartitionTrack {
  readonly planned: PlannedPartition
  readonly now: () => PartitionProgress
  readonly move: (state: PartitionProgress['state'], more?: Partial<Pick<PartitionProgress, 'readBackCrc32' | 'action' | 'writes'>>) => void
}

export function trackPartition(planned: PlannedPartition, tell: (news: JobNews) => void): PartitionTrack {
  const { name, offsetBytes, lengthBytes, crc32 } = planned
  let progress: PartitionProgress = { name, offsetBytes, lengthBytes, crc32, state: 'pending', writes: 0 }
  return {
    planned,
    now: () => progress,
    move: (state, more = {}) => {
      progress = { ...progress, ...more, state }
      tell({ type: 'partition-changed', partition: progress })
    },
  }
}
