import { expect, test } from 'vitest'
import { createFixtureRack } from '../../../../test/support/fixtureRack.ts'
import { cameraIdSchema } from '../../../shared/devices/ids.ts'
import { broadcastTargets } from './broadcastTargets.ts'

const { cameras } = createFixtureRack(12, 4, false)
const byId = new Map([...cameras].map(([id, { view }]) => [id, view]))
const ids = (...names: string[]) => new Set(names.map((name) => cameraIdSchema.parse(name)))

test('everybody who was chosen is told of, with the reason of those who will not get it', () => {
  const { gets, not } = broadcastTargets(ids('cam-01', 'cam-02', 'cam-03', 'cam-05', 'cam-07', 'cam-99'), ids('cam-03'), byId)
  expect(gets.map(({ name }) => name)).toEqual(['cam-01'])
  expect(not.map(({ name, why, byHand }) => [name, why, byHand])).toEqual([
    ['cam-02', 'job-running has its console', false], ['cam-03', 'taken out by hand', true], ['cam-05', 'its power is off', false],
    ['cam-07', 'bridge lost, trying again', false], ['cam-99', 'not in the rack any more', false],
  ])
})
test('nobody is chosen by nobody', () => {
  expect(broadcastTargets(new Set(), new Set(), byId)).toEqual({ gets: [], not: [] })
})
