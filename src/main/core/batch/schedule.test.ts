import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchIdSchema, batchPlanSchema } from '../../../shared/batch/batchPlan.schema.ts'
import type { AttemptResult } from '../../../shared/batch/batchEvent.ts'
import { cameraIdSchema } from '../../../shared/devices/ids.ts'
import { applyBatchEvent, type Batch, nextEvent } from './batchState.ts'
import { endRuling, rulingAfter } from './rulings.ts'
import { choose, free, type Places } from './schedule.ts'

const results: readonly AttemptResult[] = [
  { outcome: 'passed', phases: [], elapsedMs: 1 }, { outcome: 'failed', cause: 'firmware', phases: [], elapsedMs: 1 }, { outcome: 'failed', cause: 'infrastructure', phases: [], elapsedMs: 1 },
  { outcome: 'timed out', phases: [], elapsedMs: 1 }, { outcome: 'interrupted', phases: [], elapsedMs: 1 },
]

function batchOf(shape: { readonly cameras: number; readonly pods: number; readonly cycles: number; readonly total: number; readonly perPod: number; readonly canary: boolean }): Batch {
  const targets = Array.from({ length: shape.cameras }, (_, index) => ({ camera: cameraIdSchema.parse(`c${index}`), name: `c${index}`, pod: `p${index % shape.pods}` }))
  const plan = batchPlanSchema.parse({
    name: 'any', cameras: { labels: ['qa'] }, workflow: 'soak', cycles: shape.cycles, concurrency: { total: shape.total, perPod: shape.perPod, staggerMs: 0 }, ...(shape.canary ? { canary: { cameras: 1 } } : {}), stop: { failedPercent: 60 },
  })
  return applyBatchEvent(undefined, { type: 'batch-queued', batch: batchIdSchema.parse('b'), sequence: 1, atMs: 0, plan, targets })
}

test('whatever the attempts come to: the limits hold, no camera has two at once, and every batch comes to its end', () => {
  const shape = fc.record({ cameras: fc.integer({ min: 1, max: 12 }), pods: fc.integer({ min: 1, max: 4 }), cycles: fc.integer({ min: 1, max: 4 }), total: fc.integer({ min: 1, max: 6 }), perPod: fc.integer({ min: 1, max: 3 }), canary: fc.boolean() })
  fc.assert(fc.property(shape, fc.infiniteStream(fc.nat({ max: results.length - 1 })), fc.infiniteStream(fc.nat()), (given, outcomes, whose) => {
    const batch = batchOf(given)
    const places: Places = { busy: new Set(), onPod: new Map(), begunAtMs: new Map() }
    const running: number[] = []
    for (let turn = 0; turn < 1_000 && !batch.end; turn += 1) {
      const { chosen } = choose(batch, places, { nowMs: turn, wallMs: turn })
      for (const { number } of chosen) {
        applyBatchEvent(batch, nextEvent(batch, { type: 'attempt-started', item: number, attempt: 1 }, turn))
        running.push(number)
      }
      const now = running.map((number) => batch.items[number]!.target)
      expect(new Set(now.map(({ camera }) => camera)).size).toBe(now.length)
      expect(now.length).toBeLessThanOrEqual(given.total)
      for (const pod of new Set(now.map(({ pod: each }) => each))) expect(now.filter((each) => each.pod === pod).length).toBeLessThanOrEqual(given.perPod)
      const [ended] = running.splice(whose.next().value % Math.max(1, running.length), 1)
      if (ended !== undefined) {
        const item = batch.items[ended]!
        applyBatchEvent(batch, nextEvent(batch, { type: 'attempt-ended', item: ended, attempt: 1, result: results[outcomes.next().value]! }, turn))
        free(places, item.target)
        for (let ruling = rulingAfter(batch, item); ruling; ruling = rulingAfter(batch, item)) applyBatchEvent(batch, nextEvent(batch, ruling, turn))
      }
      const end = endRuling(batch)
      if (end) applyBatchEvent(batch, nextEvent(batch, end, turn))
    }
    expect(batch.end).toBeDefined()
    expect(Object.values(batch.counts).reduce((sum, count) => sum + count, 0)).toBe(batch.items.length)
    expect(batch.counts.waiting + batch.counts.running).toBe(0)
    if (batch.end?.state === 'passed') expect(batch.counts.passed).toBe(batch.items.length)
  }))
})
test('told twice, an event changes nothing; a hole and an end without a beginning are refused', () => {
  const batch = batchOf({ cameras: 2, pods: 1, cycles: 1, total: 2, perPod: 2, canary: false })
  const started = nextEvent(batch, { type: 'attempt-started', item: 0, attempt: 1 }, 1)
  applyBatchEvent(batch, started)
  applyBatchEvent(batch, started)
  expect(batch.counts.running).toBe(1)
  expect(() => applyBatchEvent(batch, nextEvent(batch, { type: 'batch-paused' }, 1, 2))).toThrow(/missing/)
  expect(() => applyBatchEvent(batch, nextEvent(batch, { type: 'attempt-ended', item: 1, attempt: 1, result: results[0]! }, 1))).toThrow(/without having begun/)
  expect(() => applyBatchEvent(batch, nextEvent(batch, { type: 'attempt-started', item: 0, attempt: 2 }, 1))).toThrow(/while it is running/)
})
