import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mostFindPorts, typedPorts } from './findPorts.schema.ts'

test('a range is told in full, a name stays a name, and each stands once', () => {
  expect(typedPorts('1-3, 2 7;outlet-a')).toEqual(['1', '2', '3', '7', 'outlet-a'])
  expect(typedPorts('9-2')).toEqual(['9-2'])
  expect(typedPorts('  ')).toEqual([])
  expect(typedPorts('1-64')).toHaveLength(64)
  expect(typedPorts('1-65')).toBeUndefined()
  expect(typedPorts('1-40 50-90')).toBeUndefined()
})
test('whatever is typed, it is never more than can be looked at', () => {
  fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => {
    const ports = typedPorts(text)
    expect(ports === undefined || (ports.length <= mostFindPorts && new Set(ports).size === ports.length)).toBe(true)
  }))
})
