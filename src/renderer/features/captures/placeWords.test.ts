import { expect, test } from 'vitest'
import type { CaptureTimeline } from '../../../shared/captures/captures.schema.ts'
import { placeWords } from './placeWords.ts'

const timeline = {
  phases: [{ job: 'job-1', title: 'Restore of cam-02', phase: 'Write mtd3', fromMs: 1_000, untilMs: 3_000 }, { job: 'job-1', title: 'Restore of cam-02', phase: 'Boot seen', fromMs: 3_500 }],
  marks: [{ kind: 'power-off', atMs: 500, droppedBytes: 0 }],
} as unknown as CaptureTimeline

test('a place on the time line is told with the phases and the marks that are there', () => {
  expect(placeWords(timeline, 2_000, 10)).toMatch(/\u00b7 Restore of cam-02: Write mtd3$/)
  expect(placeWords(timeline, 505, 10)).toMatch(/\u00b7 power was switched off$/)
  expect(placeWords(timeline, 9_000, 0)).toMatch(/Boot seen$/)
  expect(placeWords(timeline, 700, 10)).not.toContain('\u00b7')
  expect(placeWords(undefined, 700, 10)).not.toContain('\u00b7')
})
