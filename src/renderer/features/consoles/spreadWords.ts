import { shallowReactive } from 'vue'

/** A hundred small numbers that change in one frame are a layout and a paint of the whole wall, and a frame that comes late; one in a frame costs half as much as twenty. */
const mostInFrame = 20

export interface SpreadWords<Key> {
  /** As they are on the screen, or about to be. */
  readonly shown: ReadonlyMap<Key, string>
  /** All that there is from now on. A few come in each frame; what was not shown yet when the next ones come is left out. */
  change(words: ReadonlyMap<Key, string>): void
}

/** Words of many tiles that may come a moment later than what they are about. */
export function createSpreadWords<Key>(nextFrame: (work: () => void) => void): SpreadWords<Key> {
  const shown = shallowReactive(new Map<Key, string>())
  let waiting = new Map<Key, string>()
  let isAsked = false
  const frame = (): void => {
    isAsked = false
    let changed = 0
    for (const [key, word] of waiting) {
      if (changed === mostInFrame) break
      waiting.delete(key)
      if (shown.get(key) === word) continue
      shown.set(key, word)
      changed += 1
    }
    ask()
  }
  const ask = (): void => {
    if (isAsked || waiting.size === 0) return
    isAsked = true
    nextFrame(frame)
  }
  return {
    shown,
    change: (words) => {
      for (const key of [...shown.keys()]) if (!words.has(key)) shown.delete(key)
      // Those that waited come first, or the last of a long wall would never have their turn.
      waiting = new Map([...[...waiting.keys()].flatMap((key) => { const word = words.get(key); return word === undefined ? [] : [[key, word] as const] }), ...words])
      ask()
    },
  }
}
