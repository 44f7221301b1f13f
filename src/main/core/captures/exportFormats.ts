import { type CaptureFormat, type CapturePiece, type CaptureSession, isPowerEdge } from '../../../shared/captures/captures.schema.ts'
import { createLineCutter } from '../../protocols/captureLines/plainLine.ts'
import { captureLimits } from '../../protocols/dcap/frame.ts'
import { encodeCaptureHeader, encodeRecord } from '../../protocols/dcap/writer.ts'
import { wallText } from '../report/reportText.ts'

/** What is exported, in order: pieces of one session after the other. */
export interface ExportedPiece extends Omit<CapturePiece, 'bytes'> {
  readonly bytes: Uint8Array
  readonly session: Pick<CaptureSession, 'camera' | 'cameraName' | 'chip' | 'session'>
}

export const exportEndings: Readonly<Record<CaptureFormat, string>> = { text: 'txt', cast: 'cast', dcap: 'dcap', csv: 'csv' }

/** Nobody writes the rate into a capture: most consoles have this one. */
const usualBaudRate = 115_200

/** The file, a piece at a time; nothing is held but what is under way. */
export async function* encodeExport(format: CaptureFormat, pieces: AsyncIterable<ExportedPiece>): AsyncGenerator<Uint8Array, void, void> {
  switch (format) {
    case 'text': yield* encoded(linesOf(pieces, textLine)); return
    case 'csv': yield* encoded(withHead('time,camera,session,offset,direction,text\r\n', linesOf(pieces, csvLine))); return
    case 'cast': yield* encoded(castOf(pieces)); return
    case 'dcap': yield* dcapOf(pieces)
  }
}

interface ExportedLine { readonly session: ExportedPiece['session']; readonly direction: 'rx' | 'tx' | 'mark'; readonly offset: number; readonly atMs: number; readonly text: string }

/** Marks in words; the same in every format. */
export const markWords = ({ kind, droppedBytes }: ExportedPiece): string => {
  switch (kind) {
    case 'dropped': return `${droppedBytes} bytes were not kept`
    case 'lost': return 'the line went away'
    case 'found': return 'the line is back'
    case 'cut': return 'the program ended here; up to a second may be missing'
    case 'power-on': return 'power was switched on'
    case 'power-off': return 'power was switched off'
    case 'cycle': return 'power is switched off and on'
    case 'power-failed': return 'power could not be switched; nobody knows how it stands'
    case 'seen-on': return 'power came on'
    case 'seen-off': return 'power went off'
    case 'rx': case 'tx': return ''
  }
}

/** A line stands where it ended: what was typed at a prompt comes before the prompt's own line. */
async function* linesOf(pieces: AsyncIterable<ExportedPiece>, show: (line: ExportedLine) => string): AsyncGenerator<string, void, void> {
  let out = ''
  let session: ExportedPiece['session'] | undefined
  const cutterOf = (direction: 'rx' | 'tx') => createLineCutter((line) => { if (session) out += show({ ...line, session, direction }) })
  const cutters = { rx: cutterOf('rx'), tx: cutterOf('tx') }
  const finish = (): void => { cutters.rx.finish(); cutters.tx.finish() }
  for await (const piece of pieces) {
    if (piece.session.session !== session?.session) finish()
    session = piece.session
    const { kind } = piece
    if (kind === 'rx' || kind === 'tx') cutters[kind].push(piece.bytes, piece.offset, piece.atMs)
    else { if (!isPowerEdge(kind)) finish(); out += show({ session, direction: 'mark', offset: piece.offset, atMs: piece.atMs, text: markWords(piece) }) }
    if (out !== '') yield out
    out = ''
  }
  finish()
  if (out !== '') yield out
}

export const isoTime = (atMs: number): string => wallText(atMs).replace(' UTC', 'Z').replace(' ', 'T')
const signs = { rx: ' ', tx: '>', mark: '-' } as const
const textLine = ({ atMs, session, direction, text }: ExportedLine): string => `${isoTime(atMs)} ${session.cameraName} ${signs[direction]} ${text}\n`
const csvLine = ({ atMs, session, direction, offset, text }: ExportedLine): string =>
  `${[isoTime(atMs), session.camera, session.session, String(offset), direction, text].map(csvCell).join(',')}\r\n`

/** A camera's words must not become a formula in somebody's table. */
const csvCell = (text: string): string => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`

/** asciicast v2: a line of JSON each; what was typed as input, marks as markers. */
async function* castOf(pieces: AsyncIterable<ExportedPiece>): AsyncGenerator<string, void, void> {
  let startMs: number | undefined
  let lastSeconds = 0
  // Bytes of one letter may lie in two pieces.
  const decoders = { rx: new TextDecoder(), tx: new TextDecoder() }
  for await (const piece of pieces) {
    const { kind, atMs, session } = piece
    if (startMs === undefined) {
      startMs = atMs
      yield `${JSON.stringify({ version: 2, width: 80, height: 24, timestamp: Math.floor(atMs / 1000), title: `${session.cameraName} ${session.session}` })}\n`
    }
    // A wall clock that was set back must not make time run backwards for a player.
    lastSeconds = Math.max(lastSeconds, (atMs - startMs) / 1000)
    const text = kind === 'rx' || kind === 'tx' ? decoders[kind].decode(piece.bytes, { stream: true }) : markWords(piece)
    if (text !== '') yield `${JSON.stringify([Number(lastSeconds.toFixed(6)), kind === 'rx' ? 'o' : kind === 'tx' ? 'i' : 'm', text])}\n`
  }
  if (startMs === undefined) yield `${JSON.stringify({ version: 2, width: 80, height: 24 })}\n`
}

async function* dcapOf(pieces: AsyncIterable<ExportedPiece>): AsyncGenerator<Uint8Array, void, void> {
  let startMs: number | undefined
  let lastUs = 0
  for await (const { kind, atMs, bytes, session } of pieces) {
    if (startMs === undefined) yield encodeCaptureHeader({ baudRate: usualBaudRate, chip: session.chip, isTimed: true })
    startMs ??= atMs
    lastUs = Math.min(captureLimits.timeUs, Math.max(lastUs, Math.round((atMs - startMs) * 1000)))
    // The format has no room for marks.
    if (kind === 'rx' || kind === 'tx') yield encodeRecord({ timeUs: lastUs, direction: kind === 'rx' ? 'from-device' : 'to-device', bytes })
  }
  if (startMs === undefined) yield encodeCaptureHeader({ baudRate: usualBaudRate, chip: '', isTimed: true })
}

async function* withHead(head: string, texts: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  yield head
  yield* texts
}
async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder()
  for await (const text of texts) yield encoder.encode(text)
}
