import { expect, test } from 'vitest'
import { createFixtureRack } from '../../../../test/support/fixtureRack.ts'
import { shownPods } from './cameraWords.ts'

const pods = createFixtureRack(24, 4, false).view()
const names = (filter: string, life?: string): readonly string[] => shownPods(pods, life, filter).flatMap(({ cameras }) => cameras.map(({ name }) => name))

test('nothing asked is everything, empty pods included', () => {
  expect(shownPods(pods, undefined, '  ')).toBe(pods)
})
test('words find name, pod, chip, state, label, place and firmware, in any order and in part', () => {
  expect(names('cam-07')).toEqual(['cam-07'])
  expect(names('restor')).toEqual(['cam-02'])
  expect(names('POD-2 booting')).toEqual(['cam-06'])
  expect(names('gk7205v300 booted')).toEqual(['cam-10'])
  expect(names('2.5.11 alarm')).toEqual(['cam-04', 'cam-16'])
  expect(names('qa boot loop')).toEqual(['cam-04', 'cam-16'])
  expect(names('nobody')).toEqual([])
})
test('a minus leaves out, alone it is nothing yet, and a state and words hold together', () => {
  expect(names('qa -booted -loop')).toEqual(['cam-07', 'cam-19'])
  expect(names('-').length).toBe(24)
  expect(names('pod-1', 'boot loop')).toEqual(['cam-04'])
})
