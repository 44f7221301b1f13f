import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildTar, type TarEntry } from '../../../../test/support/tarBuilder.ts'
import { createTarReader, safeMemberName, type TarFile, type TarLimits } from './parser.ts'

const limits: TarLimits = { maxMembers: 20, maxFileBytes: 10_000, maxTotalBytes: 60_000, special: 'refuse' }
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function read(archive: Uint8Array, cuts: readonly number[] = [], own: TarLimits = limits, wanted?: (name: string) => boolean): readonly TarFile[] {
  const reader = createTarReader(own, wanted)
  const borders = [...new Set([0, ...cuts.map((cut) => cut % (archive.length + 1)), archive.length])].sort((a, b) => a - b)
  borders.forEach((from, index) => { reader.push(archive.slice(from, borders[index + 1] ?? from)) })
  return reader.end()
}
const refused = (code: string, message: RegExp): unknown => expect.objectContaining({ name: 'WorkbenchError', code, message: expect.stringMatching(message) as unknown })

const long = `folder/${'x'.repeat(150)}.json`
const sound: readonly TarEntry[] = [
  { name: './', type: '5' }, { name: './uImage.x', bytes: bytesOf('kernel') }, { name: 'empty' }, { name: 'full', bytes: new Uint8Array(512).fill(7) },
  { name: long, bytes: bytesOf('{}'), longName: 'gnu' }, { name: `${long}2`, bytes: bytesOf('[]'), longName: 'pax' }, { name: 'after', bytes: new Uint8Array(700).fill(8) },
]

test('files under their names, whatever the cuts', () => {
  fc.assert(fc.property(fc.array(fc.nat(8000), { maxLength: 30 }), (cuts) => {
    expect(read(buildTar(sound), cuts).map(({ name, bytes }) => [name, bytes.length, bytes[0]])).toEqual([
      ['uImage.x', 6, 107], ['empty', 0, undefined], ['full', 512, 7], [long, 2, 123], [`${long}2`, 2, 91], ['after', 700, 8],
    ])
  }))
})

test('only what is wanted is kept', () => {
  expect(read(buildTar(sound), [], limits, (name) => name.startsWith('f') && !name.includes('/'))).toEqual([{ name: 'full', bytes: new Uint8Array(512).fill(7) }])
})

test('what is handed in may be used again', () => {
  const archive = buildTar([{ name: 'a', bytes: bytesOf('hello') }])
  const reader = createTarReader(limits)
  reader.push(archive)
  archive.fill(0)
  expect(reader.end()).toEqual([{ name: 'a', bytes: bytesOf('hello') }])
})

