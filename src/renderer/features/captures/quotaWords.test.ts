import { expect, test } from 'vitest'
import { pausedWords, quotaWords } from './quotaWords.ts'

const at = (hour: number): number => new Date(2026, 4, 12, hour).getTime()
const status = { usedBytes: 19 * 2 ** 30, quotaBytes: 20 * 2 ** 30, droppedBytes: 0, notices: [] }
const quota = { sinceMs: at(8), removesFromMs: at(9), fullAtMs: at(20), oldest: { cameraName: 'Gate', fromMs: new Date(2026, 2, 1).getTime(), untilMs: new Date(2026, 2, 3).getTime() } }

test('a quota that is near is told with its amount, its date and what goes first', () => {
  expect(quotaWords(status, at(8))).toBeUndefined()
  expect(quotaWords({ ...status, quota }, at(8))).toEqual({
    message: 'Captures fill 95 % of their 20 GiB. At the pace of the last day it is full about 2026-05-12 20:00; then the oldest files are deleted.',
    hint: 'Export what is to stay, or raise the quota. The first to go: Gate, 2026-03-01 to 2026-03-03.',
  })
})
test('what is over the quota has until a time, and then goes; without a pace there is no date', () => {
  const over = { ...status, usedBytes: 21 * 2 ** 30, quota }
  expect(quotaWords(over, at(8))?.message).toContain('The oldest files are deleted from 2026-05-12 09:00 on')
  expect(quotaWords(over, at(10))?.message).toContain('are being deleted now')
  expect(quotaWords({ ...status, quota: { sinceMs: at(8), removesFromMs: at(9) } }, at(8))?.message).toContain('nothing was added in the last day')
})

test('captures that are paused say why, and that they go on by themselves', () => {
  expect(pausedWords(status)).toBeUndefined()
  expect(pausedWords({ ...status, paused: 'the disk is full' })).toEqual({ message: 'Captures are paused: the disk is full', hint: expect.stringContaining('go on by themselves') as string })
})
