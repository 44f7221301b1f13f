import { expect, test } from 'vitest'
import { emptyInventory } from '../../../shared/rack/inventory.schema.ts'
import type { CameraId, PodId } from '../../../shared/devices/ids.ts'
import type { PodSpec } from './rackBook.ts'
import { camerasOfFilter, filterNamed } from './rememberedFilter.ts'

const pod = (number: number, chip: string, labels: readonly string[], more: Partial<PodSpec['inventory']> = {}): PodSpec => ({
  id: `pod-${number}` as PodId, name: `pod-${number}`, url: `rack://10.0.0.${number}`, cameraId: `cam-${number}` as CameraId, cameraName: `gate ${number}`, chip, inventory: { ...emptyInventory, labels: [...labels], ...more },
})
const rack = [pod(1, 'hi3516ev300', ['imx335', 'qa']), pod(2, 'hi3516ev300', ['imx335'], { maintenance: { sinceMs: 0, note: '' } }), pod(3, 'gk7205v300', ['imx335'], { group: 'Hall 2', place: { rack: 'Lab A', row: 1, slot: 1 } })]
const names = (words: string): string[] => camerasOfFilter({ name: 'x', words }, rack).map(({ cameraName }) => cameraName)

test('a saved filter means the same cameras as in the window, by what is remembered of them', () => {
  expect(names('EV300 imx335')).toEqual(['gate 1', 'gate 2'])
  expect(names('imx335 -qa')).toEqual(['gate 2', 'gate 3'])
  expect(names('hall lab -maintenance')).toEqual(['gate 3'])
  expect(names('nobody')).toEqual([])
  expect(camerasOfFilter({ name: 'x', words: '-maintenance' }, [rack[0]!])).toHaveLength(1)
})

test('what only the window knows is refused and not guessed: a filter must not let through what it leaves out', () => {
  expect(() => camerasOfFilter({ name: 'idle', words: 'qa', life: 'booted' }, rack)).toThrow('The filter "idle" asks for cameras that are "booted" now, and that only the window knows')
  expect(() => names('imx335 -working')).toThrow('leaves out "working", which nothing that is remembered of the rack says')
})

test('a name that is not there is told with those that are', () => {
  const filters = [{ name: 'all ev300', words: 'ev300' }]
  expect(filterNamed(' all ev300 ', filters)).toEqual(filters[0])
  expect(() => filterNamed('ev200', filters)).toThrow('There is no saved filter "ev200"')
  expect(() => filterNamed('ev200', [])).toThrow('There is no saved filter')
})
