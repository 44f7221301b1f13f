import type { Typing } from '../../../shared/consoles/consoles.schema.ts'

const ends: Readonly<Record<Typing['lineEnd'], string>> = { CR: '\r', LF: '\n', CRLF: '\r\n', none: '' }
/** A call takes 4096 letters; small pieces keep the progress honest and the stop quick. */
const maxPieceLetters = 1_024
const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

export const endOf = (typing: Typing): string => ends[typing.lineEnd]

/** Lines of a text with the chosen line end each; a last one without an end gets none. */
export function linesToSend(text: string, typing: Typing): string[] {
  const lines = text.split(/\r\n|\r|\n/)
  const last = lines.pop() ?? ''
  return [...lines.map((line) => line + endOf(typing)), ...(last === '' ? [] : [last])]
}

/** No piece is longer than one call takes, and no letter is cut. */
export function piecesOf(lines: readonly string[], perLetter: boolean): string[] {
  return lines.flatMap((line) => {
    if (perLetter) return [...letters.segment(line)].map(({ segment }) => segment)
    const pieces: string[] = []
    for (const letter of line) {
      const last = pieces.at(-1)
      if (last === undefined || last.length + letter.length > maxPieceLetters) pieces.push(letter)
      else pieces[pieces.length - 1] = last + letter
    }
    return pieces
  })
}

/** Bytes as letters, for Latin-1. */
export function rawPieces(bytes: Uint8Array): string[] {
  const pieces: string[] = []
  for (let at = 0; at < bytes.length; at += maxPieceLetters) pieces.push(String.fromCharCode(...bytes.subarray(at, at + maxPieceLetters)))
  return pieces
}

export interface PacedSend {
  readonly pieces: readonly string[]
  readonly pauseMs: number
  readonly send: (piece: string) => Promise<void>
  readonly onSent: (count: number) => void
  readonly signal: AbortSignal
}

/** One after the other; ends quietly when the signal says stop, with a rejection when the workbench refuses. */
export async function sendPaced({ pieces, pauseMs, send, onSent, signal }: PacedSend): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    if (signal.aborted) return
    await send(piece)
    onSent(index + 1)
    if (pauseMs > 0 && index + 1 < pieces.length) await pause(pauseMs, signal)
  }
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, durationMs)
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve() }, { once: true })
  })
}
