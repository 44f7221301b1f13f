import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineTail } from './lineTail.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const tailOf = (text: string, keep = 10): readonly string[] => {
  const tail = new LineTail(keep)
  tail.push(bytes(text))
  return tail.lines
}

test('whole lines and the one being written', () => {
  expect(tailOf('one\r\ntwo\r\nlogin: ')).toEqual(['one', 'two', 'login:'])
})
test('colours and cursor moves leave no trace, an unfinished one neither', () => {
  expect(tailOf('\u001b[1;32mok\u001b[0m\r\n\u001b[2Kdone \u001b[3')).toEqual(['ok', 'done'])
})
test('a carriage return begins the line again', () => {
  expect(tailOf('10 %\r20 %\r30 %')).toEqual(['30 %'])
})
test('empty lines take no place', () => {
  expect(tailOf('a\r\n\r\n\r\nb\r\n')).toEqual(['a', 'b'])
})
test('it does not matter where the bytes are cut', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.array(fc.nat(12), { maxLength: 40 }), (text, cuts) => {
    const whole = tailOf(text, 50)
    const tail = new LineTail(50)
    let rest = bytes(text)
    for (const cut of cuts) { tail.push(rest.subarray(0, cut)); rest = rest.subarray(cut) }
    tail.push(rest)
    expect(tail.lines).toEqual(whole)
  }))
})
test('a console without line ends cannot fill the memory', () => {
  const tail = new LineTail(3)
  for (let turn = 0; turn < 100; turn += 1) tail.push(bytes('x'.repeat(1000)))
  expect(tail.lines.join('').length).toBeLessThanOrEqual(1024)
})
