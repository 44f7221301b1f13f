import type { ZoomStep } from '../../stores/view.ts'

export interface ZoomSize {
  readonly leastWidthPx: number
  readonly mostWidthPx: number
  readonly heightPx: number
  readonly gapPx: number
  /** The pod's line of its own; single dots are told apart by their names. */
  readonly headPx: number
  /** Room that is left on the screen is given to the cards, up to this. */
  readonly growPx: number
}

/** What a card of each step needs; every state of a camera fits into it, so that nothing ever grows. */
export const zoomSizes: Readonly<Record<ZoomStep, ZoomSize>> = {
  large: { leastWidthPx: 218, mostWidthPx: 420, heightPx: 214, gapPx: 8, headPx: 26, growPx: 132 },
  normal: { leastWidthPx: 204, mostWidthPx: 340, heightPx: 196, gapPx: 8, headPx: 26, growPx: 168 },
  compact: { leastWidthPx: 168, mostWidthPx: 340, heightPx: 84, gapPx: 8, headPx: 26, growPx: 0 },
  dots: { leastWidthPx: 124, mostWidthPx: 200, heightPx: 24, gapPx: 4, headPx: 0, growPx: 0 },
}
/** What was remembered may be of another version. */
export const zoomSize = (step: string): ZoomSize => zoomSizes[step as ZoomStep] ?? zoomSizes.large
