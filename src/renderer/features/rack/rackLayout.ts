import type { CameraId } from '../../../shared/devices/ids.ts'
import type { CameraView, PodView } from '../../../shared/rack/rackView.schema.ts'

/** A run of one pod's cameras in one row. A pod without cameras keeps one empty place. */
export interface RackSegment {
  readonly pod: PodView
  readonly first: boolean
  readonly column: number
  readonly span: number
  readonly cameras: readonly CameraView[]
}
export interface RackRow {
  readonly key: string
  /** Some segment begins a pod here, so the row has a line for names. */
  readonly withHead: boolean
  readonly segments: readonly RackSegment[]
}

/**
 * Pods beside each other while they fit, each under its own name; a pod wider than what is left begins a new row, so that
 * only pods wider than the whole rack are ever cut.
 */
export function layoutRows(pods: readonly PodView[], columns: number): readonly RackRow[] {
  const rows: RackSegment[][] = [[]]
  let column = 0
  const nextRow = (): void => { if (column > 0) { rows.push([]); column = 0 } }
  for (const pod of pods) {
    const places = Math.max(1, pod.cameras.length)
    if (places > columns - column) nextRow()
    for (let from = 0; from < places; from += columns) {
      if (from > 0) nextRow()
      const cameras = pod.cameras.slice(from, from + columns)
      const span = Math.max(1, cameras.length)
      rows.at(-1)?.push({ pod, first: from === 0, column, span, cameras })
      column += span
    }
    if (column >= columns) nextRow()
  }
  return rows.filter((segments) => segments.length > 0).map((segments) => ({
    key: segments.map(({ pod, cameras }) => `${pod.id}/${cameras[0]?.id ?? ''}`).join(' '),
    withHead: segments.some(({ first }) => first),
    segments,
  }))
}

/**
 * As many columns as fit; of those that need no more rows, or no more than are seen at once, the fewest: pods of four fill a
 * screen that has room for six, and cards are wider instead of the screen half empty.
 */
export function chooseColumns(pods: readonly PodView[], widthPx: number, leastPx: number, mostPx: number, gapPx: number, rowsInView = 0): number {
  const fitting = (cardPx: number): number => Math.max(1, Math.floor((widthPx + gapPx) / (cardPx + gapPx)))
  const most = fitting(leastPx)
  const rowCount = Math.max(rowsInView, layoutRows(pods, most).length)
  let columns = most
  for (let fewer = most - 1; fewer >= Math.min(most, fitting(mostPx)); fewer -= 1) if (layoutRows(pods, fewer).length <= rowCount) columns = fewer
  return columns
}

export type Move = 'left' | 'right' | 'up' | 'down' | 'first' | 'last'

export interface Place { readonly row: number; readonly column: number; readonly id: CameraId }

export const placesOf = (rows: readonly RackRow[]): readonly Place[] =>
  rows.flatMap(({ segments }, row) => segments.flatMap(({ column, cameras }) => cameras.map(({ id }, index) => ({ row, column: column + index, id }))))

/** Where an arrow leads. Left and right follow the order, up and down the column as it is seen; at an edge it stays. */
export function moveAmong(places: readonly Place[], from: CameraId | undefined, move: Move): Place | undefined {
  const at = places.findIndex(({ id }) => id === from)
  const here = places[at]
  if (!here || move === 'first') return places[0]
  if (move === 'last') return places.at(-1)
  if (move === 'left' || move === 'right') return places[at + (move === 'left' ? -1 : 1)] ?? here
  const away = (place: Place): number => Math.abs(place.row - here.row) * 1000 + Math.abs(place.column - here.column)
  const candidates = places.filter(({ row }) => (move === 'up' ? row < here.row : row > here.row))
  return candidates.reduce<Place | undefined>((best, place) => (best && away(best) <= away(place) ? best : place), undefined) ?? here
}
export const moveFrom = (rows: readonly RackRow[], from: CameraId | undefined, move: Move): Place | undefined => moveAmong(placesOf(rows), from, move)

/** All from one to the other, both included, in the order as seen; one that is not seen leaves the other alone. */
export function rangeOf(places: readonly Pick<Place, 'id'>[], from: CameraId | undefined, to: CameraId): readonly CameraId[] {
  const [a, b] = [places.findIndex(({ id }) => id === from), places.findIndex(({ id }) => id === to)]
  if (b < 0) return []
  return a < 0 ? [to] : places.slice(Math.min(a, b), Math.max(a, b) + 1).map(({ id }) => id)
}
