import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { timeOfDay } from '../rack/leases.ts'

/** A line that was closed on purpose, for a program that is not this one. Nothing remembers it: a restart takes it back. */
export interface ReleasedLine {
  readonly by: string
  /** Wall time. */
  readonly sinceMs: number
}

export const releasedNote = ({ sinceMs }: ReleasedLine): string => `released for another program since ${timeOfDay(sinceMs)}`

export const releasedError = (what: string, released: ReleasedLine): WorkbenchError =>
  new WorkbenchError('pod/busy', `${what} is ${releasedNote(released)}, by ${released.by}`, { context: { holder: released.by, sinceMs: released.sinceMs }, hint: 'Take it back first, when the other program has closed the line' })
