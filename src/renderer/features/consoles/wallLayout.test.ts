import { expect, test } from 'vitest'
import type { PodView } from '../../../shared/rack/rackView.schema.ts'
import { createFixtureRack } from '../../../../test/support/fixtureRack.ts'
import { densities, filterWall, moveOnWall, placeOverTile, wallGrid } from './wallLayout.ts'

test('as many tiles as the density says are on the screen, and a small rack fills it', () => {
  for (const density of densities) {
    const grid = wallGrid(500, density, 1376, 780)
    expect(grid.columns * grid.rowsInView).toBeGreaterThanOrEqual(density)
    expect(grid.tileHeight * grid.rowsInView).toBeLessThanOrEqual(780)
    expect(grid.textRows).toBeGreaterThan(0)
  }
  expect(wallGrid(2, 100, 1376, 780)).toMatchObject({ columns: 2, rowsInView: 1, tileHeight: 780 })
  expect(wallGrid(0, 100, 1376, 780)).toMatchObject({ columns: 1, rowsInView: 1 })
  expect(wallGrid(100, 100, 300, 200).tileHeight).toBeGreaterThan(20)
})
test('arrows move by tile and row, pages by screens, and stop at the edges', () => {
  const grid = wallGrid(100, 36, 1376, 780)
  expect(moveOnWall('ArrowRight', 0, 100, grid)).toBe(1)
  expect(moveOnWall('ArrowLeft', 0, 100, grid)).toBe(0)
  expect(moveOnWall('ArrowDown', 3, 100, grid)).toBe(9)
  expect(moveOnWall('ArrowUp', 3, 100, grid)).toBe(3)
  expect(moveOnWall('ArrowDown', 99, 100, grid)).toBe(99)
  expect(moveOnWall('PageDown', 0, 100, grid)).toBe(36)
  expect(moveOnWall('PageUp', 5, 100, grid)).toBe(0)
  expect(moveOnWall('End', 5, 100, grid)).toBe(99)
  expect(moveOnWall('x', 5, 100, grid)).toBeUndefined()
  expect(moveOnWall('End', 0, 0, grid)).toBeUndefined()
})
test('the filter takes all words, a pod and a state together', () => {
  const pods: readonly PodView[] = createFixtureRack(100, 4, false).view()
  expect(filterWall(pods, { words: '', pod: '', life: '' })).toHaveLength(100)
  expect(filterWall(pods, { words: 'EV300  booted', pod: '', life: '' }).every(({ chip, life }) => chip === 'hi3516ev300' && life === 'booted')).toBe(true)
  expect(filterWall(pods, { words: '', pod: 'pod-3', life: '' }).map(({ name }) => name)).toEqual(['cam-09', 'cam-10', 'cam-11', 'cam-12'])
  expect(filterWall(pods, { words: '', pod: 'pod-3', life: 'failed' }).map(({ name }) => name)).toEqual(['cam-09'])
  expect(filterWall(pods, { words: 'nowhere', pod: '', life: '' })).toEqual([])
})
test('a terminal never leaves the wall, and a large tile has it in its own size', () => {
  const wall = { width: 1376, height: 780 }
  expect(placeOverTile({ left: 0, top: 0, width: 137, height: 78 }, wall)).toEqual({ left: 0, top: 0, width: 760, height: 420 })
  expect(placeOverTile({ left: 1239, top: 702, width: 137, height: 78 }, wall)).toEqual({ left: 616, top: 360, width: 760, height: 420 })
  expect(placeOverTile({ left: 0, top: 0, width: 800, height: 500 }, wall)).toEqual({ left: 0, top: 0, width: 800, height: 500 })
  expect(placeOverTile({ left: 0, top: 0, width: 80, height: 50 }, { width: 300, height: 200 })).toEqual({ left: 0, top: 0, width: 300, height: 200 })
})
