import { createHash } from 'node:crypto'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import type { RawRestoreInput } from './rawInput.ts'
import { readInput } from './readInput.ts'

const tools = {
  hashHex: (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex'),
  parseYaml: (text: string): unknown => parse(text, { maxAliasCount: 0 }) as unknown,
}
const file = (name: string, text = name): { name: string; bytes: Uint8Array } => ({ name, bytes: new TextEncoder().encode(text) })
const folder = (...files: { name: string; bytes: Uint8Array }[]): RawRestoreInput => ({ kind: 'folder', path: '/dump', files, ignored: [] })
const read = (raw: RawRestoreInput, gaps = false) => readInput(raw, tools, gaps)

test('partitions in their own order: mtd10 after mtd2', () => {
  const names = Array.from({ length: 11 }, (_, index) => file(`mtd${index}`)).reverse()
  expect(read(folder(...names)).parts.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('other names are left out and said, twins and gaps are refused', () => {
  expect(read(folder(file('mtd0'), file('mtd0.md5'), file('mtd1.bin'))).warnings.join()).toContain('mtd0.md5')
  expect(() => read(folder(file('mtd0'), file('mtd0.bin')))).toThrow(expect.objectContaining({ code: 'input/conflict' }))
  expect(() => read(folder(file('mtd1')))).toThrow(/mtd0 is missing/)
  expect(() => read(folder(file('mtd0'), file('mtd2')))).toThrow(/mtd1 is missing/)
  expect(read(folder(file('mtd1')), true).parts).toHaveLength(1)
})

test('an empty folder and an empty file', () => {
  expect(() => read(folder())).toThrow(/No mtd files/)
  expect(() => read(folder({ name: 'mtd0', bytes: new Uint8Array() }))).toThrow(/is empty/)
  expect(() => read({ kind: 'file', path: '/x', name: 'x', bytes: new Uint8Array() })).toThrow(/is empty/)
})

test('one image is the whole flash', () => {
  expect(read({ kind: 'file', path: '/x.bin', ...file('x.bin', 'abc') }).parts).toMatchObject([{ name: 'flash', index: 0 }])
})

const boot = Buffer.alloc(0x30000, 1)
const rest = Buffer.alloc(0x20000, 2)
const sha = (bytes: Uint8Array): string => tools.hashHex('sha1', bytes).slice(0, 8)
const describe = (bootSha = sha(boot)): string => `---
chip:
  model: hi3516ev300
rom:
  - type: nor
    partitions:
      - name: boot
        size: 0x30000
        sha1: "${bootSha}"
      - name: rootfs-data
        size: 0x20000
        sha1: "${sha(rest)}"
`
const block = (bytes: Uint8Array): Buffer => { const head = Buffer.alloc(4); head.writeUInt32LE(bytes.length); return Buffer.concat([head, bytes]) }
const backup = (yaml: string, ...blocks: Uint8Array[]): RawRestoreInput =>
  ({ kind: 'file', path: '/b', name: 'backup', bytes: Buffer.concat([Buffer.from(yaml), Buffer.of(0), ...blocks.map(block)]) })

test('an ipctool backup: names with any characters, sizes, checksums', () => {
  const input = read(backup(describe(), boot, rest))
  expect(input.kind).toBe('ipctool')
  expect(input.parts.map(({ name, partitionBytes }) => [name, partitionBytes])).toEqual([['mtd0', 0x30000], ['mtd1', 0x20000]])
})

test('a backup that is cut, damaged or short of blocks is refused before anything is touched', () => {
  const whole = backup(describe(), boot, rest) as Extract<RawRestoreInput, { kind: 'file' }>
  expect(() => read({ ...whole, bytes: whole.bytes.subarray(0, whole.bytes.length - 1) })).toThrow(/cut off/)
  expect(() => read(backup(describe('00000000'), boot, rest))).toThrow(/does not match its checksum/)
  expect(() => read(backup(describe(), boot))).toThrow(/describes 2 partitions and holds 1/)
  expect(() => read(backup('---\nrom: 7\n', boot))).toThrow(/not ipctool/)
  expect(() => read(backup('---\na: [b\n', boot))).toThrow(/not YAML/)
})
