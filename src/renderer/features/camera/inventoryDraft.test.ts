import { expect, test } from 'vitest'
import { changeOf, draftOf } from './inventoryDraft.ts'

test('what is shown is what is saved when nothing was typed', () => {
  const inventory = { labels: ['qa', 'lens=4mm'], group: 'hall 2', notes: 'a\nb', place: { rack: 'Lab', row: 1, slot: 4 } }
  expect(changeOf(draftOf(inventory))).toEqual({ change: inventory })
  expect(changeOf(draftOf())).toEqual({ change: { labels: [], group: '', notes: '', place: null } })
})

test('half a place and labels with strange letters are told before anybody is asked', () => {
  expect(changeOf({ ...draftOf(), rack: 'Lab' })).toEqual({ problem: expect.stringContaining('a rack, a row and a slot') as string })
  expect(changeOf({ ...draftOf(), rack: 'Lab', row: '1', slot: '65' })).toEqual({ problem: expect.stringContaining('The place') as string })
  expect(changeOf({ ...draftOf(), labels: 'a, <b>' })).toEqual({ problem: expect.stringContaining('A label is not usable: letters') as string })
})
