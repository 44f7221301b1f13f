import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type MdnsRecord, parseMdnsAnswer } from './parser.ts'
import { encodeMdnsQuestion } from './writer.ts'

const text = (value: string): number[] => [...new TextEncoder().encode(value)]
const name = (value: string): number[] => [...value.split('.').flatMap((label) => [text(label).length, ...text(label)]), 0]
const record = (owner: readonly number[], type: number, data: readonly number[]): number[] => [...owner, 0, type, 0x80, 1, 0, 0, 0, 120, data.length >> 8, data.length & 0xff, ...data]
const answer = (...records: readonly (readonly number[])[]): Uint8Array => Uint8Array.from([0, 0, 0x84, 0, 0, 0, 0, records.length, 0, 0, 0, 0, ...records.flat()])

describe('answers', () => {
  test('a service, its place and its address; other records are passed over', () => {
    const instance = 'rack-node-001._http._tcp.local'
    const bytes = answer(record(name('_http._tcp.local'), 12, name(instance)), record(name(instance), 33, [0, 0, 0, 0, 0x1f, 0x90, ...name('rack-node-001.local')]), record(name(instance), 16, [0]), record(name('rack-node-001.local'), 1, [10, 0, 0, 5]), record(name('rack-node-001.local'), 28, Array.from({ length: 16 }, () => 1)))
    expect(parseMdnsAnswer(bytes)).toEqual([
      { type: 'service', name: '_http._tcp.local', instance }, { type: 'place', name: instance, host: 'rack-node-001.local', port: 8080 }, { type: 'address', name: 'rack-node-001.local', address: '10.0.0.5' },
    ] satisfies MdnsRecord[])
  })
  test('names that point back to names', () => {
    expect(parseMdnsAnswer(answer(record(name('_http._tcp.local'), 12, [4, ...text('pod1'), 0xc0, 12])))).toEqual([{ type: 'service', name: '_http._tcp.local', instance: 'pod1._http._tcp.local' }])
  })
  test.each([
    ['a pointer to itself', answer(record([0xc0, 12], 12, [0]))],
    // What stands there is a name: only the direction is wrong.
    ['a pointer ahead', answer(record([0xc0, 24], 12, name('b')))],
    ['a record longer than its message', answer([...name('a'), 0, 12, 0, 1, 0, 0, 0, 1, 0xff, 0xff])],
    ['a label longer than its message', answer([63, 1, 2])],
    ['more records than bytes', Uint8Array.from([0, 0, 0x84, 0, 0, 0, 0, 200, 0, 0, 0, 0])],
    ['thousands of records', Uint8Array.from([0, 0, 0x84, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, ...new Array<number>(1000).fill(0)])],
    ['a question', encodeMdnsQuestion(['_http._tcp.local'])],
    ['too long', new Uint8Array(10_000).fill(0x84)],
    ['too short', new Uint8Array(5)],
  ])('%s is none', (_what, bytes) => {
    expect(parseMdnsAnswer(bytes)).toBeUndefined()
  })
  test('any bytes at all end, in names and ports that are bounded', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isAnswer) => {
      const given = isAnswer && bytes.length > 12 ? Uint8Array.from([0, 0, 0x84, 0, 0, 0, 0, 3, 0, 0, 0, 0, ...bytes]) : bytes
      for (const each of parseMdnsAnswer(given) ?? []) expect(each.name.length).toBeLessThanOrEqual(255)
    }), { numRuns: 3_000 })
  })
})
