import { isPowerEdge } from '../../../shared/captures/captures.schema.ts'
import { escapeSequences } from '../../protocols/captureLines/plainLine.ts'
import { asksForSecret } from '../../protocols/redaction/rules.ts'
import type { ExportedPiece } from '../captures/exportFormats.ts'
import { markWords } from '../captures/exportFormats.ts'

/** One whole line as it came: escapes are still in it, and `\r` where one part overwrote another. */
export interface HeardLine {
  readonly direction: 'rx' | 'tx' | 'mark'
  readonly atMs: number
  readonly text: string
  /** Typed at a question for a secret. */
  readonly isHidden: boolean
  /** Of a line that was too long; these are not in `text`. */
  readonly leftOutBytes: number
}

/** Longer lines are noise. */
export const mostLineBytes = 64 * 1024
/** A secret that lies across the cut would be recognised by no rule, so a little more is left out. */
const marginChars = 1024
const lookBackBytes = 256

interface OpenLine { bytes: Uint8Array; length: number; atMs: number; isHidden: boolean; leftOutBytes: number }
const emptyLine = (): OpenLine => ({ bytes: new Uint8Array(512), length: 0, atMs: 0, isHidden: false, leftOutBytes: 0 })

export interface LineListener { push(piece: ExportedPiece): void; finish(): void }

/** Pieces of one session to whole lines, so that a secret is never told in two halves. */
export function createLineListener(emit: (line: HeardLine) => void): LineListener {
  const open = { rx: emptyLine(), tx: emptyLine() }
  const decoder = new TextDecoder()
  const finish = (direction: 'rx' | 'tx'): void => {
    const line = open[direction]
    if (line.length > 0) {
      const text = decoder.decode(line.bytes.subarray(0, line.length)).replace(/\r+$/, '')
      const shown = line.leftOutBytes > 0 ? text.slice(0, -marginChars) : text
      emit({ direction, atMs: line.atMs, text: shown, isHidden: line.isHidden, leftOutBytes: line.leftOutBytes > 0 ? line.leftOutBytes + marginChars : 0 })
    }
    open[direction] = { ...emptyLine(), bytes: line.bytes.length > mostLineBytes / 2 ? new Uint8Array(512) : line.bytes }
  }
  const isAsked = (): boolean => asksForSecret(decoder.decode(open.rx.bytes.subarray(Math.max(0, open.rx.length - lookBackBytes), open.rx.length)).replace(escapeSequences, '').split('\r').join(''))
  const put = (line: OpenLine, byte: number): void => {
    if (line.length >= mostLineBytes) { line.leftOutBytes += 1; return }
    if (line.length === line.bytes.length) {
      const larger = new Uint8Array(line.bytes.length * 2)
      larger.set(line.bytes)
      line.bytes = larger
    }
    line.bytes[line.length] = byte
    line.length += 1
  }
  return {
    push: (piece) => {
      const { kind, atMs, bytes } = piece
      if (kind !== 'rx' && kind !== 'tx') {
        if (!isPowerEdge(kind)) { finish('rx'); finish('tx') }
        emit({ direction: 'mark', atMs, text: markWords(piece), isHidden: false, leftOutBytes: 0 })
        return
      }
      for (const byte of bytes) {
        // What is typed ends with Return; what is said may go back to its beginning and on.
        if (byte === 0x0a || (kind === 'tx' && byte === 0x0d)) { finish(kind); continue }
        const line = open[kind]
        if (line.length === 0) { line.atMs = atMs; line.isHidden = kind === 'tx' && isAsked() }
        put(line, byte)
      }
    },
    finish: () => { finish('rx'); finish('tx') },
  }
}
