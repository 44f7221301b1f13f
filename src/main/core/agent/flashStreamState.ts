import { Cancelled, type ErrorContext, WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** What a stream has done to the flash so far; the person who stopped it needs to know. Sectors count from the first one of the stream. */
export interface FlashStreamState {
  readonly stage: 'untouched' | 'writing' | 'written' | 'proved'
  readonly sectorCount: number
  /** In flash as the agent says, from the first sector on; nothing is proved before the stage `proved`. */
  readonly reportedSectors: number
  /** This sector and all after it still hold what they held before. */
  readonly untouchedFrom: number
}

/**
 * `progress` is what the agent has counted, `sentSectors` how far the content went out whole. The agent programs a sector while the next
 * one arrives, and erases blank ones without asking: so the last counted sector and all up to the next one with content are in doubt.
 */
export function stateWhileWriting(filled: readonly boolean[], progress: number, sentSectors: number): FlashStreamState {
  const sectorCount = filled.length
  const nextContent = filled.findIndex((isFilled, sector) => isFilled && sector >= progress && sector >= sentSectors)
  return { stage: 'writing', sectorCount, reportedSectors: Math.max(0, progress - 1), untouchedFrom: nextContent < 0 ? sectorCount : nextContent }
}

export function describeFlash(state: FlashStreamState): string {
  const { sectorCount, reportedSectors, untouchedFrom } = state
  switch (state.stage) {
    case 'untouched': return 'the flash was not touched'
    case 'proved': return 'the flash holds the whole image, proved'
    case 'written': return `all ${sectorCount} sectors are written, but not proved`
    case 'writing': {
      if (untouchedFrom === 0) return 'the flash was not touched'
      const parts = [
        reportedSectors > 0 ? `${reportedSectors} of ${sectorCount} sectors are written but not proved` : undefined,
        untouchedFrom > reportedSectors ? `the sectors from ${reportedSectors} to ${untouchedFrom - 1} may be erased or half written` : undefined,
        untouchedFrom < sectorCount ? `those from ${untouchedFrom} on are as before` : undefined,
      ]
      return `in the flash, ${parts.filter((part) => part !== undefined).join(', ')}`
    }
  }
}

const contextOf = ({ stage, ...counts }: FlashStreamState): ErrorContext => ({ flashStage: stage, ...counts })

/** The same failure, or the same change of mind, with what it leaves in the flash. */
export function withFlashState(error: unknown, state: FlashStreamState, signal: AbortSignal): Error {
  if (error instanceof WorkbenchError) {
    const hint = error.hint ?? (state.stage === 'untouched' ? undefined : 'Do not restart the camera; write the image again')
    return new WorkbenchError(error.code, `${error.message}; ${describeFlash(state)}`, { context: { ...error.context, ...contextOf(state) }, hint, cause: error })
  }
  if (signal.aborted) {
    const why = error instanceof Error ? error.message : 'Cancelled'
    return new Cancelled(`${why}; ${describeFlash(state)}`, { cause: error })
  }
  return error instanceof Error ? error : new Error('not an error', { cause: error })
}
