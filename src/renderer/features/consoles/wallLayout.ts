import type { CameraView, PodView } from '../../../shared/rack/rackView.schema.ts'

/** So many consoles on one screen; the rest is scrolled to. */
export const densities = [4, 16, 36, 100] as const
export type Density = (typeof densities)[number]

export interface WallGrid {
  readonly columns: number
  readonly rowsInView: number
  readonly tileHeight: number
  readonly fontPx: number
  readonly linePx: number
  /** Of text in one tile; 0 rows: only its head is drawn. */
  readonly textRows: number
  readonly textColumns: number
}

export const tileHeadPx = 20
/** Less than this shows nothing that could be read. */
const leastTilePx = tileHeadPx + 14
/** Of the mono font, wide for its height. */
const letterWidth = 0.6
const fontOf = (columns: number): { readonly fontPx: number; readonly linePx: number } =>
  columns <= 2 ? { fontPx: 12, linePx: 15 } : columns <= 4 ? { fontPx: 11, linePx: 14 } : columns <= 6 ? { fontPx: 10, linePx: 12 } : { fontPx: 9, linePx: 11 }

/** The tiles fill the screen: a rack smaller than the density has larger ones. */
export function wallGrid(count: number, density: Density, widthPx: number, heightPx: number): WallGrid {
  const onScreen = Math.max(1, Math.min(density, count))
  const columns = Math.ceil(Math.sqrt(onScreen))
  const rowsInView = Math.ceil(onScreen / columns)
  const tileHeight = Math.max(leastTilePx, Math.floor(heightPx / rowsInView))
  const { fontPx, linePx } = fontOf(columns)
  return {
    columns, rowsInView, tileHeight, fontPx, linePx,
    textRows: Math.max(0, Math.floor((tileHeight - tileHeadPx - 5) / linePx)),
    textColumns: Math.max(1, Math.ceil((widthPx / columns - 10) / (fontPx * letterWidth))),
  }
}

/** Where a key leads; at an edge it stays. `undefined`: not a key of the wall. */
export function moveOnWall(key: string, from: number, count: number, { columns, rowsInView }: WallGrid): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: from - 1, ArrowRight: from + 1, ArrowUp: from - columns, ArrowDown: from + columns,
    PageUp: from - columns * rowsInView, PageDown: from + columns * rowsInView, Home: 0, End: count - 1,
  }
  const to = steps[key]
  if (to === undefined || count === 0) return undefined
  // Up in the first row stays where it is, a page up goes to the first tile.
  if ((key === 'ArrowUp' && to < 0) || (key === 'ArrowDown' && to >= count)) return from
  return Math.max(0, Math.min(count - 1, to))
}

export interface WallFilter { readonly words: string; readonly pod: string; readonly life: string }

/** All words somewhere in name, chip, pod or state. */
export function filterWall(pods: readonly PodView[], { words, pod, life }: WallFilter): readonly CameraView[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return pods.filter(({ id }) => pod === '' || id === pod).flatMap(({ name, cameras }) => cameras.filter((camera) => {
    const text = `${camera.name} ${camera.chip} ${name} ${camera.life} ${camera.lifeNote}`.toLowerCase()
    return (life === '' || camera.life === life) && wanted.every((word) => text.includes(word))
  }))
}

export interface Place { readonly left: number; readonly top: number; readonly width: number; readonly height: number }

/** A terminal lies over its tile, and over the neighbours of one that is too small to type in; never outside the wall. */
export function placeOverTile(tile: Place, wall: Pick<Place, 'width' | 'height'>, least: Pick<Place, 'width' | 'height'> = { width: 760, height: 420 }): Place {
  const width = Math.min(wall.width, Math.max(tile.width, least.width))
  const height = Math.min(wall.height, Math.max(tile.height, least.height))
  const within = (at: number, length: number, room: number): number => Math.max(0, Math.min(at, room - length))
  return { width, height, left: within(tile.left + (tile.width - width) / 2, width, wall.width), top: within(tile.top + (tile.height - height) / 2, height, wall.height) }
}
