import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { FrameResult } from './sendFrame.ts'

/** Named as the public recovery tool names them in its JSON, so that scripts understand both. */
export const bootStages = [
  'power_cycle', 'handshake', 'ddr_init', 'spl', 'uboot', 'gsl', 'board_id', 'ddr_table', 'ddr_training', 'head_area', 'aux_area', 'boot_image', 'complete',
] as const
export type BootStage = (typeof bootStages)[number]

export interface BootProgress {
  readonly stage: BootStage
  readonly sentBytes: number
  readonly totalBytes: number
  readonly message: string
}

/** What a session has reached, told as it happens. */
export interface BootTrack {
  enter(stage: BootStage, message: string, totalBytes?: number): void
  sent(sentBytes: number, totalBytes: number): void
  complete(): void
  warn(message: string): void
  readonly stage: BootStage
  readonly completed: readonly BootStage[]
  readonly warnings: readonly string[]
}

export function createBootTrack(tell: (progress: BootProgress) => void): BootTrack {
  const completed: BootStage[] = []
  const warnings: string[] = []
  let stage: BootStage = 'handshake'
  let message = ''
  return {
    enter: (entered, said, totalBytes = 0) => {
      stage = entered
      message = said
      tell({ stage, sentBytes: 0, totalBytes, message })
    },
    sent: (sentBytes, totalBytes) => { tell({ stage, sentBytes, totalBytes, message }) },
    complete: () => { if (!completed.includes(stage)) completed.push(stage) },
    warn: (warning) => {
      warnings.push(warning)
      tell({ stage, sentBytes: 0, totalBytes: 0, message: warning })
    },
    get stage() { return stage },
    get completed() { return completed },
    get warnings() { return warnings },
  }
}

const hintOfStage: Readonly<Partial<Record<BootStage, string>>> = {
  ddr_init: 'The line drops bytes, or the steps are not for this chip: check UART wiring and ground, and that the profile is of this very chip',
  spl: 'The DDR steps may not fit this board: the same chip comes with other memories; try another profile or variant',
  uboot: 'The SPL did not bring up the memory: the same chip comes with other memories; try the U-Boot or the profile variant of this board',
  boot_image: 'The aux area did not bring up the memory: use the boot image that was built for this board',
}
const wiringHint = 'The upload broke off: check the UART wiring and its ground, then start again'

/** A frame that was not taken: which one, what came instead, and what to do. */
export function frameFailure(stage: BootStage, frame: string, result: FrameResult, addressText: string): WorkbenchError {
  const context = { stage, frame, attempts: result.attempts, noiseBytes: result.noiseBytes, address: addressText }
  if (result.outcome === 'restarted') {
    return stage === 'spl'
      ? new WorkbenchError('pod/boot-failed', `SPL larger than SRAM: the boot ROM started again in the middle of the upload, at ${frame}`, {
        context, hint: 'Use a U-Boot with a smaller SPL, or a profile with SRAMLIMIT for this chip',
      })
      : new WorkbenchError('pod/boot-failed', `The boot ROM started again during ${frame}`, { context, hint: 'The camera lost power or was reset: check its supply' })
  }
  const why = result.outcome === 'rejected' ? `was rejected ${result.attempts} times` : 'was not acknowledged'
  return new WorkbenchError('pod/boot-failed', `The boot ROM upload failed at ${frame}: the frame ${why}`, { context, hint: hintOfStage[stage] ?? wiringHint })
}
