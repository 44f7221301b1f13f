import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { timeOfDay } from '../rack/leases.ts'

/** A line that was closed on purpose, for a program that is not this one. Nothing remembers it: a restart takes it back. */
export interface ReleasedLine {
  readonly by: string
  /** Wall time. */
  readonly sinceMs: number
}

export const releasedNote = ({ sinceMs }: ReleasedLine, clock: Pick<Clock, 'zoneMs'>): string => `released for another program since ${timeOfDay(sinceMs, clock)}`

/** `note` as above. */
export const releasedError = (what: string, { by, sinceMs }: ReleasedLine, note: string): WorkbenchError =>
  new WorkbenchError('pod/busy', `${what} is ${note}, by ${by}`, { context: { holder: by, sinceMs }, hint: 'Take it back first, when the other program has closed the line' })
