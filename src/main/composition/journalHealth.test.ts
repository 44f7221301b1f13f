import { expect, test } from 'vitest'
import { journalHealth } from './journalHealth.ts'

test('a journal is well while its rows are whole and its disk has room', () => {
  expect(journalHealth(0, 10 * 1024 ** 3)).toEqual({ ok: true, note: '' })
  expect(journalHealth(0, 0)).toEqual({ ok: false, note: 'no room left on its disk' })
  expect(journalHealth(2, 0)).toEqual({ ok: false, note: '2 damaged rows' })
  expect(journalHealth(1, 10 * 1024 ** 3).note).toBe('1 damaged row')
})
