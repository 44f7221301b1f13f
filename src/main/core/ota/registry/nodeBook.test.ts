import { expect, test } from 'vitest'
import type { NodeFacts, Standing } from './nodeFold.ts'
import { createNodeBook } from './nodeBook.ts'

const facts = (id: string, running?: string, more: Partial<NodeFacts> = {}): NodeFacts => ({ id, idFrom: 'node', address: '10.0.0.1', product: 'node', channel: 'stable', group: undefined, running, ...more })
const offered = (version: string): Standing => ({ offered: { version, sizeBytes: 300_000 }, newest: version, maxPullBytes: 1_536_000 })
const key = (id: string): { id: string; product: string; channel: string } => ({ id, product: 'node', channel: 'stable' })

test('a node is followed from the offer to the confirmed firmware', () => {
  const book = createNodeBook(() => 5)
  const phases: string[] = []
  book.listen(({ node }) => { phases.push(node.phase) })
  book.polled(facts('a', '1.0.0'), offered('1.1.0'))
  book.fetched(key('a'), 'fetch-begun', '1.1.0')
  book.fetched(key('a'), 'fetch-whole', '1.1.0')
  book.polled(facts('a', '1.1.0', { confirmed: 'pending' }), offered('1.1.0'))
  book.polled(facts('a', '1.1.0', { confirmed: 'confirmed' }), offered('1.1.0'))
  expect(phases).toEqual(['waiting', 'fetching', 'fetched', 'pending', 'running'])
  expect(book.counts('node', 'stable')).toMatchObject({ nodes: 1, counts: { running: 1, waiting: 0 } })
  expect(book.points('node', 'stable').at(-1)).toMatchObject({ running: 1, nodes: 1 })
})
test('a point of the plot tells how many are how far; each node is counted once', () => {
  let now = 0
  const book = createNodeBook(() => { now += 1_000; return now })
  for (const id of ['a', 'b', 'c', 'd', 'e']) book.polled(facts(id, '1.0.0'), offered('1.1.0'))
  book.fetched(key('a'), 'fetch-begun', '1.1.0')
  for (const id of ['b', 'c', 'd']) book.fetched(key(id), 'fetch-whole', '1.1.0')
  book.polled(facts('c', '1.1.0', { confirmed: 'pending' }), offered('1.1.0'))
  book.polled(facts('d', '1.1.0', { confirmed: 'confirmed' }), offered('1.1.0'))
  book.polled(facts('c', '1.0.0', { fellBackFrom: '1.1.0' }), offered('1.1.0'))
  const { atMs: _at, ...last } = book.points('node', 'stable').at(-1) ?? { atMs: 0 }
  expect(last).toEqual({ waiting: 1, fetching: 2, pending: 0, running: 1, fellBack: 1, nodes: 5 })
  expect(book.points('node', 'stable').map(({ pending }) => pending)).toContain(1)
})
test('a node that ran it and runs the old one again fell back, whether or not it says so', () => {
  const book = createNodeBook(() => 5)
  book.polled(facts('silent', '1.1.0', { confirmed: 'pending' }), offered('1.1.0'))
  book.polled(facts('silent', '1.0.0'), offered('1.1.0'))
  book.polled(facts('silent', '1.0.0'), offered('1.1.0'))
  book.polled(facts('telling', '1.0.0', { fellBackFrom: '1.1.0' }), offered('1.1.0'))
  expect(book.list({ limit: 10 }).map(({ id, phase, fellBackFrom }) => [id, phase, fellBackFrom])).toEqual([['telling', 'fell-back', '1.1.0'], ['silent', 'fell-back', '1.1.0']])
  book.released('node', 'stable', true, () => offered('1.1.1'))
  expect(book.counts('node', 'stable').counts).toMatchObject({ 'fell-back': 0, 'waiting': 2 })
})
test('who will never take it is told with the reason, and not left waiting', () => {
  const book = createNodeBook(() => 5)
  book.polled(facts('newer', '2.0.0'), offered('1.1.0'))
  book.polled(facts('suffix', '1.1.0-rc1'), offered('1.1.0'))
  book.polled(facts('held', '1.0.0'), { offered: undefined, newest: '1.1.0', maxPullBytes: 1 })
  book.polled(facts('silent'), offered('1.1.0'))
  expect(book.list({ limit: 10 }).map(({ id, phase }) => [id, phase])).toEqual([['silent', 'unknown'], ['held', 'held'], ['suffix', 'never-takes'], ['newer', 'never-takes']])
  expect(book.list({ limit: 10, phase: 'never-takes' }).map(({ why }) => why)).toEqual([expect.stringContaining('three numbers') as string, expect.stringContaining('never goes back') as string])
})
test('only so many are remembered: the one that was silent longest makes room', () => {
  const book = createNodeBook(() => 5, 2)
  for (const id of ['a', 'b', 'a', 'c']) book.polled(facts(id, '1.0.0'), offered('1.0.0'))
  expect(book.list({ limit: 10 }).map(({ id }) => id)).toEqual(['c', 'a'])
  expect(book.counts('node', 'stable')).toMatchObject({ nodes: 2, counts: { running: 2 } })
})
test('a plot of a long rollout stays short and keeps its end', () => {
  let now = 0
  const book = createNodeBook(() => now)
  for (let index = 0; index < 3_000; index += 1) { now += 1_000; book.polled(facts(`n${index}`, index % 2 === 0 ? '1.1.0' : '1.0.0'), offered('1.1.0')) }
  const points = book.points('node', 'stable')
  expect(points.length).toBeLessThanOrEqual(600)
  expect(points.at(-1)).toMatchObject({ atMs: now, nodes: 3_000, running: 1_500 })
})
test.each([[20_000, 29], [500_000, 20]])('a clock that is set back by %i ms does not turn the plot round, and does not stop it for long', (backMs, points) => {
  let now = 1_000_000
  const book = createNodeBook(() => now)
  for (let index = 0; index < 40; index += 1) { now += index === 20 ? -backMs : 2_000; book.polled(facts(`n${index}`, '1.0.0'), offered('1.1.0')) }
  const times = book.points('node', 'stable').map(({ atMs }) => atMs)
  expect(times).toEqual([...times].sort((a, b) => a - b))
  expect(times).toHaveLength(points)
  expect(times.at(-1)).toBe(now)
  expect(book.points('node', 'stable').at(-1)).toMatchObject({ nodes: 40 })
})
