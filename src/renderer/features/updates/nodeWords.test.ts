import { expect, test } from 'vitest'
import type { RolloutPoint } from '../../../shared/ota/registry.schema.ts'
import { namesOf, phaseRow, plotOf } from './nodeWords.ts'

const point = (atMs: number, more: Partial<RolloutPoint> = {}): RolloutPoint => ({ atMs, waiting: 0, fetching: 0, pending: 0, running: 0, fellBack: 0, nodes: 4, ...more })
const pathOf = (plot: ReturnType<typeof plotOf>, layer: string): string | undefined => plot?.bands.find((band) => band.layer === layer)?.path

test('the plot stands in steps on one another, and goes on to now', () => {
  const plot = plotOf({ points: [point(0, { waiting: 4 }), point(10_000, { waiting: 2, running: 2 })] }, 20_000, 100, 40)
  expect(plot).toMatchObject({ top: 4, fromMs: 0, toMs: 20_000 })
  expect(pathOf(plot, 'running')).toBe('M0.0,40.0L50.0,40.0L50.0,20.0L100.0,20.0L100.0,40.0L50.0,40.0L50.0,40.0L0.0,40.0Z')
  expect(pathOf(plot, 'waiting')).toBe('M0.0,0.0L50.0,0.0L50.0,0.0L100.0,0.0L100.0,20.0L50.0,20.0L50.0,40.0L0.0,40.0Z')
})
test('a plot that has just begun is no wall, and one without points is none', () => {
  expect(plotOf({ points: [] }, 1, 100, 40)).toBeUndefined()
  const plot = plotOf({ points: [point(1_000, { running: 4 })] }, 2_000, 100, 40)
  expect(plot?.toMs).toBe(11_000)
  expect(pathOf(plot, 'running')).toBe('M0.0,0.0L10.0,0.0L10.0,40.0L0.0,40.0Z')
})
test('a clock that is behind the points draws nothing backwards', () => {
  const plot = plotOf({ points: [point(5_000, { running: 1 }), point(60_000, { running: 2 })] }, 0, 100, 40)
  expect(plot).toMatchObject({ fromMs: 5_000, toMs: 60_000 })
  expect(plot?.bands.map(({ path }) => path).join('')).not.toMatch(/-\d|NaN/)
})
test('each step of a rollout has its count, and what is outside of it where there is some', () => {
  expect(phaseRow({ 'running': 3, 'held': 1 })).toEqual([{ phase: 'waiting', count: 0 }, { phase: 'fetching', count: 0 }, { phase: 'pending', count: 0 }, { phase: 'running', count: 3 }, { phase: 'fell-back', count: 0 }, { phase: 'held', count: 1 }])
})
test('groups are names with commas or spaces between them, each once', () => {
  expect(namesOf(' lab, attic  lab,')).toEqual(['lab', 'attic'])
  expect(namesOf('')).toEqual([])
})
