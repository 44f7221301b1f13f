import { type CapturePage, type CapturePiece, type CaptureQuery, type CaptureRead, type CaptureSession, captureSessionSchema, type CaptureStretch, type CaptureTimeline, type SessionId, sessionIdSchema } from '../../src/shared/captures/captures.schema.ts'
import { cameraIdSchema, jobIdSchema } from '../../src/shared/devices/ids.ts'

const boot = 'U-Boot 2016.11 (OpenIPC)\r\n\r\nCPU: hi3516ev300\r\nDRAM:  64 MiB\r\nSF: Detected W25Q128 with page size 256 B, erase 64 KiB, total 16 MiB\r\nHit any key to stop autoboot:  0\r\n[    0.000000] Booting Linux on physical CPU 0x0\r\n[    0.412010] m25p80 spi0.0: w25q128 (16384 Kbytes)\r\n[    2.110004] VFS: Mounted root (squashfs filesystem) readonly on device 31:3.\r\n'
const panic = '\u001b[1;31mKernel panic\u001b[0m - not syncing: VFS: Unable to mount root fs\r\n'

type Saying = readonly [afterMs: number, kind: CapturePiece['kind'], bytes?: string]
export interface FixtureSession { readonly session: CaptureSession; readonly pieces: readonly CapturePiece[]; readonly timeline: CaptureTimeline }

const bootLines = (perLineMs: number): Saying[] => boot.split(/(?<=\n)/).map((line) => [perLineMs, 'rx', line])
const greet: Saying[] = [...bootLines(180), [900, 'rx', 'openipc login: '], [4200, 'tx', 'root\r'], [12, 'rx', 'root\r\n# '], [2600, 'tx', 'cat /etc/os-release\r'], [9, 'rx', 'cat /etc/os-release\r\nNAME="OpenIPC"\r\n# ']]
const loops = (times: number): Saying[] => Array.from({ length: times }, (): Saying[] => [...bootLines(40), [70, 'rx', panic], [900, 'rx', '']]).flat()
const noise = Array.from({ length: 300 }, (_, index) => String.fromCharCode((index * 37) % 256)).join('')

function idOf(atMs: number, number: number): SessionId {
  const iso = new Date(atMs).toISOString()
  return sessionIdSchema.parse(`${iso.slice(0, 10).replaceAll('-', '')}-${iso.slice(11, 19).replaceAll(':', '')}-${number.toString(16).padStart(6, '0')}`)
}

function told(number: number, camera: string, chip: string, startedAtMs: number, sayings: readonly Saying[], more: Partial<CaptureSession> = {}): FixtureSession {
  let atMs = startedAtMs
  let offset = 0
  const pieces = sayings.map(([afterMs, kind, bytes = '']): CapturePiece => {
    atMs += afterMs
    const piece = { kind, bytes, offset, atMs, droppedBytes: kind === 'dropped' ? 18_432 : 0 }
    offset += bytes.length
    return piece
  }).filter(({ kind, bytes }) => bytes !== '' || (kind !== 'rx' && kind !== 'tx'))
  const session = captureSessionSchema.parse({ camera: cameraIdSchema.parse(camera), session: idOf(startedAtMs, number), cameraName: camera, chip, startedAtMs, endedAtMs: atMs, isOpen: false, isCut: false, startOffset: 0, endOffset: offset, parts: 1, ...more })
  const spans = 120
  const activity = Array.from({ length: spans }, () => 0)
  for (const piece of pieces) {
    const span = Math.min(spans - 1, Math.floor((piece.atMs - startedAtMs) / Math.max(1, atMs - startedAtMs) * spans))
    activity[span] = (activity[span] ?? 0) + piece.bytes.length
  }
  const marks = pieces.filter(({ kind }) => kind !== 'rx' && kind !== 'tx').map(({ bytes: _, ...mark }) => mark)
  return { session, pieces, timeline: { fromMs: startedAtMs, untilMs: Math.max(atMs, startedAtMs + 1), activity, marks, phases: [], watts: [], isStopped: false } }
}

/** As of a camera that starts, dips once and is cut. */
function drawn({ fromMs, untilMs }: CaptureTimeline): CaptureTimeline['watts'] {
  const sayings = [0.9, 1.4, 1.9, 2.2, 2.3, 2.1, 2.2, 0.6, 2.2, 2.2, undefined, 0.9, 1.8, 2.2]
  return sayings.map((watts, index) => ({ atMs: fromMs + (untilMs - fromMs) * index / sayings.length, ...(watts === undefined ? {} : { watts }) }))
}

