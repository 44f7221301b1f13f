const escape = '\u001b'
/** CSI, OSC (ended by BEL or ST), and the two- and three-character sequences; an unfinished one at the end goes too. */
export const escapeSequences = new RegExp(`${escape}(?:\\[[0-?]*[ -/]*(?:[@-~]|$)|\\][^\\u0007${escape}]{0,4096}(?:\\u0007|${escape}\\\\|$)|[ -/]+(?:[0-~]|$)|[0-~]|$)`, 'g')
// eslint-disable-next-line no-control-regex -- control characters are what this is about
export const controlLetters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufffd]/g

/** Longer lines are cut into several: binary noise has no line ends. */
export const maxLineBytes = 1024

export interface CutLine {
  /** Of its first byte. */
  readonly offset: number
  readonly atMs: number
  readonly text: string
}

/** Bytes to lines that a person would read: without escapes and controls, bounded. Empty ones are left out. Cuts do not matter. */
export interface LineCutter {
  /** Bytes of one direction; `offset` may jump where others lie in between. */
  push(bytes: Uint8Array, offset: number, atMs: number): void
  /** What has not ended yet is a line, too. */
  finish(): void
  /** Where the line begins that has not ended; `undefined` when there is none. */
  readonly openOffset: number | undefined
  /** That line as far as it has come. */
  readonly openLine: CutLine | undefined
}

export function createLineCutter(emit: (line: CutLine) => void, maxBytes = maxLineBytes): LineCutter {
  const line = new Uint8Array(maxBytes)
  const decoder = new TextDecoder()
  let length = 0
  let startOffset = 0
  let startMs = 0
  let isPlain = true
  const text = (): string => {
    const decoded = decoder.decode(line.subarray(0, length))
    return (isPlain ? decoded : decoded.replace(escapeSequences, '').replace(controlLetters, '')).trimEnd()
  }
  const finish = (): void => {
    if (length === 0) return
    const whole = text()
    if (whole.trim() !== '') emit({ offset: startOffset, atMs: startMs, text: whole })
    length = 0
    isPlain = true
  }
  return {
    finish,
    push: (bytes, offset, atMs) => {
      // Every byte of every console comes through here: a plain loop is several times as fast as a call for each.
      for (let index = 0; index < bytes.length; index += 1) {
        const byte = bytes[index] ?? 0
        // A bare carriage return begins a line again on a screen; here both are kept, for both were said.
        if (byte === 0x0a || byte === 0x0d) { finish(); continue }
        if (length === 0) { startOffset = offset + index; startMs = atMs }
        if (byte < 0x20 || byte >= 0x7f) isPlain = false
        line[length] = byte
        length += 1
        if (length === maxBytes) finish()
      }
    },
    get openLine() { return length === 0 ? undefined : { offset: startOffset, atMs: startMs, text: text() } },
    get openOffset() { return length === 0 ? undefined : startOffset },
  }
}
