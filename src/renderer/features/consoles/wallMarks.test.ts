import { expect, test } from 'vitest'
import type { RuleHit } from '../../../shared/consoles/consoleTools.schema.ts'
import { type CameraId, cameraIdSchema } from '../../../shared/devices/ids.ts'
import { addMarks, type TileMark, worstOf } from './wallMarks.ts'

const [one, two] = [cameraIdSchema.parse('cam-01'), cameraIdSchema.parse('cam-02')]
const hit = (sequence: number, cameraId: CameraId, more: Partial<RuleHit> = {}): RuleHit => ({ sequence, cameraId, ruleId: 'panic', rule: 'Kernel panic', tone: 'bad', notify: true, line: 'Kernel panic', atMs: 0, position: sequence * 10, ...more })

test('only the cameras concerned get other marks, bounded, and what is no line gets none', () => {
  const marks = new Map<CameraId, readonly TileMark[]>()
  addMarks(marks, [hit(1, one), hit(2, two), hit(3, one, { position: undefined })])
  expect([one, two].map((id) => marks.get(id)?.map(({ sequence }) => sequence))).toEqual([[1], [2]])
  const before = marks.get(two)
  addMarks(marks, Array.from({ length: 100 }, (_, index) => hit(index + 4, one)))
  expect(marks.get(two)).toBe(before)
  expect([marks.get(one)?.length, marks.get(one)?.at(-1)?.sequence]).toEqual([16, 103])
})
test('a workbench that was started again counts anew', () => {
  const marks = new Map<CameraId, readonly TileMark[]>()
  addMarks(marks, [hit(7, one), hit(8, one)])
  addMarks(marks, [hit(1, one)])
  expect(marks.get(one)?.map(({ sequence }) => sequence)).toEqual([1])
})
test('one word: the newest of what is worst', () => {
  const mark = (sequence: number, tone: TileMark['tone']): TileMark => ({ sequence, tone, rule: `${tone} ${String(sequence)}`, line: '', position: 0 })
  expect(worstOf([mark(1, 'bad'), mark(2, 'bad'), mark(3, 'warn')])?.rule).toBe('bad 2')
  expect(worstOf([mark(1, 'ok'), mark(2, 'warn')])?.rule).toBe('warn 2')
  expect(worstOf([])).toBeUndefined()
})
