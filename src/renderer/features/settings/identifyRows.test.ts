import { expect, test } from 'vitest'
import { cameraIdSchema } from '../../../shared/devices/ids.ts'
import { crossedOf, rowsAfter, waitingRows } from './identifyRows.ts'

const [a, b] = [cameraIdSchema.parse('a'), cameraIdSchema.parse('b')]
const rows = waitingRows({ cuts: [{ cameraId: a, camera: 'A', power: 'ether1' }], watched: [], skipped: [], forecastMs: 0 })
const named = { cameraId: a, camera: 'A', power: 'ether1' }
const told = (answered: readonly string[]) => {
  const consoles = answered.map((id) => ({ cameraId: cameraIdSchema.parse(id), camera: id.toUpperCase() }))
  const [only] = consoles
  return rowsAfter(rows, { type: 'seen', ...named, answered: consoles, ...(only && consoles.length === 1 ? { match: { port: a, console: only.cameraId } } : {}) })[0]
}

test('a port tells whose console answered; none and several tell nothing', () => {
  expect(rowsAfter(rows, { type: 'cutting', ...named })[0]?.status.word).toBe('off and on')
  expect(told(['a'])).toMatchObject({ status: { word: 'as written' }, note: '' })
  expect(told(['b'])).toMatchObject({ status: { word: 'another' }, note: 'it feeds B' })
  expect(told([])).toMatchObject({ status: { word: 'nothing learnt' }, note: 'no console told of a start' })
  expect(told(['a', 'b'])).toMatchObject({ status: { word: 'nothing learnt' }, note: 'several told of a start: A, B' })
  expect(rowsAfter(rows, { type: 'skipped', cameraId: a, camera: 'A', why: 'a job has it' })[0]).toMatchObject({ status: { word: 'left out' }, note: 'a job has it' })
  expect(rowsAfter(rows, { type: 'cutting', ...named, cameraId: b })).toEqual(rows)
})
test('only what is crossed is there to be stored', () => {
  expect(crossedOf([{ port: a, console: a }, { port: b, console: a }])).toEqual([{ port: b, console: a }])
})
