import { expect, test } from 'vitest'
import { layoutMap } from './layoutMap.ts'

const part = (name: string, offsetBytes: number, lengthBytes: number): { name: string; offsetBytes: number; lengthBytes: number } => ({ name, offsetBytes, lengthBytes })

test('in order of addresses, gaps between and behind, and what does not fit marked', () => {
  const findings = [{ severity: 'error' as const, part: 'b', message: '' }, { severity: 'warning' as const, part: 'a', message: '' }]
  expect(layoutMap({ parts: [part('b', 300, 100), part('a', 0, 200)], findings }, 500).map(({ name, offsetBytes, lengthBytes, kind }) => [name, offsetBytes, lengthBytes, kind])).toEqual([
    ['a', 0, 200, 'planned'], ['kept', 200, 100, 'kept'], ['b', 300, 100, 'bad'], ['kept', 400, 100, 'kept'],
  ])
})
test('overlaps make no gap, and no table no bar', () => {
  expect(layoutMap({ parts: [part('a', 0, 300), part('b', 100, 100)], findings: [] }, 0)).toHaveLength(2)
  expect(layoutMap({ parts: [], findings: [] }, 500)).toEqual([])
})
