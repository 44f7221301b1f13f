import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReleaseRow } from '../../../../shared/ota/registry.schema.ts'
import { changesNothing, cohortOf, includes, offerFor, standing } from './offers.ts'

const hashText = (text: string): string => createHash('sha256').update(text).digest('hex')
const row = (number: number, version: string | undefined, percent = 100, groups: string[] = []): ReleaseRow =>
  ({ number, product: 'node', channel: 'stable', ...(version === undefined ? {} : { version }), percent, groups, atMs: number, who: 'lab' })
const asker = (id: string, group?: string): { id: string; group: string | undefined } => ({ id, group })

test.each([['v1.0.0', 'pico-01', 80], ['v1.0.0', 'pico-02', 13], ['v1.1.0', 'pico-01', 67]])('the cohort of %s and %s is %i', (version, id, cohort) => { expect(cohortOf(version, id, hashText)).toBe(cohort) })

test('a node that is in at some percent is in at every higher one', () => {
  fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 100 }), (id, low, high) => {
    const [a, b] = [Math.min(low, high), Math.max(low, high)]
    if (includes({ ...row(1, '1.0.0', a), version: '1.0.0' }, asker(id), hashText)) expect(includes({ ...row(1, '1.0.0', b), version: '1.0.0' }, asker(id), hashText)).toBe(true)
  }))
})

test('who is not in the newest gets the one before; the last word on each version counts', () => {
  const offers = standing([row(1, '0.9.0'), row(2, '1.0.0'), row(3, '1.1.0', 50), row(4, '1.1.0', 20)])
  expect(offers.map(({ number }) => number)).toEqual([4, 2])
  // pico-01 is in cohort 67 of v1.1.0, and in another one of 1.1.0: both sides are looked for.
  const ids = Array.from({ length: 200 }, (_, index) => `n${index}`)
  for (const id of ids) expect(offerFor(offers, asker(id), hashText)?.version).toBe(cohortOf('1.1.0', id, hashText) < 20 ? '1.1.0' : '1.0.0')
})
test('a release for a group is for that group alone', () => {
  const offers = standing([row(1, '1.0.0'), row(2, '1.1.0', 100, ['lab'])])
  expect([offerFor(offers, asker('a', 'lab'), hashText)?.version, offerFor(offers, asker('a', 'field'), hashText)?.version, offerFor(offers, asker('a'), hashText)?.version]).toEqual(['1.1.0', '1.0.0', '1.0.0'])
})
test('a withdrawal ends all that came before it, and what comes after it counts', () => {
  expect(standing([row(1, '1.0.0'), row(2, '1.1.0', 10), row(3, undefined)])).toEqual([])
  expect(standing([row(1, '1.0.0'), row(2, undefined), row(3, '1.0.1', 10)]).map(({ version }) => version)).toEqual(['1.0.1'])
})
test('the same again is no news, in whatever order its groups are told', () => {
  expect(changesNothing(row(1, '1.0.0', 50, ['a', 'b']), { version: '1.0.0', percent: 50, groups: ['b', 'a'] })).toBe(true)
  expect(changesNothing(row(1, '1.0.0', 50), { version: '1.0.0', percent: 60, groups: [] })).toBe(false)
  expect(changesNothing(undefined, { version: '1.0.0', percent: 60, groups: [] })).toBe(false)
})
