import { expect, test } from 'vitest'
import { sectorRuns } from './sectorRuns.ts'

test('neighbours of one kind become one run, and every sector is in exactly one', () => {
  expect(sectorRuns('==x--ab.')).toEqual([
    { kind: 'same', from: 0, count: 2 }, { kind: 'different', from: 2, count: 1 }, { kind: 'blank', from: 3, count: 2 },
    { kind: 'onlyInA', from: 5, count: 1 }, { kind: 'onlyInB', from: 6, count: 1 }, { kind: 'nowhere', from: 7, count: 1 },
  ])
  expect(sectorRuns('')).toEqual([])
  expect(sectorRuns('?')).toEqual([{ kind: 'nowhere', from: 0, count: 1 }])
})
