import type { IDecoration, IMarker, Terminal } from '@xterm/xterm'
import { onBeforeUnmount, watch } from 'vue'
import { type LineMark, placeMarks, type ShownLine } from './lineMarks.ts'

/** Older ones give way; the list of hits has them all. */
const shownMarks = 200
const readRows = 5_000
/** Marks come a moment before or after the bytes that they are about. */
const lookAgainMs = 300
const maxLooks = 8

interface Placed { readonly key: number; readonly marker: IMarker; readonly decoration: IDecoration }

/** Marks lines in a terminal and beside its scroll bar. Bytes that the terminal has let go take their marks along. */
export function useLineMarks(terminal: Terminal, marks: () => readonly LineMark[], colourOf: (tone: LineMark['tone']) => string): void {
  const looks = new Map<number, number>()
  let waiting: readonly LineMark[] = []
  let placed: Placed[] = []
  let lastKey = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  /** From the newest line up to the newest that has a mark: what is looked for came later. */
  function* linesFromBottom(): Generator<ShownLine, void, void> {
    const { normal } = terminal.buffer
    const end = placed.findLast(({ marker }) => !marker.isDisposed)?.marker.line ?? -1
    let below = ''
    for (let row = normal.length - 1; row > Math.max(end, normal.length - 1 - readRows); row -= 1) {
      const line = normal.getLine(row)
      const text = (line?.translateToString(true) ?? '') + below
      if (line?.isWrapped === true) { below = text.slice(0, 1_000); continue }
      below = ''
      if (text !== '') yield { row, text }
    }
  }
  function put(mark: LineMark, row: number): void {
    const { normal } = terminal.buffer
    const marker = terminal.registerMarker(row - normal.baseY - normal.cursorY)
    const color = colourOf(mark.tone)
    const decoration = terminal.registerDecoration({ marker, width: terminal.cols, layer: 'bottom', overviewRulerOptions: { color, position: 'full' } })
    if (!decoration) { marker.dispose(); return }
    decoration.onRender((element) => {
      element.classList.add('line-mark')
      element.dataset['mark'] = mark.words
      element.style.setProperty('--mark', color)
    })
    placed.push({ key: mark.key, marker, decoration })
    for (const old of placed.slice(0, -shownMarks)) { old.decoration.dispose(); old.marker.dispose() }
    placed = placed.slice(-shownMarks)
  }
  function look(): void {
    timer = undefined
    // A program that has the whole screen for itself has no lines to mark.
    if (terminal.buffer.active.type === 'normal') {
      const rows = placeMarks(linesFromBottom(), waiting.toReversed())
      for (const mark of waiting) {
        const row = rows.get(mark.key)
        if (row !== undefined) put(mark, row)
      }
      const isBehind = (mark: LineMark): boolean => mark.key > (placed.at(-1)?.key ?? 0)
      waiting = waiting.filter((mark) => {
        const count = (looks.get(mark.key) ?? 0) + 1
        looks.set(mark.key, count)
        const stays = !rows.has(mark.key) && isBehind(mark) && count < maxLooks
        if (!stays) looks.delete(mark.key)
        return stays
      })
    }
    if (waiting.length > 0) timer = setTimeout(look, lookAgainMs)
  }
  watch(marks, (now) => {
    // A workbench that was started again counts anew.
    if ((now.at(-1)?.key ?? 0) < lastKey) lastKey = 0
    const fresh = now.filter(({ key }) => key > lastKey)
    if (fresh.length === 0) return
    lastKey = fresh.at(-1)?.key ?? lastKey
    waiting = [...waiting, ...fresh].slice(-shownMarks)
    timer ??= setTimeout(look, lookAgainMs)
  }, { immediate: true })
  onBeforeUnmount(() => { clearTimeout(timer) })
}
