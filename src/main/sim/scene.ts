import { type Colour, encodeMosaic } from './mosaicJpeg.ts'

/** What a camera's web server answers when it is asked for a picture. */
export type SimSnapshot = { readonly jpeg: Uint8Array } | 'silent' | 'endless' | 'text'

const columns = 80
const rows = 45
/** Something passes the camera this often. */
const passMs = 240_000

const skies: readonly (readonly [Colour, Colour])[] = [
  [[92, 138, 176], [186, 204, 210]], [[70, 120, 132], [178, 206, 196]], [[86, 92, 160], [190, 176, 206]], [[120, 128, 136], [204, 200, 188]],
]
const mix = (a: Colour, b: Colour, share: number): Colour => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
const isBetween = (value: number, from: number, to: number): boolean => value >= from && value < to

/** What a camera of the simulated rack sees: hills, a house, and somebody who walks by. Each camera has its own view. */
export function drawScene(serial: number, nowMs: number): Uint8Array {
  const [above, below] = skies[serial % skies.length] ?? [[0, 0, 0], [0, 0, 0]]
  const walker = Math.floor((((nowMs / passMs) + serial * 0.37) % 1) * (columns + 8)) - 4
  const house = 8 + ((serial * 13) % 52)
  const hill = (column: number): number => 27 - 6 * Math.sin(column / 13 + serial) - 3 * Math.sin(column / 5.3 + serial * 2)
  return encodeMosaic(columns, rows, (column, row) => {
    if (isBetween(column, walker, walker + 2) && isBetween(row, 34, 40)) return row === 34 ? [214, 176, 150] : [176, 64, 52]
    if (isBetween(column, house, house + 14) && isBetween(row, 24, 37)) return isBetween(column, house + 5, house + 8) && row > 30 ? [52, 44, 40] : [128, 118, 108]
    if (row > 38) return mix([84, 88, 84], [58, 62, 60], (row - 38) / 7)
    return row > hill(column) ? mix([70, 96, 74], [46, 66, 58], row / rows) : mix(above, below, row / 30)
  })
}
