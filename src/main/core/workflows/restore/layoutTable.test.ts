import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LayoutRequest, LayoutRow, LayoutView } from '../../../../shared/restore/layout.schema.ts'
import { parseMtdDevices } from '../../../protocols/mtdparts/parser.ts'
import { viewLayout } from './layoutTable.ts'

const MiB = 1024 * 1024
const view = (more: Partial<LayoutRequest>): LayoutView => viewLayout({ id: '', rows: [], flashType: 'auto', flashBytes: 16 * MiB, ...more })
const row = (name: string, size: string, offset = '', flags = ''): LayoutRow => ({ name, size, offset, flags })
const messages = ({ findings }: LayoutView): string => findings.map(({ severity, message }) => `${severity}: ${message}`).join('\n')

test('text becomes rows, and rows the same text', () => {
  const text = 'hi_sfc:256k(boot)ro,64k(env),3072k@0x50000(kernel),1024k@0x400000(gap),-(rest)'
  const read = view({ text })
  expect(read).toMatchObject({ id: 'hi_sfc', rows: [row('boot', '256k', '', 'ro'), row('env', '64k'), row('kernel', '3072k'), row('gap', '1024k', '0x400000'), row('rest', '-')] })
  expect(view({ id: read.id, rows: read.rows })).toEqual(read)
  expect(read.parts.at(-1)).toEqual({ name: 'rest', offsetBytes: 5 * MiB, lengthBytes: 11 * MiB })
})

test('nothing is nothing, and no table', () => {
  expect(view({})).toEqual({ id: '', rows: [], text: '', parts: [], findings: [] })
  expect(view({ text: '  ' })).toMatchObject({ text: '', parts: [] })
})

test('overlap, gap, past the end and off the erase block are said', () => {
  expect(messages(view({ rows: [row('a', '1m'), row('b', '1m', '512k'), row('c', '-')] }))).toContain('error: b overlaps a')
  expect(messages(view({ rows: [row('a', '1m'), row('b', '-', '2m')] }))).toContain('warning: 1048576 bytes before b')
  expect(messages(view({ rows: [row('a', '17m')] }))).toContain('error: a ends at 0x1100000')
  expect(messages(view({ rows: [row('a', '100k'), row('b', '-')] }))).toContain('inside an erase block of 0x10000')
  expect(view({ rows: [row('a', '1m'), row('b', '-')] }).findings).toEqual([])
})

test('the erase block is that of the flash: as chosen, or as the name of the chip tells', () => {
  const rows = [row('a', '64k'), row('b', '-')]
  expect(messages(view({ rows }))).toBe('')
  expect(messages(view({ rows, id: 'hinand' }))).toContain('0x20000')
  expect(messages(view({ rows, flashType: 'nand' }))).toContain('0x20000')
  expect(view({ rows: [row('a', '512'), row('b', '-')], flashType: 'emmc' }).findings).toEqual([])
})

test('where nobody knows the size nothing is said about the end', () => {
  expect(view({ rows: [row('a', '1m'), row('b', '-')], flashBytes: 0 }).findings).toEqual([])
})

test.each<[string, Partial<LayoutRequest>, RegExp]>([
  ['a missing name', { rows: [row('', '1m')] }, /Row 1: the name is missing/],
  ['a name that hides a partition', { rows: [row('a),1m(b', '1m')] }, /Row 1: .* is no name/],
  ['a missing size', { rows: [row('a', '1m'), row('b', '')] }, /Row 2: the size is missing/],
  ['a size in words', { rows: [row('a', 'one')] }, /is no size/],
  ['an offset with a second partition in it', { rows: [row('a', '1m', '0,1m')] }, /is no offset/],
  ['an unknown flag', { rows: [row('a', '1m', '', 'rw')] }, /is no flag/],
  ['a row behind the rest', { rows: [row('a', '-'), row('b', '1m')] }, /follows the partition that takes the rest/],
  ['a name twice', { rows: [row('a', '1m'), row('a', '1m')] }, /occurs twice/],
  ['a chip with a semicolon', { id: 'a;b', rows: [row('a', '1m')] }, /not the name of a flash device/],
  ['two chips', { text: 'a:1m(x);b:1m(y)' }, /2 flash devices: a, b/],
  ['noise', { text: 'reset; run' }, /mtdparts/],
])('a problem in words, and a text that no plan follows: %s', (_what, more, why) => {
  const { problem, text, parts } = view(more)
  expect(problem?.message).toMatch(why)
  expect(parts).toEqual([])
  if (more.rows) expect(() => parseMtdDevices(text)).toThrow(expect.objectContaining({ code: 'input/malformed' }))
})

test('whatever is typed: rows are kept as they are, and the text is either these rows or refused', () => {
  const typed = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('1m', '64k', '0x40000', '-', '', 'boot', 'ro'))
  fc.assert(fc.property(fc.array(fc.record({ name: typed, offset: typed, size: typed, flags: typed }), { maxLength: 5 }), typed, (rows, id) => {
    const seen = view({ id, rows })
    expect(seen.rows).toEqual(rows)
    if (seen.problem) expect(() => parseMtdDevices(seen.text)).toThrow()
    else if (rows.length > 0) expect(parseMtdDevices(seen.text)[0]?.parts.map(({ name }) => name)).toEqual(rows.map(({ name }) => name.trim()))
  }))
})
