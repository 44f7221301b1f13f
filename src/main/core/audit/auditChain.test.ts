import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AuditDetails, type AuditEntry, auditActs } from '../../../shared/audit/audit.schema.ts'
import { canonicalJson, firstPrev, sealEntry, verifyFile } from './auditChain.ts'

const hashText = (text: string): string => createHash('sha256').update(text).digest('hex')

const detail = fc.oneof(fc.string({ maxLength: 20 }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean())
const bodies = fc.array(fc.record({
  atMs: fc.nat(), what: fc.constantFrom(...auditActs), subject: fc.string({ unit: 'grapheme', maxLength: 20 }),
  details: fc.dictionary(fc.constantFrom('job', 'phase', 'of', 'outcome'), detail) as fc.Arbitrary<AuditDetails>,
}), { minLength: 1, maxLength: 6 })

function chainOf(notes: readonly Pick<AuditEntry, 'atMs' | 'what' | 'subject' | 'details'>[]): string[] {
  const lines: string[] = []
  let prev = firstPrev
  for (const [index, note] of notes.entries()) {
    const entry = sealEntry({ seq: index + 1, who: { host: 'cli', user: 'ann' }, prev, ...note }, hashText)
    prev = entry.hash
    lines.push(canonicalJson(entry))
  }
  return lines
}
const bytesOf = (lines: readonly string[]): Uint8Array => new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))
const headOf = (lines: readonly string[]): string => (JSON.parse(lines.at(-1) ?? '') as AuditEntry).hash

test('a chain that nobody touched is right, and its head is that of its last entry', () => {
  fc.assert(fc.property(bodies, (notes) => {
    const lines = chainOf(notes)
    expect(verifyFile(bytesOf(lines), hashText, headOf(lines))).toEqual({ state: 'ok', entries: lines.length, head: headOf(lines) })
  }))
  expect(verifyFile(new Uint8Array(), hashText)).toEqual({ state: 'ok', entries: 0, head: firstPrev })
})

test('any single byte that is changed, added or removed is noticed', () => {
  fc.assert(fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.constantFrom('change', 'add', 'remove'), (notes, where, by, how) => {
    const lines = chainOf(notes)
    const bytes = [...bytesOf(lines)]
    const at = where % bytes.length
    if (how === 'change') bytes[at] = (bytes[at]! + by) & 0xff
    else bytes.splice(at, how === 'remove' ? 1 : 0, ...(how === 'add' ? [by] : []))
    expect(verifyFile(new Uint8Array(bytes), hashText, headOf(lines)).state).not.toBe('ok')
  }), { numRuns: 500 })
  // A blank that changes no value is a changed byte all the same.
  const [line = ''] = chainOf([{ atMs: 1, what: 'note', subject: '', details: {} }])
  expect(verifyFile(bytesOf([line.replace('{', '{ ')]), hashText).state).toBe('broken')
})

test('a line that was removed, doubled or moved is noticed, and where', () => {
  fc.assert(fc.property(bodies.filter((notes) => notes.length > 1), fc.nat(), fc.nat(), (notes, first, second) => {
    const lines = chainOf(notes)
    const [a, b] = [first % lines.length, second % lines.length]
    const without = lines.toSpliced(a, 1)
    expect(verifyFile(bytesOf(without), hashText, headOf(lines))).toMatchObject({ state: 'broken', seq: a + 1 })
    const doubled = lines.toSpliced(a, 0, lines[a]!)
    expect(verifyFile(bytesOf(doubled), hashText, headOf(lines))).toMatchObject({ state: 'broken', seq: a + 2 })
    if (a === b) return
    const swapped = lines.with(a, lines[b]!).with(b, lines[a]!)
    expect(verifyFile(bytesOf(swapped), hashText, headOf(lines))).toMatchObject({ state: 'broken', seq: Math.min(a, b) + 1 })
  }))
})

test('an end that was cut off anywhere is noticed by a head that was noted before', () => {
  fc.assert(fc.property(bodies, fc.nat(), (notes, where) => {
    const lines = chainOf(notes)
    const bytes = bytesOf(lines)
    expect(verifyFile(bytes.slice(0, where % bytes.length), hashText, headOf(lines)).state).not.toBe('ok')
  }))
  const lines = chainOf([1, 2, 3].map((atMs) => ({ atMs, what: 'note', subject: '', details: {} })))
  // Between two lines chance hardly ever cuts, and somebody who removes entries always does.
  for (let kept = 0; kept < lines.length; kept += 1) {
    expect(verifyFile(bytesOf(lines.slice(0, kept)), hashText, headOf(lines))).toMatchObject({ state: 'broken', entries: kept, why: expect.stringContaining('what came last was cut off') as string })
  }
  // Without it the last whole lines may be missing, and nobody can tell.
  expect(verifyFile(bytesOf(lines.slice(0, 2)), hashText).state).toBe('ok')
  // What came later is no harm.
  expect(verifyFile(bytesOf(lines), hashText, headOf(lines.slice(0, 2))).state).toBe('ok')
})

test('a whole entry that was written anew with a hash of its own breaks the next one', () => {
  const lines = chainOf([1, 2, 3].map((atMs) => ({ atMs, what: 'note', subject: '', details: {} })))
  const { hash: _old, ...body } = JSON.parse(lines[1]!) as AuditEntry
  const forged = lines.with(1, canonicalJson(sealEntry({ ...body, subject: 'somebody else' }, hashText)))
  expect(verifyFile(bytesOf(forged), hashText)).toMatchObject({ state: 'broken', seq: 3, entries: 2 })
})

test('a last line that did not come to its end is told apart from a broken chain', () => {
  const lines = chainOf([1, 2, 3].map((atMs) => ({ atMs, what: 'note', subject: '', details: {} })))
  const bytes = bytesOf(lines)
  expect(verifyFile(bytes.slice(0, -10), hashText)).toMatchObject({ state: 'torn', entries: 2, seq: 3 })
  expect(verifyFile(bytes.slice(0, -1), hashText)).toMatchObject({ state: 'torn', entries: 2, seq: 3 })
})
