import type { ConsoleMark } from '../../../shared/consoles/consoles.schema.ts'
import type { RuleHit } from '../../../shared/consoles/consoleTools.schema.ts'
import { createTamedStream, type Encoding } from '../../ui/tamedStream.ts'

export interface Traffic {
  /** Of the first byte, in the console's whole history. */
  readonly position: number
  readonly bytes: Uint8Array
  readonly marks: readonly ConsoleMark[]
}
export interface TrafficRow {
  readonly key: string
  readonly direction: 'in' | 'out'
  /** `undefined` before the first mark that is known. */
  readonly atMs: number | undefined
  readonly text: string
  /** In the hex view: where it stands, and its bytes. */
  readonly offset?: string
  readonly hex?: string
}

const maxRowLetters = 2_000
const hexColumns = 16
// eslint-disable-next-line no-control-regex -- the terminal's view draws them, a list of lines does not
const drawingSequences = /\u001b(?:\[[0-9;:?!]*[@-~]|[()][AB0]|[DEHM78=>c])|[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g

/** The newest `maxRows` lines, in both directions. A line that was answered in the middle stays whole: what was sent follows it. */
export function lineRows({ position, bytes, marks }: Traffic, encoding: Encoding, maxRows: number): TrafficRow[] {
  const timeOf = timesOf(marks)
  const rows: TrafficRow[] = []
  const lines = sentLines(sentOf(marks, position), { position, bytes }, encoding)
  let next = 0
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline < 0 ? bytes.length : newline + 1
    const atMs = timeOf(position + start)
    const waiting = lines.slice(next).filter((line) => line.position < position + end || end === bytes.length)
    // What was asked before the answer began stands before it.
    const earlier = waiting.findLastIndex(({ row }) => row.atMs !== undefined && atMs !== undefined && row.atMs < atMs) + 1
    rows.push(...waiting.slice(0, earlier).map(({ row }) => row))
    rows.push({ key: `i${String(position + start)}`, direction: 'in', atMs, text: textOf(bytes.subarray(start, end), encoding) })
    rows.push(...waiting.slice(earlier).map(({ row }) => row))
    next += waiting.length
    start = end
  }
  return [...rows, ...lines.slice(next).map(({ row }) => row)].slice(-maxRows)
}

/** Whoever pauses for longer in the middle of a line, while the camera says one of its own, reads both in their order. */
const mostPauseMs = 5_000

/**
 * Keys that were typed one by one are one line, until a line end; also where the camera says a line of its own between two of them, as it
 * does all day. Such a line stands, and has its time, where its last key was sent.
 */
function sentLines(marks: readonly ConsoleMark[], { position, bytes }: Pick<Traffic, 'position' | 'bytes'>, encoding: Encoding): { readonly position: number; readonly row: TrafficRow }[] {
  const lines: { position: number; row: TrafficRow }[] = []
  let open: { readonly first: ConsoleMark; last: ConsoleMark; letters: string } | undefined
  const isLineBetween = (from: ConsoleMark, to: ConsoleMark): boolean => bytes.subarray(from.position - position, to.position - position).includes(0x0a)
  const close = (): void => {
    if (!open) return
    const { first, last, letters } = open
    const { atMs } = isLineBetween(first, last) ? last : first
    lines.push({ position: last.position, row: { key: `o${String(first.sequence)}`, direction: 'out', atMs, text: shownText(bytesOf(letters), encoding) } })
    open = undefined
  }
  for (const mark of marks) {
    if (open && mark.atMs - open.last.atMs > mostPauseMs && isLineBetween(open.last, mark)) close()
    open ??= { first: mark, last: mark, letters: '' }
    open.last = mark
    open.letters += mark.sent ?? ''
    if (/[\r\n]$/.test(open.letters) || open.letters.length > maxRowLetters) close()
  }
  close()
  return lines
}

/** Sixteen bytes a row where there is room; what was sent stands between them. */
export function hexRows({ position, bytes, marks }: Traffic, maxRows: number, columns = hexColumns): TrafficRow[] {
  const timeOf = timesOf(marks)
  const rows: TrafficRow[] = []
  const sent = sentOf(marks, position)
  let next = 0
  const tell = (mark: ConsoleMark): void => {
    const whole = bytesOf(mark.sent ?? '')
    for (let at = 0; at < whole.length; at += columns) rows.push(hexRow(`o${String(mark.sequence)}.${String(at)}`, 'out', mark.atMs, at, whole.subarray(at, at + columns)))
  }
  for (let start = 0; start < bytes.length;) {
    for (let mark = sent[next]; mark && mark.position <= position + start; mark = sent[next]) { tell(mark); next += 1 }
    const until = Math.min(start + columns, bytes.length, Math.max(start + 1, (sent[next]?.position ?? Infinity) - position))
    rows.push(hexRow(`i${String(position + start)}`, 'in', timeOf(position + start), position + start, bytes.subarray(start, until)))
    start = until
  }
  for (const mark of sent.slice(next)) tell(mark)
  return rows.slice(-maxRows)
}

function hexRow(key: string, direction: 'in' | 'out', atMs: number | undefined, offset: number, bytes: Uint8Array): TrafficRow {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const text = Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
  return { key, direction, atMs, offset: offset.toString(16).padStart(8, '0'), hex, text }
}

const bytesOf = (letters: string): Uint8Array => Uint8Array.from(letters, (letter) => letter.charCodeAt(0) & 0xff)

const sentOf = (marks: readonly ConsoleMark[], position: number): ConsoleMark[] =>
  marks.filter((mark) => mark.sent !== undefined && mark.position >= position).sort((a, b) => a.position - b.position || a.sequence - b.sequence)

function timesOf(marks: readonly ConsoleMark[]): (position: number) => number | undefined {
  const received = marks.filter(({ sent }) => sent === undefined)
  return (position) => {
    let low = 0
    let high = received.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((received[middle]?.position ?? 0) <= position) low = middle + 1
      else high = middle
    }
    return received[low - 1]?.atMs
  }
}

