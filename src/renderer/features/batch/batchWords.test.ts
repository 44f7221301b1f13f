import { expect, test } from 'vitest'
import { batchPlanSchema } from '../../../shared/batch/batchPlan.schema.ts'
import type { BatchSummary, ItemView } from '../../../shared/batch/batchView.schema.ts'
import { cameraIdSchema } from '../../../shared/devices/ids.ts'
import { batchStatus, endedOf, itemWords, matrixWords, stopWords, whyWords } from './batchWords.ts'

const counts = (more: Partial<BatchSummary['counts']> = {}): BatchSummary['counts'] => ({ 'waiting': 0, 'running': 0, 'passed': 0, 'failed': 0, 'timed out': 0, 'not judged': 0, 'left out': 0, ...more })

test('why it stands where it stands, in one sentence', () => {
  expect(whyWords({ state: 'stopped', sentence: 'Stopped at the canary.', counts: counts() })).toBe('Stopped at the canary.')
  expect(whyWords({ state: 'canary', sentence: '', counts: counts({ running: 1 }) })).toContain('nothing else begins before every one of it has passed')
  expect(whyWords({ state: 'paused', sentence: '', counts: counts({ running: 2 }) })).toBe('Nothing more begins; 2 items still running come to an end.')
  expect(whyWords({ state: 'paused', sentence: '', counts: counts() })).toBe('Nothing begins before somebody goes on with it.')
  expect(whyWords({ state: 'running', sentence: '', counts: counts({ running: 1, waiting: 7 }) })).toBe('1 item running, 7 waiting.')
})
test('stopped by a person is nothing bad, by a rule it is; what waits and runs has not ended', () => {
  expect(batchStatus({ state: 'stopped', reason: 'person' }).tone).toBe('off')
  expect(batchStatus({ state: 'stopped', reason: 'canary' }).tone).toBe('bad')
  expect(endedOf({ items: 10, counts: counts({ waiting: 3, running: 2, passed: 4, failed: 1 }) })).toBe(5)
  expect(matrixWords(1, 0, 3)).toBe('1 camera × no image × 3 cycles = 3 items')
})
test('the rules in words follow the plan', () => {
  const plan = (more: object): ReturnType<typeof batchPlanSchema.parse> => batchPlanSchema.parse({ name: 'x', workflow: 'soak', cameras: { ids: ['a'] }, ...more })
  const plain = stopWords(plan({}))
  expect(plain[0]).toBe('No canary: all cameras begin at once.')
  expect(plain.join(' ')).not.toContain('two claims')
  const rich = stopWords(plan({ canary: { cameras: 2, thenPause: true }, stop: { failedPercent: 3, afterEnded: 7, failuresPerCamera: 1, sequential: { acceptable: 0.02, unacceptable: 0.25 } } })).join(' ')
  for (const words of ['First 2 cameras', 'it waits until somebody goes on with it', 'Once 7 items have ended: above 3 %', '"it fails in 2 %" and "it fails in 25 %"', 'A camera that fails once']) expect(rich).toContain(words)
})
test('an item says what its latest attempt was judged by, and when it is tried again', () => {
  const item = (attempts: ItemView['attempts'], more: Partial<ItemView> = {}): ItemView => ({ item: 0, camera: cameraIdSchema.parse('a'), name: 'a', image: 'b', cycle: 1, canary: false, state: 'waiting', attempts, ...more })
  expect(itemWords(item([]), 0)).toBe('')
  expect(itemWords(item([{ attempt: 1, startedAtMs: 0, outcome: 'passed', bootMs: 9_000 }]), 0)).toBe('booted in 9.0 s')
  expect(itemWords(item([{ attempt: 1, startedAtMs: 0, outcome: 'failed', cause: 'power', evidence: 'It says on' }], { notBeforeMs: 5_000 }), 2_000)).toBe('again in 3.0 s; power: It says on')
})
