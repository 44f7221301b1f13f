import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPodMemory, psramBytes } from './podStore.ts'

const MiB = 1024 * 1024
const kib = (count: number): Uint8Array => new Uint8Array(count * 1024)

function put(memory: ReturnType<typeof createPodMemory>, name: string, bytes: Uint8Array): boolean {
  const reservation = memory.reserve(bytes.length)
  reservation?.commit(name, bytes)
  return reservation !== undefined
}

test('6 MiB staged leave 2016 KiB in one piece', () => {
  const memory = createPodMemory()
  expect(memory.largestFreeBytes()).toBe(psramBytes)
  put(memory, 'filler', kib(6 * 1024))
  expect(memory.largestFreeBytes()).toBe(2016 * 1024)
})
test('free memory in two holes is not one hole', () => {
  const memory = createPodMemory({ lengthBytes: 4 * MiB })
  for (const name of ['a', 'b', 'c', 'd']) put(memory, name, kib(1024))
  memory.remove('b')
  memory.remove('d')
  expect(memory.freeBytes()).toBe(2 * MiB)
  expect(memory.largestFreeBytes()).toBe(MiB)
  expect(memory.reserve(MiB + 1)).toBeUndefined()
  expect(memory.reserve(MiB)).toBeDefined()
})
test('a replacement holds the old and the new copy until it is complete', () => {
  const memory = createPodMemory({ lengthBytes: 3 * MiB })
  put(memory, 'a', kib(1024))
  const reservation = memory.reserve(MiB)
  expect(memory.freeBytes()).toBe(MiB)
  reservation?.commit('a', kib(1024))
  expect(memory.freeBytes()).toBe(2 * MiB)
  expect(memory.list()).toEqual([{ name: 'a', lengthBytes: MiB, reads: 0 }])
})
test('an abandoned upload gives its block back, and reads are counted', () => {
  const memory = createPodMemory({ lengthBytes: MiB })
  memory.reserve(MiB)?.release()
  expect(memory.freeBytes()).toBe(MiB)
  put(memory, 'a', Uint8Array.of(1, 2))
  expect(memory.fetch('a')).toEqual(Uint8Array.of(1, 2))
  expect(memory.fetch('nothing')).toBeUndefined()
  expect(memory.list()[0]?.reads).toBe(1)
})
test('whatever is staged and dropped, nothing is lost and nothing overlaps', () => {
  const step = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), kib: fc.integer({ min: 1, max: 600 }), drop: fc.boolean() })
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const memory = createPodMemory({ lengthBytes: MiB })
    for (const { name, kib: count, drop } of steps) {
      if (drop) memory.remove(name)
      else put(memory, name, kib(count))
      const used = memory.list().reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
      expect(memory.freeBytes()).toBe(MiB - used)
      expect(memory.largestFreeBytes()).toBeLessThanOrEqual(memory.freeBytes())
    }
    memory.clear()
    expect(memory.largestFreeBytes()).toBe(MiB)
  }))
})