function textOf(bytes: Uint8Array, encoding: Encoding): string {
  const tamed = createTamedStream(encoding).push(bytes.subarray(0, maxRowLetters * 4)).replace(drawingSequences, '')
  const parts = tamed.replace(/[\r\n]+$/, '').split('\r')
  return (parts.findLast((part) => part !== '') ?? '').slice(0, maxRowLetters)
}

const names: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\u001b': '\\e', '\u0003': '^C', '\u0004': '^D', '\u007f': '^?' }

function shownText(bytes: Uint8Array, encoding: Encoding): string {
  const text = new TextDecoder(encoding === 'utf-8' ? 'utf-8' : 'latin1').decode(bytes.subarray(0, maxRowLetters))
  // eslint-disable-next-line no-control-regex -- controls that were sent are shown by name
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (letter) => names[letter] ?? '·')
}

export type TimeKind = 'clock' | 'start' | 'delta'
const two = (value: number, digits = 2): string => String(value).padStart(digits, '0')

/** One column of times: the clock, seconds since the first row, or since the row before. */
export function timeTexts(rows: readonly TrafficRow[], kind: TimeKind): string[] {
  const first = rows.find(({ atMs }) => atMs !== undefined)?.atMs
  let before = first
  return rows.map(({ atMs }) => {
    if (atMs === undefined) return ''
    const since = kind === 'start' ? first : before
    before = atMs
    const apartMs = atMs - (since ?? atMs)
    if (kind !== 'clock') return `${apartMs < 0 ? '−' : '+'}${(Math.abs(apartMs) / 1000).toFixed(3)}`
    const at = new Date(atMs)
    return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`
  })
}

/** Rows of lines that a rule met; a line lies in the row that begins at or before it. */
export function hitsByRow(rows: readonly TrafficRow[], hits: readonly RuleHit[]): Map<string, RuleHit> {
  const found = new Map<string, RuleHit>()
  const starts = rows.flatMap(({ key, direction }) => (direction === 'in' ? [{ key, at: Number(key.slice(1)) }] : []))
  for (const hit of hits) {
    const { position } = hit
    const row = position === undefined ? undefined : starts.findLast(({ at }) => at <= position)
    if (row) found.set(row.key, hit)
  }
  return found
}
