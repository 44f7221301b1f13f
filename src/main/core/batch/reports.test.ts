import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttemptResult, BatchNews } from '../../../shared/batch/batchEvent.ts'
import { batchIdSchema, batchPlanSchema } from '../../../shared/batch/batchPlan.schema.ts'
import { cameraIdSchema } from '../../../shared/devices/ids.ts'
import { dashboardOf } from './batchDashboard.ts'
import { compareBatches, detailsOfBatch, figuresOf, flakyOf, percentile } from './batchFigures.ts'
import { applyBatchEvent, type Batch, nextEvent } from './batchState.ts'
import { renderBatchHtml } from './reportPage.ts'
import { renderBatchCsv, renderBatchJson, renderJunit, xmlText } from './reportTexts.ts'

const hostile = '<script>alert(1)</script>"\'&\u0000\u001b[31m\u202e=cmd|'
const passed: AttemptResult = { outcome: 'passed', phases: [{ name: 'write', ms: 1_000 }], bootMs: 8_000, elapsedMs: 2_000 }
const failed: AttemptResult = { outcome: 'failed', where: 'boot-seen', cause: 'firmware', evidence: hostile, error: { code: 'device/not-booted', message: hostile, context: {} }, phases: [], elapsedMs: 3_000, excerpt: hostile }
const lost: AttemptResult = { outcome: 'failed', cause: 'infrastructure', evidence: 'no pod', phases: [], elapsedMs: 10 }

/** Two cameras with two cycles each; a result for each attempt, in the order of the items. */
function batchOf(results: readonly AttemptResult[], name = hostile.slice(0, 80)): Batch {
  const batch = batchIdSchema.parse('b1')
  const plan = batchPlanSchema.parse({ name: name.trim(), cameras: { ids: ['a'] }, workflow: 'restore', images: [{ name: '=1+1', path: '/x' }], cycles: 2 })
  const targets = ['a', 'b'].map((camera) => ({ camera: cameraIdSchema.parse(camera), name: `-${camera}"`, pod: camera }))
  const made = applyBatchEvent(undefined, { type: 'batch-queued', batch, sequence: 1, atMs: 1_000, plan, targets })
  const say = (news: BatchNews): void => { applyBatchEvent(made, nextEvent(made, news, 2_000)) }
  for (const [item, result] of results.entries()) {
    say({ type: 'attempt-started', item, attempt: 1 })
    say({ type: 'attempt-ended', item, attempt: 1, result })
  }
  return made
}

