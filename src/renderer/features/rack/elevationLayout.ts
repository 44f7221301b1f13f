import type { CameraView, PodView } from '../../../shared/rack/rackView.schema.ts'
import { layoutRows, type Place, placesOf } from './rackLayout.ts'
import type { ZoomSize } from './zoomSizes.ts'

export interface Box { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
export type ElevationItem = { readonly key: string; readonly box: Box } & (
  | { readonly kind: 'camera'; readonly camera: CameraView; readonly words: string }
  | { readonly kind: 'rack'; readonly name: string; readonly count: number }
  | { readonly kind: 'row' | 'slot' | 'heading' | 'note' | 'pod'; readonly text: string }
)
export interface Elevation {
  readonly items: readonly ElevationItem[]
  readonly places: readonly Place[]
  readonly width: number
  readonly height: number
}

interface Rack { readonly name: string; readonly rows: number; readonly slots: number; readonly at: ReadonlyMap<string, CameraView> }

const rowLabelPx = 22
const rackGapPx = 20
const headPx = 26
/** A rack with a camera far down is drawn without the empty slots before it. */
const mostEmptySlots = 400

/** Racks beside each other, in lines where the window is not wide enough for all; rows from the top, slots from the left; what has no place of its own below, by pod. */
export function layoutElevation(pods: readonly PodView[], size: ZoomSize, widthPx: number): Elevation {
  const { racks, rest, doubles } = sortByPlace(pods)
  const lines = inLines(racks, size, widthPx)
  const cardPx = Math.min(size.mostWidthPx, ...lines.map((line) => Math.max(size.leastWidthPx, widestCard(line, size, widthPx))))
  const items: ElevationItem[] = []
  const places: Place[] = []
  let [width, top, bottom, firstRow] = [widthPx, 0, 0, 0]
  for (const line of lines) {
    let [x, column] = [0, 0]
    const inLine: Place[] = []
    for (const rack of line) {
      const drawn = layoutRack(rack, size, cardPx, { x, y: top })
      items.push(...drawn.items)
      inLine.push(...drawn.places.map((place) => ({ ...place, row: place.row + firstRow, column: place.column + column })))
      x += rackWidth(rack, size, cardPx) + rackGapPx
      column += rack.slots
      bottom = Math.max(bottom, drawn.bottom)
    }
    // In reading order across the racks of a line: the right neighbour of the last slot of one rack is the first one of the next.
    places.push(...inLine.sort((a, b) => a.row - b.row || a.column - b.column))
    width = Math.max(width, x - rackGapPx)
    firstRow += Math.max(...line.map(({ rows }) => rows))
    top = bottom + rackGapPx
  }
  const lower = layoutRest(rest, doubles, racks.length > 0, size, widthPx, top, firstRow)
  return { items: [...items, ...lower.items], places: [...places, ...lower.places], width, height: Math.max(bottom, lower.bottom) }
}

const rackWidth = ({ slots }: Rack, size: ZoomSize, cardPx: number): number => rowLabelPx + slots * (cardPx + size.gapPx) - size.gapPx

function inLines(racks: readonly Rack[], size: ZoomSize, widthPx: number): readonly (readonly Rack[])[] {
  const lines: Rack[][] = []
  let leftPx = 0
  for (const rack of racks) {
    const needsPx = rackWidth(rack, size, size.leastWidthPx)
    const line = lines.at(-1)
    if (line && leftPx >= rackGapPx + needsPx) {
      line.push(rack)
      leftPx -= rackGapPx + needsPx
    } else {
      lines.push([rack])
      leftPx = widthPx - needsPx
    }
  }
  return lines
}

/** What each card may have where the racks of a line fill the width. */
function widestCard(line: readonly Rack[], size: ZoomSize, widthPx: number): number {
  const slots = line.reduce((sum, rack) => sum + rack.slots, 0)
  return Math.floor((widthPx - line.length * rowLabelPx - (line.length - 1) * rackGapPx - (slots - line.length) * size.gapPx) / slots)
}

function layoutRack(rack: Rack, size: ZoomSize, cardPx: number, corner: Pick<Box, 'x' | 'y'>): { readonly items: readonly ElevationItem[]; readonly places: readonly Place[]; readonly bottom: number } {
  const items: ElevationItem[] = [{ kind: 'rack', key: `rack ${rack.name}`, name: rack.name, count: rack.at.size, box: { ...corner, width: rackWidth(rack, size, cardPx), height: headPx } }]
  const places: Place[] = []
  for (let row = 1; row <= rack.rows; row += 1) {
    const y = corner.y + headPx + (row - 1) * (size.heightPx + size.gapPx)
    items.push({ kind: 'row', key: `row ${rack.name} ${String(row)}`, text: String(row), box: { x: corner.x, y, width: rowLabelPx, height: size.heightPx } })
    for (let slot = 1; slot <= rack.slots; slot += 1) {
      const box = { x: corner.x + rowLabelPx + (slot - 1) * (cardPx + size.gapPx), y, width: cardPx, height: size.heightPx }
      const camera = rack.at.get(`${String(row)}/${String(slot)}`)
      const words = `${rack.name}, row ${String(row)}, slot ${String(slot)}`
      if (camera) {
        items.push({ kind: 'camera', key: camera.id, camera, words, box })
        places.push({ id: camera.id, row: row - 1, column: slot - 1 })
      } else if (rack.rows * rack.slots <= mostEmptySlots) items.push({ kind: 'slot', key: `slot ${words}`, text: `${String(row)}.${String(slot)} free`, box })
    }
  }
  return { items, places, bottom: corner.y + headPx + rack.rows * (size.heightPx + size.gapPx) - size.gapPx }
}

function layoutRest(
  rest: readonly PodView[], doubles: readonly string[], isBelow: boolean, size: ZoomSize, widthPx: number, top: number, firstRow: number,
): { readonly items: readonly ElevationItem[]; readonly places: readonly Place[]; readonly bottom: number } {
  const count = rest.reduce((sum, { cameras }) => sum + cameras.length, 0)
  if (count === 0) return { items: [], places: [], bottom: top }
  const text = isBelow ? `Not placed: ${String(count)} ${count === 1 ? 'camera' : 'cameras'}, by pod` : `No camera has a place yet; ${String(count)} ${count === 1 ? 'camera' : 'cameras'} by pod`
  const items: ElevationItem[] = [{ kind: 'heading', key: 'heading', text, box: { x: 0, y: top, width: widthPx, height: headPx } }]
  let y = top + headPx
  if (doubles.length > 0) {
    items.push({ kind: 'note', key: 'doubles', text: `The place of another camera is given to ${doubles.slice(0, 6).join(', ')}${doubles.length > 6 ? ' and others' : ''}`, box: { x: 0, y, width: widthPx, height: headPx } })
    y += headPx
  }
  const columns = Math.max(1, Math.floor((widthPx + size.gapPx) / (size.leastWidthPx + size.gapPx)))
  const cardPx = Math.min(size.mostWidthPx, Math.floor((widthPx - (columns - 1) * size.gapPx) / columns))
  const rows = layoutRows(rest, columns)
  for (const { segments, withHead } of rows) {
    const podPx = withHead ? 20 : 0
    for (const { pod, first, column, cameras } of segments) {
      const x = column * (cardPx + size.gapPx)
      if (first) items.push({ kind: 'pod', key: `pod ${pod.id}`, text: pod.name, box: { x, y, width: cardPx, height: 20 } })
      cameras.forEach((camera, index) => {
        items.push({ kind: 'camera', key: camera.id, camera, words: `${pod.name}, not placed`, box: { x: x + index * (cardPx + size.gapPx), y: y + podPx, width: cardPx, height: size.heightPx } })
      })
    }
    y += podPx + size.heightPx + size.gapPx
  }
  return { items, places: placesOf(rows).map((place) => ({ ...place, row: place.row + firstRow })), bottom: y }
}

/** Two cameras on one place: the first keeps it, the other is named. */
function sortByPlace(pods: readonly PodView[]): { readonly racks: readonly Rack[]; readonly rest: readonly PodView[]; readonly doubles: readonly string[] } {
  const racks = new Map<string, Map<string, CameraView>>()
  const doubles: string[] = []
  const isPlaced = (camera: CameraView): boolean => {
    const place = camera.inventory?.place
    if (!place) return false
    const rack = racks.get(place.rack) ?? new Map<string, CameraView>()
    racks.set(place.rack, rack)
    const key = `${String(place.row)}/${String(place.slot)}`
    if (rack.has(key)) { doubles.push(camera.name); return false }
    rack.set(key, camera)
    return true
  }
  const rest = pods.map((pod) => ({ ...pod, cameras: pod.cameras.filter((camera) => !isPlaced(camera)) })).filter(({ cameras }) => cameras.length > 0)
  const most = (at: ReadonlyMap<string, CameraView>, of: 'row' | 'slot'): number => Math.max(...[...at.values()].map((camera) => camera.inventory?.place?.[of] ?? 1))
  const sorted = [...racks].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })).map(([name, at]): Rack => ({ name, at, rows: most(at, 'row'), slots: most(at, 'slot') }))
  return { racks: sorted, rest, doubles }
}

/** What of it is in view, and a little more. */
export function itemsInView(items: readonly ElevationItem[], view: Box, marginPx: number): readonly ElevationItem[] {
  return items.filter(({ box }) => box.x < view.x + view.width + marginPx && box.x + box.width > view.x - marginPx && box.y < view.y + view.height + marginPx && box.y + box.height > view.y - marginPx)
}
