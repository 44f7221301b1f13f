import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { Patterns } from '../../../shared/consoles/patterns.ts'
import { startThread } from '../host/workerThread.ts'
import { checkPattern, createPatternRunner } from './patternRunner.ts'
import type { PatternAnswer, PatternRequest } from './patternWorker.ts'

const workLimitMs = 2_000

export interface PatternThread extends Patterns {
  close(): Promise<void>
}

export function createPatternThread({ clock, limitMs = workLimitMs }: { readonly clock: Clock; readonly limitMs?: number }): PatternThread {
  // Which of them is at work stands in shared memory: the thread cannot say it any more when somebody asks.
  const at = new Int32Array(new SharedArrayBuffer(4))
  const runner = createPatternRunner<PatternRequest, PatternAnswer>({
    clock,
    start: () => startThread(import.meta.url, './patternWorker.ts', 'console-patterns', { at }),
    tooLong: ({ patterns }) => {
      const pattern = Atomics.load(at, 0)
      return { words: `The pattern /${patterns[pattern]?.source ?? ''}/ takes too long on a single line and was stopped`, context: { pattern } }
    },
  })
  return {
    match: async (patterns, texts, signal) => {
      for (const { source } of patterns) checkPattern(source)
      const answer = await runner.ask({ patterns, texts }, limitMs, signal)
      if ('hits' in answer) return answer.hits
      throw new WorkbenchError('input/malformed', `A pattern could not be tried: ${'failed' in answer ? answer.failed : ''}`)
    },
    close: runner.end,
  }
}
