const escape = '\u001b'
/** CSI, OSC (ended by BEL or ST), and the two- and three-character sequences; an unfinished one at the end goes too. */
export const escapeSequences = new RegExp(`${escape}(?:\\[[0-?]*[ -/]*(?:[@-~]|$)|\\][^\\u0007${escape}]{0,4096}(?:\\u0007|${escape}\\\\|$)|[ -/]+(?:[0-~]|$)|[0-~]|$)`, 'g')
// eslint-disable-next-line no-control-regex -- control characters are what this is about
export const controlLetters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufffd]/g

const plainLetters = /^[\x20-\x7e]*$/
/** The end where there is none. */
function placeOf(bytes: Uint8Array, byte: number, from: number): number {
  const place = bytes.indexOf(byte, from)
  return place === -1 ? bytes.length : place
}

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
  /** What has not ended yet is no line: somebody has looked at what would end it. */
  drop(): void
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
  const text = (): string => {
    const decoded = decoder.decode(line.subarray(0, length))
    return (plainLetters.test(decoded) ? decoded : decoded.replace(escapeSequences, '').replace(controlLetters, '')).trimEnd()
  }
  const finish = (): void => {
    if (length === 0) return
    const whole = text()
    if (whole.trim() !== '') emit({ offset: startOffset, atMs: startMs, text: whole })
    length = 0
  }
  const take = (bytes: Uint8Array, offset: number, atMs: number): void => {
    for (let at = 0; at < bytes.length;) {
      if (length === 0) { startOffset = offset + at; startMs = atMs }
      const some = bytes.subarray(at, at + maxBytes - length)
      line.set(some, length)
      length += some.length
      at += some.length
      if (length === maxBytes) finish()
    }
  }
  return {
    finish,
    drop: () => { length = 0 },
    push: (bytes, offset, atMs) => {
      // Every byte of every console comes through here, so it is looked for ends and copied in stretches. A bare carriage return begins a
      // line again on a screen; here both are kept, for both were said.
      let [newline, carriage] = [-1, -1]
      for (let at = 0; at < bytes.length;) {
        if (newline < at) newline = placeOf(bytes, 0x0a, at)
        if (carriage < at) carriage = placeOf(bytes, 0x0d, at)
        const end = Math.min(newline, carriage)
        if (end > at) take(bytes.subarray(at, end), offset + at, atMs)
        if (end < bytes.length) finish()
        at = end + 1
      }
    },
    get openLine() { return length === 0 ? undefined : { offset: startOffset, atMs: startMs, text: text() } },
    get openOffset() { return length === 0 ? undefined : startOffset },
  }
}
