/** A frame has 16 ms, and what was drawn has to reach the screen after us. */
const frameBudgetMs = 6
/** A round over a wall where everything talks takes two frames, and four where frames come late; nobody sees more. */
const largestShare = 1 / 2
const smallestShare = 1 / 4
const fewestTiles = 8
/** A frame that comes later than this was one too much, where it was our drawing that took its time. */
const lateMs = 25
const heavyMs = frameBudgetMs / 2
/** Where somebody else takes it, smaller shares make no room: after so many a round is drawn in one frame, or each tile would wait for two late ones. */
const lateInARow = 2
/** Between two pauses there is no pace to learn from. */
const pauseMs = 250

export interface WallPainterDeps {
  readonly nextFrame: (work: () => void) => void
  readonly nowMs: () => number
}
export interface PaintedTile {
  /** Asks to be drawn, as soon as there is room in a frame. */
  changed(): void
  stop(): void
}
export interface WallPainter { add(draw: () => void): PaintedTile }

interface Tile { readonly draw: () => void; turn: number; isChanged: boolean }

/**
 * Draws a hundred tiles without losing frames: each frame takes those that have waited longest, as many as there is time for. A tile
 * that was quiet is drawn in the next frame, however much the others have to say.
 */
export function createWallPainter({ nextFrame, nowMs }: WallPainterDeps): WallPainter {
  const tiles = new Set<Tile>()
  let isAsked = false
  /** Of frames. Among tiles of one turn the order of the wall decides, so that a frame touches few of its rows. */
  let turns = 0
  let share = largestShare
  let lastFrameMs = -Infinity
  let lastDrawMs = 0
  let late = 0

  const ask = (): void => {
    if (isAsked) return
    isAsked = true
    nextFrame(frame)
  }
  const learn = (startedMs: number): void => {
    const tookMs = startedMs - lastFrameMs
    lastFrameMs = startedMs
    if (tookMs > pauseMs) return
    late = tookMs > lateMs ? late + 1 : 0
    if (late === 0) share = share > largestShare ? Math.max(largestShare, share - 0.05) : Math.min(largestShare, share + 0.01)
    else if (lastDrawMs > heavyMs) share = Math.max(smallestShare, Math.min(share, largestShare) * 0.8)
    else if (late >= lateInARow) share = 1
  }
  const frame = (): void => {
    isAsked = false
    const startedMs = nowMs()
    learn(startedMs)
    const waiting = [...tiles].filter(({ isChanged }) => isChanged).sort((a, b) => a.turn - b.turn)
    const most = Math.max(fewestTiles, Math.ceil(tiles.size * share))
    turns += 1
    let drawn = 0
    for (const tile of waiting) {
      if (drawn >= most || (drawn > 0 && nowMs() - startedMs > frameBudgetMs)) break
      tile.isChanged = false
      tile.turn = turns
      tile.draw()
      drawn += 1
    }
    lastDrawMs = nowMs() - startedMs
    if (drawn < waiting.length) ask()
  }
  return {
    add: (draw) => {
      const tile: Tile = { draw, turn: 0, isChanged: false }
      tiles.add(tile)
      return {
        changed: () => { tile.isChanged = true; ask() },
        stop: () => { tiles.delete(tile) },
      }
    },
  }
}
