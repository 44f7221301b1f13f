import { expect, test } from 'vitest'
import { sequentialSchema } from '../../../shared/batch/batchPlan.schema.ts'
import { percentageSays, weigh } from './stopRules.ts'

const rule = { failedPercent: 5, afterEnded: 20, failuresPerCamera: 3 }

test('exactly the limit goes on, one above it stops', () => {
  expect(percentageSays(rule, { passed: 19, failed: 1, items: 1_000 })).toBeUndefined()
  expect(percentageSays(rule, { passed: 18, failed: 2, items: 1_000 })).toBe('2 of 20 that have ended failed or timed out (10 %), and 5 % is the limit')
})
test('before enough have ended nothing is said, unless no later result can change it', () => {
  expect(percentageSays(rule, { passed: 0, failed: 10, items: 1_000 })).toBeUndefined()
  expect(percentageSays(rule, { passed: 0, failed: 1, items: 10 })).toMatch(/^1 of 1 /)
  expect(percentageSays(rule, { passed: 5, failed: 0, items: 10 })).toBeUndefined()
})
test('no failure is allowed where the limit is nought', () => {
  expect(percentageSays({ ...rule, failedPercent: 0 }, { passed: 999, failed: 1, items: 10_000 })).toMatch(/0 % is the limit/)
})
test('the sequential test: few failures are enough, and many passes', () => {
  const plan = sequentialSchema.parse({})
  // log(0.95 / 0.05) is 2.94; a failure weighs log(10) = 2.30 and a pass log(0.9 / 0.99) = -0.095.
  expect(weigh(plan, { passed: 0, failed: 1, items: 40 }).answer).toBe('open')
  expect(weigh(plan, { passed: 0, failed: 2, items: 40 }).answer).toBe('bad')
  expect(weigh(plan, { passed: 30, failed: 0, items: 40 }).answer).toBe('open')
  expect(weigh(plan, { passed: 31, failed: 0, items: 40 })).toEqual({ answer: 'good', words: '0 of 31 failed: that fits firmware that fails in at most 1 % of cases (wrong at most 5 % of the time)' })
  expect(weigh(plan, { passed: 0, failed: 2, items: 40 }).words).toBe('2 of 2 failed: that fits firmware that fails in 10 % of cases far better than one that fails in 1 % (wrong at most 5 % of the time)')
})
test('shares that cannot be told apart are refused', () => {
  expect(sequentialSchema.safeParse({ acceptable: 0.1, unacceptable: 0.1 }).success).toBe(false)
})
