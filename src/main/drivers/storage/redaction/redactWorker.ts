import { parentPort, workerData } from 'node:worker_threads'
import type { Redaction, RedactionKind } from '../../../../shared/captures/bundle.schema.ts'
import { createRedactor, newStreamMemory, type RedactedLine, type StreamMemory } from '../../../protocols/redaction/redactor.ts'

export type RedactRequest =
  | { readonly do: 'lines'; readonly stream: string; readonly lines: readonly RedactedLine[] }
  | { readonly do: 'value'; readonly value: unknown }
  | { readonly do: 'html'; readonly page: string }
  | { readonly do: 'use-learned' }
  | { readonly do: 'counts' }
export type RedactAnswer =
  | { readonly lines: readonly string[][] } | { readonly value: unknown } | { readonly page: string } | { readonly counts: Partial<Record<RedactionKind, number>> } | { readonly failed: string }

// A thread of its own, because a person's pattern can think for years and only the end of its thread ends it.
const redactor = createRedactor((workerData as { readonly redaction: Redaction }).redaction)
const memories = new Map<string, StreamMemory>()

function answerTo(request: RedactRequest): RedactAnswer {
  switch (request.do) {
    case 'lines': {
      const memory = memories.get(request.stream) ?? newStreamMemory()
      memories.set(request.stream, memory)
      return { lines: request.lines.map((line) => redactor.line(line, memory)) }
    }
    case 'value': return { value: redactor.value(request.value) }
    case 'html': return { page: redactor.html(request.page) }
    case 'use-learned':
      redactor.useLearned()
      memories.clear()
      return { counts: {} }
    case 'counts': return { counts: redactor.counts() }
  }
}

parentPort?.on('message', (request: RedactRequest) => {
  let answer: RedactAnswer
  try {
    answer = answerTo(request)
  } catch (error) {
    answer = { failed: String(error) }
  }
  parentPort?.postMessage(answer)
})
parentPort?.postMessage({ ready: true })
