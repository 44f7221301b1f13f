import { randomBytes } from 'node:crypto'
import { makeFoldersSync } from '../../files/makeFolders.ts'
import { type CaptureCut, type CaptureNotice, type CaptureSession, type CaptureSettings, type CaptureStatus, type IndexHeader, type powerEdges, type SessionId, sessionIdSchema } from '../../../../shared/captures/captures.schema.ts'
import type { CameraId } from '../../../../shared/devices/ids.ts'
import type { Arrival } from '../../../../shared/devices/transport.ts'
import { Cancelled } from '../../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../../shared/lifecycle/clock.ts'
import { indexSuffix, rawSuffix, wattsField } from '../../../protocols/captureLog/frame.ts'
import { plainName } from '../../../protocols/captureLog/writer.ts'
import type { CaptureDisk } from './captureDisk.ts'
import { type ConsoleWriter, createConsoleWriter } from './consoleWriter.ts'
import { createPart, type Part } from './partFile.ts'
import { scanParts } from './partScan.ts'
import { bytesOf, cutOf, pauseReason, quotaOutlook, type QuotaState, stepQuota } from './quota.ts'
import { sessionsOf } from './sessions.ts'

/** Twice a second: a killed program loses less than one second. */
const flushEveryMs = 500
/** A full disk is looked at less often. */
const retryEveryMs = 2_000
const quotaEveryMs = 10_000
const closeLimitMs = 10_000
/** Writes that are under way together; the thread pool of Node has four. */
const writesAtOnce = 4
const keptNotices = 200

/** What core/captures calls a ConsoleTap with an end. */
export interface StoredConsole {
  received(bytes: Uint8Array, arrivals?: readonly Arrival[]): void
  sent(bytes: Uint8Array): void
  lost(): void
  found(): void
  isFull(): boolean
  power(edge: (typeof powerEdges)[number]): void
  draw(watts: number | undefined): void
  close(): Promise<void>
}

export interface CaptureState {
  readonly usedBytes: number
  readonly quotaBytes: number
  /** Why nothing is written now. */
  readonly paused: string | undefined
  readonly droppedBytes: number
  readonly notices: readonly CaptureNotice[]
  readonly quota: CaptureStatus['quota']
}

export interface CaptureStore {
  open(camera: { readonly id: CameraId; readonly name: string; readonly chip: string }): StoredConsole
  /** All that was told until now is on disk, or captures are paused. */
  flush(): Promise<void>
  /** Newest first. */
  sessions(): Promise<CaptureSession[]>
  /** Of one session, or all; in order. */
  parts(session?: SessionId): Promise<readonly Part[]>
  state(): CaptureState
  notice(kind: CaptureNotice['kind'], message: string): void
  /** From the next file and the next look at the quota on. */
  use(settings: CaptureSettings): void
  /** What that quota would take of what is there now. */
  cutOf(quotaBytes: number): Promise<CaptureCut>
  close(): Promise<void>
}

export type RemovalEnd = (files: number, bytes: number, problem: unknown) => void

export interface CaptureStoreDeps {
  readonly folder: string
  readonly settings: CaptureSettings
  /** Asked before each look at the quota: a command on this computer changes the same file. What it throws leaves them as they are. */
  readonly readSettings?: () => Promise<CaptureSettings>
  readonly clock: Clock
  readonly disk: CaptureDisk
  /** As `describeProcess` says; whose files are left alone while `isAlive`. */
  readonly self: string
  readonly isAlive: (process: string) => boolean
  readonly log: (line: string) => void
  /** Asked before the quota deletes anything; what it throws keeps the files. What it gives is told how many went, and why not the rest. */
  readonly beforeRemove?: (files: number, bytes: number) => RemovalEnd
}

export const newSessionId = (wallMs: number): SessionId =>
  sessionIdSchema.parse(`${new Date(wallMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(3).toString('hex')}`)