describe('refused', () => {
  test.each<[string, readonly TarEntry[], string, RegExp]>([
    ['a way out', [{ name: '../etc/passwd' }], 'input/malformed', /points outside/],
    ['a hidden way out', [{ name: 'a/../../b' }], 'input/malformed', /points outside/],
    ['an absolute name', [{ name: '/etc/passwd' }], 'input/malformed', /points outside/],
    ['a way out in a long name', [{ name: `${'../'.repeat(60)}x`, longName: 'gnu' }], 'input/malformed', /points outside/],
    ['a way out in a pax name', [{ name: '../x', longName: 'pax' }], 'input/malformed', /points outside/],
    ['a folder outside', [{ name: '../x/', type: '5' }], 'input/malformed', /points outside/],
    ['a name without a name', [{ name: '.' }], 'input/malformed', /points outside/],
    ['a symbolic link', [{ name: 'x', type: '2', linkTo: '/etc/passwd' }], 'input/not-supported', /holds a symbolic link \(x\)/],
    ['a hard link', [{ name: 'x', type: '1', linkTo: 'y' }], 'input/not-supported', /a hard link/],
    ['a device', [{ name: 'x', type: '3' }], 'input/not-supported', /a device/],
    ['a pipe', [{ name: 'x', type: '6' }], 'input/not-supported', /a pipe/],
    ['something new', [{ name: 'x', type: 'Z' }], 'input/not-supported', /holds something/],
    ['one name twice', [{ name: 'x' }, { name: './x' }], 'input/conflict', /holds x twice/],
    ['a large file', [{ name: 'x', bytes: new Uint8Array(10_001) }], 'input/too-large', /10001 bytes; at most 10000/],
    ['too many files', Array.from({ length: 21 }, (_, index) => ({ name: `f${index}` })), 'input/too-large', /more than 20 members/],
    ['a name without end', [{ name: 'x', type: 'L', claimedBytes: 70_000 }], 'input/malformed', /a name without end/],
    ['less than was promised', [{ name: 'x', claimedBytes: 9000 }], 'input/malformed', /is cut off/],
  ])('%s', (_, entries, code, message) => { expect(() => read(buildTar(entries))).toThrow(refused(code, message)) })

  test('more in all than is allowed, also behind the end', () => {
    expect(() => read(buildTar(Array.from({ length: 8 }, (_, index) => ({ name: `f${index}`, bytes: new Uint8Array(9000) }))))).toThrow(refused('input/too-large', /unpacks to more than 60000/))
    const reader = createTarReader(limits)
    reader.push(buildTar([]))
    expect(() => { for (let count = 0; count < 100; count += 1) reader.push(new Uint8Array(1000)) }).toThrow(refused('input/too-large', /unpacks to more/))
  })

  test('a promise costs no memory', () => {
    const reader = createTarReader({ ...limits, maxFileBytes: 2 ** 33 })
    reader.push(buildTar([{ name: 'x', claimedBytes: 2 ** 32 }]))
    expect(() => reader.end()).toThrow(refused('input/malformed', /is cut off/))
  })

  test('any cut short of the end marks', () => {
    const archive = buildTar([{ name: 'x', bytes: new Uint8Array(700) }])
    fc.assert(fc.property(fc.integer({ min: 1, max: 512 + 1024 - 1 }), (length) => { expect(() => read(archive.subarray(0, length))).toThrow(refused('input/malformed', /cut off/)) }))
    expect(() => read(new Uint8Array())).toThrow(refused('input/malformed', /is empty/))
  })
})

test('with `skip` links, devices and large files are left out, and ways out still refused', () => {
  const entries: readonly TarEntry[] = [{ name: 'l', type: '2', linkTo: '/etc' }, { name: 'big', bytes: new Uint8Array(10_001) }, { name: 'a', bytes: bytesOf('x') }]
  expect(read(buildTar(entries), [], { ...limits, special: 'skip' }).map(({ name }) => name)).toEqual(['a'])
  expect(() => read(buildTar([{ name: '../x', type: '2' }]), [], { ...limits, special: 'skip' })).toThrow(refused('input/malformed', /outside/))
})

test('noise and damage give files or our own error', () => {
  const archive = buildTar(sound)
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { maxLength: 10 }), fc.array(fc.nat(8000), { maxLength: 5 }), (changes, cuts) => {
    const hurt = archive.slice()
    for (const [at, byte] of changes) hurt[at] = byte
    try { read(hurt, cuts) } catch (error) { expect(error).toMatchObject({ name: 'WorkbenchError' }) }
  }))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
    try { read(bytes) } catch (error) { expect(error).toMatchObject({ name: 'WorkbenchError' }) }
  }))
})

test('extended headers of any contents', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.tuple(fc.nat(40), fc.string()).map(([length, rest]) => `${length} path=${rest}\n`)), (note) => {
    try { read(buildTar([{ name: 'n', type: 'x', bytes: bytesOf(note) }, { name: 'a' }])) } catch (error) { expect(error).toMatchObject({ name: 'WorkbenchError' }) }
  }))
})

test.each([['a', 'a'], ['./a/./b', 'a/b'], ['a//b/', 'a/b'], ['..a', '..a'], ['../a', undefined], ['a/..', undefined], ['/a', undefined], ['C:/a', undefined], ['a\\b', undefined], ['a\nb', undefined], ['', undefined], ['x'.repeat(513), undefined]])('name %j is %j', (given, name) => {
  expect(safeMemberName(given)).toBe(name)
})
