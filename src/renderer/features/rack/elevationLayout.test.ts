import { expect, test } from 'vitest'
import { createFixtureRack } from '../../../../test/support/fixtureRack.ts'
import type { Place } from '../../../shared/rack/inventory.schema.ts'
import type { PodView } from '../../../shared/rack/rackView.schema.ts'
import { type Elevation, itemsInView, layoutElevation } from './elevationLayout.ts'
import { moveAmong } from './rackLayout.ts'
import { zoomSizes } from './zoomSizes.ts'

const size = zoomSizes.compact
/** Cameras at these places, in order; `undefined` is none. */
function podsAt(...places: readonly (Place | undefined)[]): readonly PodView[] {
  const pods = createFixtureRack(places.length, 1, false).view()
  let at = 0
  return pods.map((pod) => ({ ...pod, cameras: pod.cameras.map(({ inventory: _before, ...camera }) => {
    const place = places[at]
    at += 1
    return place ? { ...camera, inventory: { labels: [], group: '', notes: '', place } } : camera
  }) }))
}
const place = (rack: string, row: number, slot: number): Place => ({ rack, row, slot })
const boxOf = (elevation: Elevation, key: string) => elevation.items.find((item) => item.key === key)?.box
const ids = (elevation: Elevation): readonly string[] => elevation.places.map(({ id }) => id)

test('rows go down, slots go right, racks stand beside each other by name', () => {
  const elevation = layoutElevation(podsAt(place('B', 1, 1), place('A', 2, 1), place('A', 1, 2), place('Rack 10', 1, 1), place('Rack 9', 1, 1)), size, 2000)
  expect(elevation.items.flatMap((item) => (item.kind === 'rack' ? [item.name] : []))).toEqual(['A', 'B', 'Rack 9', 'Rack 10'])
  const [first, lower, right] = ['cam-01', 'cam-02', 'cam-03'].map((key) => boxOf(elevation, key))
  expect(lower?.y).toBeGreaterThan(right?.y ?? Infinity)
  expect(right?.x).toBeGreaterThan(lower?.x ?? Infinity)
  expect(first?.x).toBeGreaterThan(right?.x ?? Infinity)
  expect(elevation.items.filter(({ kind }) => kind === 'slot').map((item) => 'text' in item && item.text)).toEqual(['1.1 free', '2.2 free'])
})
test('keys follow what is seen, from one rack into the next and down to what has no place', () => {
  const elevation = layoutElevation(podsAt(place('A', 1, 1), place('A', 1, 2), place('B', 1, 1), place('A', 2, 1), undefined), size, 1400)
  expect(ids(elevation)).toEqual(['cam-01', 'cam-02', 'cam-03', 'cam-04', 'cam-05'])
  expect(moveAmong(elevation.places, elevation.places[1]?.id, 'right')?.id).toBe('cam-03')
  expect(moveAmong(elevation.places, elevation.places[0]?.id, 'down')?.id).toBe('cam-04')
  expect(moveAmong(elevation.places, elevation.places[3]?.id, 'down')?.id).toBe('cam-05')
})
test('what has no place stands below by pod, and where nothing has one that is said calmly', () => {
  const some = layoutElevation(podsAt(place('A', 1, 1), undefined, undefined), size, 1400)
  expect(some.items.flatMap((item) => (item.kind === 'heading' || item.kind === 'pod' ? [item.text] : []))).toEqual(['Not placed: 2 cameras, by pod', 'pod-2', 'pod-3'])
  const none = layoutElevation(podsAt(undefined), size, 1400)
  expect(none.items.flatMap((item) => (item.kind === 'heading' ? [item.text] : []))).toEqual(['No camera has a place yet; 1 camera by pod'])
})
test('two cameras on one place: the first keeps it, the other is named and not lost', () => {
  const elevation = layoutElevation(podsAt(place('A', 1, 1), place('A', 1, 1)), size, 1400)
  expect(ids(elevation)).toEqual(['cam-01', 'cam-02'])
  expect(elevation.items.flatMap((item) => (item.kind === 'note' ? [item.text] : []))).toEqual(['The place of another camera is given to cam-02'])
})
test('1 to 200 cameras at each zoom: each once, none over another, all inside, and what is drawn is what is in view', () => {
  for (const count of [1, 12, 100, 200]) for (const step of Object.values(zoomSizes)) {
    const elevation = layoutElevation(createFixtureRack(count, 1, false).view(), step, 1350)
    const cameras = elevation.items.filter(({ kind }) => kind === 'camera')
    expect(new Set(cameras.map(({ key }) => key)).size).toBe(count)
    expect(elevation.places.length).toBe(count)
    for (const { box } of cameras) expect(box.x >= 0 && box.x + box.width <= elevation.width && box.y + box.height <= elevation.height).toBe(true)
    const overlaps = cameras.some((one, at) => cameras.slice(at + 1).some(({ box }) => box.x < one.box.x + one.box.width && box.x + box.width > one.box.x && box.y < one.box.y + one.box.height && box.y + box.height > one.box.y))
    expect(overlaps).toBe(false)
    const seen = itemsInView(cameras, { x: 0, y: 0, width: 1350, height: 760 }, 0)
    expect(seen.every(({ box }) => box.y < 760 && box.x < 1350)).toBe(true)
    if (count === 200 && step !== zoomSizes.dots) expect(seen.length).toBeLessThan(count)
  }
})
test('racks that do not fit beside each other go on in the next line, and so do the keys; one wider than the window is scrolled to', () => {
  const places = ['A', 'B', 'C', 'D', 'E'].flatMap((rack) => [place(rack, 1, 1), place(rack, 1, 2), place(rack, 2, 1)])
  const elevation = layoutElevation(podsAt(...places), size, 800)
  const heads = elevation.items.flatMap((item) => (item.kind === 'rack' ? [[item.name, item.box.x === 0, item.box.y] as const] : []))
  expect(heads.map(([name, isFirst]) => `${name}${isFirst ? ' first' : ''}`)).toEqual(['A first', 'B', 'C first', 'D', 'E first'])
  expect(new Set(heads.map(([, , y]) => y)).size).toBe(3)
  expect(elevation.width).toBe(800)
  // A and B in their rows, then C and D.
  expect(ids(elevation).slice(0, 8)).toEqual(['cam-01', 'cam-02', 'cam-04', 'cam-05', 'cam-03', 'cam-06', 'cam-07', 'cam-08'])
  expect(moveAmong(elevation.places, elevation.places[4]?.id, 'down')?.id).toBe('cam-07')
  expect(moveAmong(elevation.places, elevation.places[3]?.id, 'right')?.id).toBe('cam-03')
  const wide = layoutElevation(podsAt(place('A', 1, 9), place('B', 1, 1)), size, 800)
  expect(wide.width).toBeGreaterThan(800)
  expect(boxOf(wide, 'cam-02')?.x).toBeLessThan(100)
})
test('a camera far down and far right costs no thousand empty slots', () => {
  expect(layoutElevation(podsAt(place('A', 64, 64)), size, 1350).items.length).toBeLessThan(80)
})
