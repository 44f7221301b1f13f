import { toWire, type WireError } from '../../../../shared/errors/workbenchError.ts'
import type { Flag, ParsedFlags } from '../arguments.ts'
import { oneOf } from '../arguments.ts'
import type { LineWriter } from '../cliWorkbench.ts'
import { type OutputMode, outputModes } from '../commands/restoreArguments.ts'
import { type ExitCode, exitCodeOfError, exitCodes } from '../exitCodes.ts'

/** Of the commands that have two ways to tell their story. */
export const outputFlag: Flag = { type: 'string', value: 'MODE', help: 'human, json (default human)' }
export const isJson = (given: ParsedFlags): boolean => oneOf('--output', given.text('output') ?? 'human', ['human', 'json']) === 'json'

/** Of the commands that work on a camera or answer a script: the third way is the bare answer, or nothing where the exit code is all of it. */
export const outputWithQuietFlag: Flag = { type: 'string', value: 'MODE', help: 'human, json, quiet (default human)' }
export const modeOf = (given: ParsedFlags): OutputMode => oneOf('--output', given.text('output') ?? 'human', outputModes)

/** In quiet mode nothing is told along the way; what `say` and `done` have for a reader of JSON stays. */
export const tellerOf = (out: Pick<LineWriter, 'line'>, mode: OutputMode): Teller =>
  createTeller(mode === 'quiet' ? { line: () => undefined } : out, mode === 'json')

export interface Teller {
  /** `words` for a person; none when it is empty. */
  say(event: string, facts: object, words: string): void
  /** The last thing said; gives the exit code back. */
  done(exitCode: ExitCode, facts: object, words: string): ExitCode
}

export function createTeller(out: Pick<LineWriter, 'line'>, json: boolean): Teller {
  let isDone = false
  const say: Teller['say'] = (event, facts, words) => {
    // What closes afterwards may have something to log, and nothing comes after the last line.
    if (isDone) return
    if (json) out.line(JSON.stringify({ event, ...facts }))
    else if (words !== '') out.line(words)
  }
  return {
    say,
    done: (exitCode, facts, words) => {
      say('done', { success: exitCode === exitCodes.success, ...facts, exitCode }, words)
      isDone = true
      return exitCode
    },
  }
}

/** An error as an event: its code, its words, the next step, and what the process will end with because of it. */
export const errorFacts = (error: WireError): object => ({ ...error, exitCode: exitCodeOfError(error.code) })

/** How a command that came to no end of its own is told. */
export function tellFailure(error: unknown, out: Pick<LineWriter, 'line'>): ExitCode {
  const { say, done } = createTeller(out, true)
  const wire = toWire(error)
  say('error', errorFacts(wire), '')
  return done(exitCodeOfError(wire.code), {}, '')
}