export interface FixtureCaptures {
  readonly sessions: readonly CaptureSession[]
  search(query: CaptureQuery): CapturePage
  read(wish: CaptureRead): CaptureStretch | undefined
  timeline(session: SessionId): CaptureTimeline | undefined
}

/** A few sessions with everything that can be in one; times count back from the first moment. */
export function createFixtureCaptures(nowMs: number): FixtureCaptures {
  const hourMs = 3_600_000
  const whole = told(1, 'cam-01', 'hi3516ev300', nowMs - 2 * hourMs, [[40, 'power-on'], ...greet, [900, 'cycle'], [2100, 'power-on'], [1500, 'lost'], [8300, 'found'], [20, 'rx', noise], [5, 'rx', '\r\nsegfault at 0\r\n'], [40, 'dropped'], [300, 'rx', '# ']])
  const phases = [['U-Boot to RAM', 0, 700], ['Write and prove', 700, 2600]] as const
  const loop = told(2, 'cam-04', 'hi3518ev200', nowMs - hourMs, loops(120), { isOpen: true })
  const cut = told(3, 'cam-09', 'hi3516ev300', nowMs - 26 * hourMs, [...bootLines(90), [400, 'cut']], { isCut: true })
  const older = Array.from({ length: 40 }, (_, index) => told(10 + index, `cam-${String(index % 12 + 1).padStart(2, '0')}`, 'gk7205v300', nowMs - (30 + index * 7) * hourMs, bootLines(110)))
  const sessions: FixtureSession[] = [loop, { ...whole, timeline: { ...whole.timeline, phases: phases.map(([phase, from, until]) => ({ job: jobIdSchema.parse('job-ok'), title: 'Restore cam-01', phase, fromMs: whole.timeline.fromMs + from, untilMs: whole.timeline.fromMs + until })), watts: drawn(whole.timeline) } }, cut, ...older]
  const lines = sessions.flatMap(({ session, pieces }) => pieces.filter(({ kind }) => kind === 'rx').flatMap(({ bytes, offset, atMs }) => {
    let at = offset
    return bytes.split(/(?<=\n)/).map((raw) => {
      const line = { camera: session.camera, session: session.session, offset: at, atMs, line: raw.replaceAll(/\[[0-9;]*m|[^ -~]/g, '') }
      at += raw.length
      return line
    }).filter(({ line }) => line !== '')
  })).sort((a, b) => b.atMs - a.atMs)

  function search({ words, pattern, ignoreCase, cameras, sinceMs = -Infinity, untilMs = Infinity, limit, before = 0 }: CaptureQuery): CapturePage {
    const wanted = (words ?? '').toLowerCase().match(/[a-z0-9]+/g) ?? []
    const regex = pattern === undefined ? undefined : new RegExp(pattern, ignoreCase ? 'i' : '')
    const isFound = (line: string): boolean => (regex ? regex.test(line) : wanted.length > 0 && wanted.every((word) => ` ${line.toLowerCase().replaceAll(/[^a-z0-9]+/g, ' ')} `.includes(` ${word} `)))
    const found = lines.filter((line) => isFound(line.line) && (cameras.length === 0 || cameras.includes(line.camera)) && line.atMs >= sinceMs && line.atMs < untilMs)
    // Here a number of lines that were told already; what `next` means is the index's own business.
    const page = found.slice(before, before + limit)
    const isStopped = pattern === 'slow'
    return { lines: page, isStopped, note: words === 'rebuilt' ? 'The search index is still being made; older lines may be missing' : '', ...(isStopped || before + limit < found.length ? { next: before + limit } : {}) }
  }
  function read({ session, offset, fromMs = -Infinity, maxBytes }: CaptureRead): CaptureStretch | undefined {
    const known = sessions.find((each) => each.session.session === session)
    if (!known) return undefined
    const got: CapturePiece[] = []
    let left = maxBytes
    for (const piece of known.pieces) {
      if (piece.atMs < fromMs || (piece.bytes.length > 0 ? piece.offset + piece.bytes.length <= offset : piece.offset < offset)) continue
      const from = Math.max(piece.offset, offset)
      if (left === 0 && piece.bytes.length > 0) return { pieces: got, next: from }
      const some = piece.bytes.slice(from - piece.offset).slice(0, left)
      got.push({ ...piece, offset: from, bytes: some })
      left -= some.length
      if (from + some.length < piece.offset + piece.bytes.length) return { pieces: got, next: from + some.length }
    }
    return { pieces: got }
  }
  return { sessions: sessions.map(({ session }) => session), search, read, timeline: (id: SessionId) => sessions.find(({ session }) => session.session === id)?.timeline }
}
