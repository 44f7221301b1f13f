import type { LineMark } from '../../ui/lineMarks.ts'
import { tileHeadPx, type WallGrid } from './wallLayout.ts'

/** What one row of the wall is written on. A hundred texts that change all the time cost the page's layout more than drawing them does. */
export interface WallPaper {
  /** The text of one tile, in place of what it had; without lines its place is empty. Marks are by the number of their line. */
  write(column: number, lines: readonly string[], marks?: ReadonlyMap<number, LineMark['tone']>): void
}
export interface PaperLook extends Pick<WallGrid, 'columns' | 'tileHeight' | 'fontPx' | 'linePx'> {
  readonly widthPx: number
  /** Pixels of the screen for one of the page. */
  readonly pixelRatio: number
  readonly fontFamily: string
  readonly ink: string
  readonly toneInk: (tone: LineMark['tone']) => string
}

const edgePx = 1
const paddingPx = { left: 4, top: 2 }
/** From the middle of a line to the foot of its letters. */
const footShare = 0.35
/** The text on it stays readable; the bar at its left is what is seen from afar. */
const bandAlpha = 0.2
const barPx = 3

/** Takes the canvas as it is from now on: it is empty afterwards. `undefined` where nothing can be drawn. */
export function createWallPaper(canvas: HTMLCanvasElement, { columns, tileHeight, widthPx, fontPx, linePx, pixelRatio, fontFamily, ink, toneInk }: PaperLook): WallPaper | undefined {
  canvas.width = Math.round(widthPx * pixelRatio)
  canvas.height = Math.round(tileHeight * pixelRatio)
  const context = canvas.getContext('2d')
  if (!context) return undefined
  /** On whole pixels, or what is wiped away leaves a trace of its edge. */
  const pixel = (px: number): number => Math.round(px * pixelRatio)
  const tileLeft = (column: number): number => Math.round(column * widthPx / columns)
  context.font = `${fontPx * pixelRatio}px ${fontFamily}`
  context.fillStyle = ink
  const band = (left: number, right: number, index: number, color: string): void => {
    const [top, bottom] = [pixel(tileHeadPx + paddingPx.top + index * linePx), pixel(tileHeadPx + paddingPx.top + (index + 1) * linePx)]
    context.fillStyle = color
    context.globalAlpha = bandAlpha
    context.fillRect(left, top, right - left, bottom - top)
    context.globalAlpha = 1
    context.fillRect(left, top, pixel(barPx), bottom - top)
    context.fillStyle = ink
  }
  return {
    write: (column, lines, marks) => {
      const [left, right] = [pixel(tileLeft(column) + edgePx), pixel(tileLeft(column + 1) - edgePx)]
      const [top, bottom] = [pixel(tileHeadPx), pixel(tileHeight - edgePx)]
      context.clearRect(left, top, right - left, bottom - top)
      if (lines.length === 0) return
      context.save()
      // A letter that is wider than the font says stays out of the neighbour.
      context.beginPath()
      context.rect(left, top, right - left, bottom - top)
      context.clip()
      for (const [index, line] of lines.entries()) {
        const tone = marks?.get(index)
        if (tone) band(left, right, index, toneInk(tone))
        context.fillText(line, left + pixel(paddingPx.left), pixel(tileHeadPx + paddingPx.top + (index + 0.5) * linePx + footShare * fontPx))
      }
      context.restore()
    },
  }
}
