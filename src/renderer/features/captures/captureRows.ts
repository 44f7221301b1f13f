import { type CapturePiece, isPowerEdge } from '../../../shared/captures/captures.schema.ts'

export type Direction = 'rx' | 'tx'
/** One line of the reader. `steps` says until which byte had come by when; replay shows a line as it grew. */
export interface LineRow { readonly kind: Direction; readonly offset: number; readonly endOffset: number; readonly atMs: number; readonly bytes: string; readonly steps: readonly (readonly [length: number, atMs: number])[] }
export interface MarkRow { readonly kind: Exclude<CapturePiece['kind'], Direction>; readonly offset: number; readonly atMs: number; readonly droppedBytes: number; readonly awayMs: number | undefined }
export type CaptureRow = LineRow | MarkRow
export const isLine = (row: CaptureRow): row is LineRow => row.kind === 'rx' || row.kind === 'tx'

/** As the search index cuts them, so that a hit is a row. */
const maxLineBytes = 1024
const hexRowBytes = 16

interface OpenLine { offset: number; endOffset: number; atMs: number; bytes: string; steps: [number, number][] }

/** Lines of both directions by where they began, with marks between. Where pieces are cut changes nothing. */
export function textRows(pieces: readonly CapturePiece[]): CaptureRow[] {
  const rows: CaptureRow[] = []
  const open: Record<Direction, OpenLine | undefined> = { rx: undefined, tx: undefined }
  const endedByCr: Record<Direction, boolean> = { rx: false, tx: false }
  const finish = (direction: Direction): void => {
    const line = open[direction]
    if (line) rows.push({ kind: direction, ...line })
    open[direction] = undefined
  }
  const take = (direction: Direction, bytes: string, offset: number, atMs: number): void => {
    for (let at = 0; at < bytes.length;) {
      const line = open[direction] ??= { offset: offset + at, endOffset: offset + at, atMs, bytes: '', steps: [] }
      const end = Math.min(bytes.length, at + maxLineBytes - line.bytes.length)
      let stop = at
      while (stop < end && bytes[stop] !== '\n' && bytes[stop] !== '\r') stop += 1
      if (stop > at) {
        endedByCr[direction] = false
        line.bytes += bytes.slice(at, stop)
        line.endOffset = offset + stop
        const last = line.steps.at(-1)
        if (last?.[1] === atMs) last[0] = line.bytes.length
        else line.steps.push([line.bytes.length, atMs])
      }
      at = stop
      if (line.bytes.length === maxLineBytes) { finish(direction); continue }
      if (stop === end) continue
      at += 1
      // Of the pair only the first ends a line; returns alone move nothing, and a feed alone is an empty line.
      const isReturn = bytes[stop] === '\r'
      if (line.bytes === '' && (isReturn || endedByCr[direction])) open[direction] = undefined
      else { finish(direction); endedByCr[direction] = isReturn }
      if (!isReturn) endedByCr[direction] = false
    }
  }
  walk(pieces, { take, finish, mark: (row) => { rows.push(row) } })
  return rows.sort((a, b) => a.offset - b.offset)
}

/** Sixteen bytes a row; a change of direction begins a new one. */
export function hexRows(pieces: readonly CapturePiece[]): CaptureRow[] {
  const rows: CaptureRow[] = []
  let open: (OpenLine & { kind: Direction }) | undefined
  const finish = (): void => { if (open) rows.push(open); open = undefined }
  walk(pieces, {
    finish, mark: (row) => { rows.push(row) },
    take: (kind, bytes, offset, atMs) => {
      if (open?.kind !== kind) finish()
      for (let at = 0; at < bytes.length;) {
        open ??= { kind, offset: offset + at, endOffset: offset + at, atMs, bytes: '', steps: [] }
        const some = bytes.slice(at, at + hexRowBytes - open.bytes.length)
        at += some.length
        open.bytes += some
        open.endOffset = offset + at
        open.steps.push([open.bytes.length, atMs])
        if (open.bytes.length === hexRowBytes) finish()
      }
    },
  })
  return rows
}

interface Walker { take(kind: Direction, bytes: string, offset: number, atMs: number): void; finish(kind: Direction): void; mark(row: MarkRow): void }

/** Marks end what is open, and a line that came back says how long it was away. */
function walk(pieces: readonly CapturePiece[], { take, finish, mark }: Walker): void {
  let lostMs: number | undefined
  for (const { kind, bytes, offset, atMs, droppedBytes } of pieces) {
    if (kind === 'rx' || kind === 'tx') { take(kind, bytes, offset, atMs); continue }
    if (!isPowerEdge(kind)) { finish('rx'); finish('tx') }
    mark({ kind, offset, atMs, droppedBytes, awayMs: kind === 'found' && lostMs !== undefined ? atMs - lostMs : undefined })
    if (kind === 'lost') lostMs = atMs
    if (kind === 'found') lostMs = undefined
  }
  finish('rx')
  finish('tx')
}

/** The row in which that place lies, or the one before it. */
export function rowAt(rows: readonly { readonly offset: number }[], offset: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rows[middle]?.offset ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - 1)
}

/** What had been said by then; rows in the order of places, which is that of times but for a clock that was set back. */
export function rowsUntil(rows: readonly CaptureRow[], untilMs: number): readonly CaptureRow[] {
  const count = rows.findIndex(({ atMs }) => atMs > untilMs)
  const shown = count < 0 ? rows.slice() : rows.slice(0, count)
  const last = shown.at(-1)
  // Only the last line of each direction can still be growing, and the other one is seldom on the screen.
  if (last && isLine(last)) {
    const length = last.steps.findLast(([, atMs]) => atMs <= untilMs)?.[0] ?? last.bytes.length
    shown[shown.length - 1] = { ...last, bytes: last.bytes.slice(0, length) }
  }
  return shown
}
