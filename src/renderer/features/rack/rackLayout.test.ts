import { expect, test } from 'vitest'
import { createFixtureRack } from '../../../../test/support/fixtureRack.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import { chooseColumns, layoutRows, type Move, moveFrom, placesOf, rangeOf } from './rackLayout.ts'

const pods = (count: number, perPod: number) => createFixtureRack(count, perPod, false).view()
const idsOf = (rows: ReturnType<typeof layoutRows>): readonly (readonly string[])[] => rows.map(({ segments }) => segments.flatMap(({ cameras }) => cameras.map(({ id }) => id)))
const walk = (rows: ReturnType<typeof layoutRows>, from: string, ...moves: Move[]): string | undefined =>
  moves.reduce<CameraId | undefined>((id, move) => moveFrom(rows, id, move)?.id, from as CameraId)

test('pods with one camera stand beside each other, each under its own name', () => {
  const rows = layoutRows(pods(5, 1), 4)
  expect(idsOf(rows)).toEqual([['cam-01', 'cam-02', 'cam-03', 'cam-04'], ['cam-05']])
  expect(rows[0]?.segments.every(({ first, span }) => first && span === 1)).toBe(true)
})
test('a pod that does not fit into what is left begins a new row and is not cut', () => {
  expect(idsOf(layoutRows(pods(6, 3), 4))).toEqual([['cam-01', 'cam-02', 'cam-03'], ['cam-04', 'cam-05', 'cam-06']])
})
test('a pod wider than the rack is cut into rows, and only the first has the name', () => {
  const rows = layoutRows(pods(5, 5), 2)
  expect(idsOf(rows)).toEqual([['cam-01', 'cam-02'], ['cam-03', 'cam-04'], ['cam-05']])
  expect(rows.map(({ withHead }) => withHead)).toEqual([true, false, false])
})
test('a pod without a camera keeps its place', () => {
  const [pod] = pods(1, 1)
  expect(layoutRows(pod ? [{ ...pod, cameras: [] }] : [], 4)[0]?.segments[0]).toMatchObject({ first: true, span: 1, cameras: [] })
})
test('every camera is laid out exactly once, whatever the sizes', () => {
  for (const perPod of [1, 2, 3, 4, 7]) for (const columns of [1, 2, 4, 6]) {
    const seen = idsOf(layoutRows(pods(100, perPod), columns)).flat()
    expect(seen.length).toBe(100)
    expect(new Set(seen).size).toBe(100)
  }
})
test('arrows follow what is seen, and stay at the edges', () => {
  const rows = layoutRows(pods(10, 1), 4)
  expect(walk(rows, 'cam-01', 'right')).toBe('cam-02')
  expect(walk(rows, 'cam-01', 'left')).toBe('cam-01')
  expect(walk(rows, 'cam-04', 'right')).toBe('cam-05')
  expect(walk(rows, 'cam-02', 'down')).toBe('cam-06')
  expect(walk(rows, 'cam-06', 'up')).toBe('cam-02')
  // The last row is shorter: the nearest of it.
  expect(walk(rows, 'cam-08', 'down')).toBe('cam-10')
  expect(walk(rows, 'cam-10', 'down')).toBe('cam-10')
  expect(walk(rows, 'cam-05', 'last')).toBe('cam-10')
  expect(walk(rows, 'cam-10', 'first')).toBe('cam-01')
  expect(walk(rows, 'gone', 'right')).toBe('cam-01')
})
test('pods of four fill a screen that has room for six; single cameras use all of it', () => {
  expect(chooseColumns(pods(12, 4), 1350, 204, 340, 8)).toBe(4)
  expect(chooseColumns(pods(100, 1), 1350, 204, 340, 8)).toBe(6)
  expect(chooseColumns(pods(1, 1), 1350, 204, 340, 8)).toBe(3)
  // Two rows of six or three of four: where three are in view, the wider cards.
  expect(chooseColumns(pods(12, 1), 1350, 204, 340, 8)).toBe(6)
  expect(chooseColumns(pods(12, 1), 1350, 204, 340, 8, 3)).toBe(4)
})
test('a range goes from one to the other in the order as seen, whichever comes first', () => {
  const places = placesOf(layoutRows(pods(6, 1), 4))
  const range = (from: string | undefined, to: string): readonly string[] => rangeOf(places, from as CameraId | undefined, to as CameraId)
  expect(range('cam-02', 'cam-04')).toEqual(['cam-02', 'cam-03', 'cam-04'])
  expect(range('cam-04', 'cam-02')).toEqual(['cam-02', 'cam-03', 'cam-04'])
  expect(range(undefined, 'cam-03')).toEqual(['cam-03'])
  expect(range('filtered-away', 'cam-03')).toEqual(['cam-03'])
  expect(range('cam-02', 'gone')).toEqual([])
})
