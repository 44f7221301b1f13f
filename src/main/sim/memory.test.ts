import { expect, test } from 'vitest'
import { createNorFlash, createRam, ramBytes } from './memory.ts'

const healthy = { lengthBytes: 0x40000, landing: () => undefined }

test('programming only clears bits; an erase sets a whole block', () => {
  const flash = createNorFlash(healthy)
  flash.program(0x100, Uint8Array.of(0b1100_1010))
  flash.program(0x100, Uint8Array.of(0b1010_1111))
  expect(flash.cells[0x100]).toBe(0b1000_1010)
  flash.program(0x10000, Uint8Array.of(7))
  flash.erase(0, 0x10000)
  expect(flash.cells[0x100]).toBe(0xff)
  expect(flash.cells[0x10000]).toBe(7)
})
test('an erase that is not on a block is no erase', () => {
  expect(() => { createNorFlash(healthy).erase(0x800, 0x10000) }).toThrow(RangeError)
})
test('blank pages cost no programming', () => {
  const flash = createNorFlash(healthy)
  const bytes = new Uint8Array(1024).fill(0xff)
  bytes[300] = 0
  expect(flash.program(0, bytes)).toBe(256)
  expect(flash.counters.programmedBytes).toBe(256)
})
test('a write that begins inside a page does not run over its end', () => {
  const pages: [number, number][] = []
  const flash = createNorFlash({ lengthBytes: 0x10000, landing: (offset, page) => { pages.push([offset, page.length]); return undefined } })
  flash.program(0xf0, new Uint8Array(0x120))
  expect(pages).toEqual([[0xf0, 0x10], [0x100, 0x100], [0x200, 0x10]])
})
test('RAM answers at every mirror of its address', () => {
  const ram = createRam()
  ram.write(0x82000000, Uint8Array.of(1, 2, 3))
  expect([...ram.read(0x42000000, 3)]).toEqual([1, 2, 3])
  ram.write(0x42000000 + ramBytes / 2 - 1, Uint8Array.of(8, 9))
  expect([...ram.read(0x40000000, 1)]).toEqual([9])
  expect([...ram.read(0x43ffffff, 2)]).toEqual([8, 9])
})
test('a fill repeats its pattern', () => {
  const ram = createRam()
  ram.fill(0x40000000, 6, Uint8Array.of(1, 2, 3, 4))
  expect([...ram.read(0x40000000, 7)]).toEqual([1, 2, 3, 4, 1, 2, 0])
})
