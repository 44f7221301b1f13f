import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { placeParts } from './layout.ts'
import type { RestoreInput } from './rawInput.ts'
import { readInput } from './readInput.ts'

const hashHex = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex')
const tools = { hashHex, parseYaml: (): unknown => undefined }
const part = new Uint8Array(0x10000).fill(3)
const recordOf = (sha256 = hashHex('sha256', part), file = 'mtd2'): Record<string, unknown> => ({
  format: 'rackbench-dump', version: 1, created: 'x', createdAtMs: 1, chip: 'hi3516ev300', flash: { name: 'W25Q128', lengthBytes: 0x1000000 },
  ubootVersion: '', mtdparts: 'x:64k(a),64k(b),-(c)', layoutFrom: 'mtdparts',
  parts: [{ file, name: 'c', offsetBytes: 0x20000, lengthBytes: 0x10000, crc32: '00000000', sha256 }],
})
const read = (record: unknown, gapsAllowed = false): RestoreInput => readInput({
  kind: 'folder', path: '/d', ignored: [], files: [{ name: 'mtd2', bytes: part }],
  record: typeof record === 'string' ? new TextEncoder().encode(record) : new TextEncoder().encode(JSON.stringify(record)),
}, tools, gapsAllowed)

test('the record says where a part belongs that nobody could place otherwise', () => {
  const input = read(recordOf())
  expect(input).toMatchObject({ mtdparts: 'x:64k(a),64k(b),-(c)', warnings: [] })
  expect(placeParts(input, input.mtdparts)).toMatchObject([{ name: 'mtd2', offsetBytes: 0x20000 }])
})
test('a part that is not what was dumped, or is missing, stops the restore', () => {
  expect(() => read(recordOf('0'.repeat(64)))).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  expect(() => read(recordOf(undefined, 'mtd1'))).toThrow(expect.objectContaining({ code: 'input/not-found' }))
})
test('a table that a person gives is newer', () => {
  expect(read(recordOf('0'.repeat(64)), true).mtdparts).toBeUndefined()
})
test('a record of anything else is told, and never thrown over', () => {
  for (const bad of ['', '{', '[]', '{"format":"other"}', JSON.stringify({ ...recordOf(), version: 2 })]) expect(() => read(bad)).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    try { read(text) } catch (error) { expect(error).toBeInstanceOf(WorkbenchError) }
  }))
})
