import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ConsoleMark } from '../../../shared/consoles/consoles.schema.ts'
import { hexRows, lineRows, timeTexts } from './trafficRows.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const mark = (sequence: number, position: number, atMs: number, sent?: string): ConsoleMark => ({ sequence, position, atMs, ...(sent === undefined ? {} : { sent }) })
/** "login: " at 0, r and o and CR typed, the echo, an answer. */
const story = { position: 100, bytes: bytes('boot\r\nlogin: ro\r\n\u001b[1m# '), marks: [mark(1, 100, 1_000), mark(2, 106, 1_250), mark(3, 113, 2_000, 'r'), mark(5, 113, 2_001), mark(4, 113, 2_100, 'o\r'), mark(6, 117, 2_500)] }

test('lines with their times, and what was typed as one line where it was typed', () => {
  const rows = lineRows(story, 'utf-8', 100)
  expect(rows.map(({ direction, atMs, text }) => [direction, atMs, text])).toEqual([
    ['in', 1_000, 'boot'], ['in', 1_250, 'login: ro'], ['out', 2_000, 'ro\\r'], ['in', 2_500, '# '],
  ])
  expect(timeTexts(rows, 'start')).toEqual(['+0.000', '+0.250', '+1.000', '+1.500'])
  expect(timeTexts(rows, 'delta')).toEqual(['+0.000', '+0.250', '+0.750', '+0.500'])
  expect(timeTexts(rows, 'clock')[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/)
})
test('a camera that says a line of its own while somebody types does not tear what was typed', () => {
  // "login: ro", then a line of the camera itself, then the rest.
  const typed = (pauseMs: number) => ({ position: 100, bytes: bytes('login: ro\r\nday mode\r\not\r\nPassword: '), marks: [
    mark(1, 100, 1_000), mark(2, 107, 2_000, 'r'), mark(3, 108, 2_100, 'o'), mark(4, 109, 2_150), mark(5, 121, 2_100 + pauseMs, 'o'), mark(6, 122, 2_200 + pauseMs, 't'), mark(7, 123, 2_300 + pauseMs, '\r'), mark(8, 123, 2_310 + pauseMs),
  ] })
  const shown = (traffic: ReturnType<typeof typed>) => lineRows(traffic, 'utf-8', 100).map(({ direction, atMs, text }) => [direction, atMs, text])
  expect(shown(typed(900))).toEqual([
    ['in', 1_000, 'login: ro'], ['in', 2_150, 'day mode'], ['in', 2_150, 'ot'], ['out', 3_200, 'root\\r'], ['in', 3_210, 'Password: '],
  ])
  // Times go on as the rows do.
  const times = lineRows(typed(900), 'utf-8', 100).flatMap(({ atMs }) => atMs ?? [])
  expect(times).toEqual([...times].sort((a, b) => a - b))
  // After a long pause they are two things, each where it was typed.
  expect(shown(typed(60_000)).filter(([direction]) => direction === 'out')).toEqual([['out', 2_000, 'ro'], ['out', 62_100, 'ot\\r']])
})
test('a command that was sent at the beginning of a line stands before its answer, and a time that goes back says so', () => {
  const rows = lineRows({ position: 0, bytes: bytes('ready\r\nLinux cam\r\n'), marks: [mark(1, 0, 1_000), mark(2, 7, 1_500, 'uname\r'), mark(3, 7, 1_754)] }, 'utf-8', 100)
  expect(rows.map(({ text }) => text)).toEqual(['ready', 'uname\\r', 'Linux cam'])
  expect(timeTexts(rows, 'delta')).toEqual(['+0.000', '+0.500', '+0.254'])
  expect(timeTexts([...rows].reverse(), 'delta')).toEqual(['+0.000', '−0.254', '−0.500'])
})
test('hex: sixteen bytes a row, broken where something was sent', () => {
  const rows = hexRows(story, 100)
  expect(rows.map(({ direction, offset, text }) => [direction, offset, text])).toEqual([
    ['in', '00000064', 'boot..login: '], ['out', '00000000', 'r'], ['out', '00000000', 'o.'], ['in', '00000071', 'ro...[1m# '],
  ])
  expect(rows[1]?.hex).toBe('72')
})
test('a console that talks without lines or marks still has bounded rows', () => {
  const [row] = lineRows({ position: 0, bytes: new Uint8Array(100_000).fill(0x78), marks: [] }, 'utf-8', 100)
  expect([row?.text.length, row?.atMs]).toEqual([2_000, undefined])
  expect(hexRows({ position: 0, bytes: new Uint8Array(100_000), marks: [] }, 100)).toHaveLength(100)
})
test('whatever passes: every byte is in the hex view once, in order, and no row holds a control', () => {
  const marks = fc.array(fc.record({ position: fc.nat(400), atMs: fc.nat(9_999), sent: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }) }), { maxLength: 12 })
    .map((all) => all.map((one, sequence) => mark(sequence + 1, one.position, one.atMs, one.sent)).sort((a, b) => a.position - b.position))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(100), marks, (noise, position, all) => {
    const traffic = { position, bytes: noise, marks: all }
    // However wide it is, each byte stands there once.
    const narrow = hexRows(traffic, 10_000, 8)
    expect(narrow.filter(({ direction }) => direction === 'in').map(({ hex }) => hex).join(' ')).toBe(hexRows(traffic, 10_000).filter(({ direction }) => direction === 'in').map(({ hex }) => hex).join(' '))
    for (const row of narrow) expect(row.text.length).toBeLessThanOrEqual(8)
    const seen = hexRows(traffic, 10_000).filter(({ direction }) => direction === 'in').map(({ hex }) => hex).join(' ')
    expect(seen).toBe(Array.from(noise, (byte) => byte.toString(16).padStart(2, '0')).join(' '))
    const rows = [...lineRows(traffic, 'utf-8', 10_000), ...hexRows(traffic, 10_000)]
    // eslint-disable-next-line no-control-regex -- controls are what this is about
    for (const { text } of rows) expect(text).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/)
    expect(new Set(rows.map(({ key, offset }) => `${key}/${offset ?? ''}`)).size).toBe(rows.length)
  }))
})
