import type { Redaction, RedactionKind } from '../../../../shared/captures/bundle.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import type { RedactedLine } from '../../../protocols/redaction/redactor.ts'
import { startThread } from '../../host/workerThread.ts'
import { checkPattern, createPatternRunner } from '../../patterns/patternRunner.ts'
import type { RedactAnswer, RedactRequest } from './redactWorker.ts'

/** A batch of the bundle has a few hundred lines; the rules of the house need milliseconds for it. */
const askLimitMs = 15_000

/** Takes secrets out of texts, in a thread that a hostile pattern cannot outlive. */
export interface OpenRedactor {
  /** Of one stream, in order. */
  lines(stream: string, lines: readonly RedactedLine[], signal: AbortSignal): Promise<readonly string[][]>
  value(value: unknown, signal: AbortSignal): Promise<unknown>
  html(page: string, signal: AbortSignal): Promise<string>
  /** Ends the first reading: from here on what was learned is looked for, too, and counting begins again. */
  useLearned(signal: AbortSignal): Promise<void>
  counts(signal: AbortSignal): Promise<Partial<Record<RedactionKind, number>>>
  close(): Promise<void>
}

export function openRedactor(redaction: Redaction, clock: Clock): OpenRedactor {
  for (const pattern of redaction.patterns) checkPattern(pattern)
  const runner = createPatternRunner<RedactRequest, RedactAnswer>({
    clock,
    start: () => startThread(import.meta.url, './redactWorker.ts', 'redact', { redaction }),
    tooLong: () => ({ words: 'A pattern takes too long on a single line and was stopped; nothing was written' }),
    // Another one would not know the secrets that were learned.
    isOnce: true,
  })
  const ask = async (request: RedactRequest, signal: AbortSignal): Promise<RedactAnswer> => {
    const answer = await runner.ask(request, askLimitMs, signal)
    if ('failed' in answer) throw new WorkbenchError('internal/bug', 'Secrets could not be taken out; nothing was written', { cause: answer.failed })
    return answer
  }
  return {
    lines: async (stream, lines, signal) => { const answer = await ask({ do: 'lines', stream, lines }, signal); return 'lines' in answer ? answer.lines : [] },
    value: async (value, signal) => { const answer = await ask({ do: 'value', value }, signal); return 'value' in answer ? answer.value : undefined },
    html: async (page, signal) => { const answer = await ask({ do: 'html', page }, signal); return 'page' in answer ? answer.page : '' },
    useLearned: async (signal) => { await ask({ do: 'use-learned' }, signal) },
    counts: async (signal) => { const answer = await ask({ do: 'counts' }, signal); return 'counts' in answer ? answer.counts : {} },
    close: runner.end,
  }
}