test('nothing that a console says runs in the page, in either colour scheme, and the page asks nobody for anything', () => {
  const page = renderBatchHtml(batchOf([failed, passed, passed, passed]))
  expect(page).not.toContain('<script')
  for (const letter of ['\u0000', '\u001b', '\u202e']) expect(page).not.toContain(letter)
  expect(page).toContain('&#60;script&#62;alert(1)')
  expect(page).toContain("default-src 'none'")
  expect(page).toContain('prefers-color-scheme:dark')
  expect(page).not.toMatch(/(?:src|href)=/)
})
test('whatever a console says, JUnit is XML that can be read, with its counts', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    // eslint-disable-next-line no-control-regex -- what XML cannot hold is what this is about
    expect(xmlText(text)).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f<>"']|[\ud800-\udbff](?![\udc00-\udfff])|\ufffe|\uffff/)
  }), { numRuns: 50 })
  const text = renderJunit(batchOf([failed, passed, lost]))
  expect(text).toContain('<testsuites name="&#60;script')
  expect(text.match(/tests="4" failures="1" errors="1" skipped="1"/g)).toHaveLength(2)
  expect(text).toContain('<failure type="firmware"')
  expect(text).toContain('<error type="infrastructure"')
})
test('the page says of each image how many passed and how many did not, and waiting ones are no failures', () => {
  const page = renderBatchHtml(batchOf([failed, passed]))
  expect(page).toContain('<h2>By image</h2>')
  expect(page).toContain('<tr><td>=1+1</td><td><span class="ok">1</span></td><td><span class="bad">1</span></td><td>0</td><td>0</td><td>0</td></tr>')
  expect(page).toContain('restore on 2 cameras, images =1+1, 2 cycles')
})
test('the page has a row for what was begun, what did not pass first, and only the number of the rest', () => {
  const batch = batchOf([passed, failed])
  const rows = (): string[] => [...renderBatchHtml(batch).split('Every item that was begun')[1]!.split('</section>')[0]!.matchAll(/<tr><td>(.*?)<\/td>/g)].map(([, name]) => name!)
  expect(rows()).toEqual(['-b&#34;', '-a&#34;'])
  expect(renderBatchHtml(batch)).toContain('2 items not begun yet; the CSV names all.')
  applyBatchEvent(batch, nextEvent(batch, { type: 'stop-requested', reason: 'person', sentence: 'Stopped by a person.' }, 3_000))
  expect(renderBatchHtml(batch)).toContain('2 items never begun; the CSV names all.')
  expect(renderBatchHtml(batchOf([passed, passed, passed, passed]))).not.toContain('begun;')
})
test('no cell of the CSV is a formula, and each attempt is a row', () => {
  const lines = renderBatchCsv(batchOf([failed, { ...passed, elapsedMs: 2_000.4, bootMs: 7_999.6 }])).split('\r\n')
  expect(lines[0]).toBe('item,camera,name,image,cycle,canary,state,attempt,outcome,cause,evidence,where,code,started,elapsed_ms,boot_ms,job,phases_ms')
  expect(lines[2]).toBe('1,b,"\'-b""",\'=1+1,1,no,passed,1,passed,,,,,1970-01-01 00:00:02.000 UTC,2000,8000,,write=1000')
  expect(lines).toHaveLength(6)
})
test('JSON has every item and says which format it is', () => {
  const read = JSON.parse(renderBatchJson(batchOf([failed, passed]))) as { format: string; items: unknown[] }
  expect(read.format).toBe('rackbench-batch/1')
  expect(read.items).toHaveLength(4)
})
test('the time of each step and what the console said last are in JUnit and JSON, the steps in CSV too', () => {
  const batch = batchOf([failed, passed])
  const read = JSON.parse(renderBatchJson(batch)) as { items: { attempts: unknown[] }[] }
  expect([read.items[0]?.attempts, read.items[1]?.attempts]).toMatchObject([[{ phases: [], excerpt: hostile }], [{ phases: [{ name: 'write', ms: 1_000 }] }]])
  const junit = renderJunit(batch)
  expect(junit).toContain('<property name="seconds of write" value="1.000"/>')
  expect(junit).toContain('<system-out>&#60;script&#62;alert(1)')
  expect(renderBatchCsv(batch)).toContain(',write=1000\r\n')
})
test('percentiles are values that were measured', () => {
  expect(percentile([], 0.5)).toBe(0)
  expect(figuresOf('x', [5, 1, 4, 2, 3])).toEqual({ name: 'x', count: 5, medianMs: 3, p90Ms: 5, p99Ms: 5, maxMs: 5 })
  fc.assert(fc.property(fc.array(fc.nat(), { minLength: 1 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
    const sorted = values.toSorted((a, b) => a - b)
    const value = percentile(sorted, share)
    expect(sorted.filter((each) => each <= value).length).toBeGreaterThanOrEqual(Math.floor(values.length * share))
    expect(values).toContain(value)
  }))
})
test('flaky is who passes at one time and fails at another; trouble of the bench is not', () => {
  expect(flakyOf(batchOf([failed, passed, passed, passed]))).toEqual([{ camera: 'a', name: '-a"', image: '=1+1', passed: 1, failed: 1, where: 'boot-seen' }])
  expect(flakyOf(batchOf([lost, passed, passed, passed]))).toEqual([])
  expect(flakyOf(batchOf([failed, passed, failed, passed]))).toEqual([])
})
test('one panic at two times after the boot is one sentence of the overview, twice', () => {
  const panic = (at: string): AttemptResult => ({ ...failed, evidence: `The console said "[ ${at}] Kernel panic - not syncing"` })
  expect(dashboardOf(batchOf([panic('   1.618330'), panic('   2.114120')])).causes).toEqual([{ cause: 'firmware', count: 2, kinds: 1, evidence: [{ sentence: 'The console said "Kernel panic - not syncing"', count: 2 }] }])
})
test('two runs: who is worse, who is better, and how the phases moved', () => {
  const slow = { ...passed, phases: [{ name: 'write', ms: 3_000 }] }
  const found = compareBatches(batchOf([passed, failed, passed, passed]), batchOf([failed, slow, slow, slow]))
  expect(found).toMatchObject({ worse: ['-a"'], better: ['-b"'], phases: [{ name: 'write', beforeMs: 1_000, afterMs: 3_000, ratio: 3 }], words: '75.0 % passed before and 75.0 % after; 1 camera is worse and 1 better.' })
})
test('what was judged makes the pass rate, and nothing else', () => {
  expect(detailsOfBatch(batchOf([passed, failed, lost])).passRate).toBe(0.5)
  expect(detailsOfBatch(batchOf([lost])).passRate).toBeUndefined()
})
