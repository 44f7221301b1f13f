import { expect, test } from 'vitest'
import { wishOf } from './labelMany.ts'

const nothing = { add: '', remove: '', group: undefined, aside: 'leave', note: '' } as const

test('what is said of many is sent as it was meant; what is absent stays out', () => {
  expect(wishOf(nothing)).toMatchObject({ isEmpty: true })
  expect(wishOf({ ...nothing, add: ' qa, lens=4mm,, qa ' })).toEqual({ change: { addLabels: ['qa', 'lens=4mm'], removeLabels: [] }, words: 'This adds qa, lens=4mm' })
  expect(wishOf({ ...nothing, remove: 'qa', group: '', aside: 'end', note: 'unused' })).toMatchObject({ change: { addLabels: [], removeLabels: ['qa'], group: '', maintenance: null } })
  expect(wishOf({ ...nothing, aside: 'begin', note: ' lenses ' })).toMatchObject({ change: { maintenance: { note: 'lenses' } } })
})
test('what is no label, and what contradicts itself, is said', () => {
  for (const [draft, words] of [[{ add: '<b>' }, 'is no label'], [{ add: 'a', remove: 'a' }, 'to be added and to be taken away'], [{ add: Array.from({ length: 33 }, (_, index) => `l${String(index)}`).join(',') }, 'At most 32'], [{ group: 'x'.repeat(65) }, '64 letters']] as const) {
    expect(wishOf({ ...nothing, ...draft })).toEqual({ wrong: expect.stringContaining(words) as string, isEmpty: false })
  }
})