/** Starts at once; what earlier runs left is looked through meanwhile. */
export function openCaptureStore({ folder, settings: first, readSettings, clock, disk, self, isAlive, log, beforeRemove }: CaptureStoreDeps): CaptureStore {
  try {
    makeFoldersSync(folder, 0o700)
  } catch {
    // The first attempt to write says it, and captures are paused; the rack works without them.
  }
  const writers = new Set<ConsoleWriter>()
  const known = new Map<string, Part>()
  const notices: CaptureNotice[] = []
  const closing = new AbortController()
  let settings = first
  let droppedByClosed = 0
  let paused: string | undefined
  let droppedAtPause = 0
  let quota: QuotaState = { warnedAtMs: undefined }
  let quotaDueMs = clock.nowMs()
  let round: Promise<void> | undefined
  let nextRound: Promise<void> | undefined

  const notice = (kind: CaptureNotice['kind'], message: string): void => {
    notices.push({ kind, message, atMs: clock.wallMs() })
    if (notices.length > keptNotices) notices.shift()
    log(`captures: ${message}`)
  }
  const scanned = scanParts(folder, { log, isAlive }).then(({ parts, cut }) => {
    for (const part of parts) if (!known.has(part.base)) known.set(part.base, part)
    if (cut.length > 0) notice('tail-cut', `${cut.length} captures were not closed when the program last ended; up to a second of each may be missing`)
  }).catch((error: unknown) => { log(`captures: ${String(error)}`) })

  const droppedBytes = (): number => [...writers].reduce((sum, writer) => sum + writer.droppedBytes, droppedByClosed)
  const pause = (why: string): void => {
    if (paused === undefined) {
      droppedAtPause = droppedBytes()
      notice('paused', `Captures are paused: ${why}. Consoles and jobs go on; what they say is not kept beyond a short beginning`)
    }
    paused = why
  }
  const resume = (): void => {
    if (paused === undefined) return
    paused = undefined
    notice('resumed', `Captures go on; ${droppedBytes() - droppedAtPause} bytes were not kept meanwhile, and each console has a mark where`)
  }
  const removeAll = async (parts: readonly Part[]): Promise<void> => {
    if (parts.length === 0) return
    const end = beforeRemove?.(parts.length, parts.reduce((sum, part) => sum + bytesOf(part), 0))
    const gone: Part[] = []
    const tell = (problem: unknown): void => end?.(gone.length, gone.reduce((sum, part) => sum + bytesOf(part), 0), problem)
    try {
      for (const part of parts) {
        // The bytes first: an index without bytes is left out by the next scan, and bytes without an index would stay for ever.
        await disk.remove(`${part.base}${rawSuffix}`)
        gone.push(part)
        await disk.remove(`${part.base}${indexSuffix}`)
        known.delete(part.base)
      }
    } catch (error) {
      tell(error)
      throw error
    }
    tell(undefined)
  }
  const keepQuota = async (): Promise<void> => {
    if (readSettings) settings = await readSettings()
    const step = stepQuota(quota, [...known.values()], settings, clock.wallMs())
    quota = step
    if (step.warning !== undefined) notice('quota-near', step.warning)
    await removeAll(step.remove)
    if (step.remove.length > 0) notice('deleted', `${step.remove.length} of the oldest capture files were deleted, ${Math.round(step.remove.reduce((sum, part) => sum + bytesOf(part), 0) / 2 ** 20)} MiB`)
  }
  const flushAll = async (): Promise<void> => {
    const waiting = [...writers]
    const work = async (): Promise<void> => { for (let next = waiting.pop(); next; next = waiting.pop()) await next.flush() }
    await Promise.all(Array.from({ length: writesAtOnce }, work))
  }
  const writeRound = async (): Promise<void> => {
    try {
      const freeBytes = await disk.freeBytes(folder)
      if (freeBytes < settings.reserveBytes) { pause(`only ${Math.round(freeBytes / 2 ** 20)} MiB of the disk are free, and ${Math.round(settings.reserveBytes / 2 ** 20)} MiB are left to the journal`); return }
      await flushAll()
      resume()
    } catch (error) {
      pause(pauseReason(error))
    }
  }
  /** One at a time; whoever asks while one runs gets the one after it. */
  const flush = async (): Promise<void> => {
    if (!round) {
      round = writeRound().finally(() => { round = undefined })
      return round
    }
    nextRound ??= round.then(async () => { nextRound = undefined; return flush() })
    return nextRound
  }
  const run = async (): Promise<void> => {
    await scanned
    while (!closing.signal.aborted) {
      if (clock.nowMs() >= quotaDueMs) {
        quotaDueMs = clock.nowMs() + quotaEveryMs
        await keepQuota().catch((error: unknown) => { log(`captures: ${String(error)}`) })
      }
      await flush()
      await clock.sleep(paused === undefined ? flushEveryMs : retryEveryMs, closing.signal).catch(() => undefined)
    }
  }
  const running = run().catch((error: unknown) => { log(`captures stopped: ${String(error)}`) })

  const headerOf = (camera: Parameters<CaptureStore['open']>[0], session: SessionId, part: number, startOffset: number, startedAtMs: number): IndexHeader => ({
    rackbench: 'capture', version: 1, camera: camera.id, cameraName: plainName(camera.name), chip: plainName(camera.chip), session, part, startOffset, startedAtMs, process: self,
  })
  const open: CaptureStore['open'] = (camera) => {
    const session = newSessionId(clock.wallMs())
    const writer = createConsoleWriter({
      // By itself: a round goes through a hundred consoles, and a burst would fill its own room meanwhile. What fails here fails in the round, which says so.
      onMuch: () => { if (paused === undefined) writer.flush().catch(() => undefined) },
      wallMs: () => clock.wallMs(), isPaused: () => paused !== undefined, limits: () => settings,
      openPart: async (number, startOffset, startedAtMs) => {
        const part = await createPart(disk, folder, settings.nameTemplate, headerOf(camera, session, number, startOffset, startedAtMs))
        known.set(part.part.base, part.part)
        return part
      },
    })
    writers.add(writer)
    let isClosed = false
    return {
      received: (bytes, arrivals) => { if (!isClosed) writer.take('rx', bytes, arrivals) },
      // Copied: whoever sends may use the same buffer again.
      sent: (bytes) => { if (!isClosed) writer.take('tx', bytes.slice()) },
      lost: () => { if (!isClosed) writer.mark('lost') },
      found: () => { if (!isClosed) writer.mark('found') },
      isFull: () => !isClosed && writer.isFull,
      power: (edge) => { if (!isClosed) writer.mark(edge) },
      draw: (watts) => { if (!isClosed) writer.mark('watts', wattsField(watts)) },
      close: async () => {
        if (isClosed) return
        isClosed = true
        await withDeadline(clock, closeLimitMs, 'closing a capture', new AbortController().signal, async () => { await flush(); await writer.end() })
          .catch((error: unknown) => { log(`captures: ${camera.id}: ${pauseReason(error)}; the end of its capture is missing`) })
        droppedByClosed += writer.droppedBytes
        writers.delete(writer)
      },
    }
  }
  const parts: CaptureStore['parts'] = async (session) => {
    await scanned
    return [...known.values()].filter(({ header }) => session === undefined || header.session === session)
      .sort((a, b) => a.header.startedAtMs - b.header.startedAtMs || a.header.part - b.header.part)
  }
  return {
    open, flush, parts, notice,
    use: (next) => { settings = next; quotaDueMs = clock.nowMs() },
    cutOf: async (quotaBytes) => { await scanned; return cutOf([...known.values()], quotaBytes) },
    sessions: async () => sessionsOf(await parts()),
    state: () => ({ usedBytes: [...known.values()].reduce((sum, part) => sum + bytesOf(part), 0), quotaBytes: settings.quotaBytes, paused, droppedBytes: droppedBytes(), notices: [...notices], quota: quotaOutlook(quota, [...known.values()], settings, clock.wallMs()) }),
    close: async () => {
      closing.abort(new Cancelled('captures are closed'))
      await running
      await scanned
    },
  }
}
