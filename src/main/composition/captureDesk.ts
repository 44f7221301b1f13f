import { isAbsolute, join } from 'node:path'
import type {
  CaptureExport, CaptureExported, CapturePage, CaptureQuery, CaptureRead, CaptureSession, CaptureSettings, CaptureSettingsChange, CaptureStatus, CaptureStretch, CaptureTimeline, NewLine, NewLinesQuery, SessionId,
} from '../../shared/captures/captures.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { toWire, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Job } from '../../shared/jobs/reduceJob.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { phasesWithin } from '../core/captures/jobPhases.ts'
import { encodeExport, exportEndings, type ExportedPiece } from '../core/captures/exportFormats.ts'
import type { LeaseStore } from '../core/rack/leases.ts'
import { writeNewFile } from '../drivers/files/newFile.ts'
import { type CaptureIndex, openCaptureIndex } from '../drivers/storage/captureIndex/captureIndex.ts'
import type { BootSearch, FoundBoot } from '../drivers/storage/captureIndex/bootTable.ts'
import type { FoundLine } from '../drivers/storage/captureIndex/searchLines.ts'
import { createCaptureDisk } from '../drivers/storage/captures/captureDisk.ts'
import { type CaptureStore, openCaptureStore, type RemovalEnd } from '../drivers/storage/captures/captureStore.ts'
import { surveySession } from '../drivers/storage/captures/sessionSurvey.ts'
import { readSession } from '../drivers/storage/captures/sessionReader.ts'
import { createCaptureSettingsFile, loadCaptureSettings } from '../drivers/storage/captures/settingsFile.ts'
import { describeSelf, isAlive } from '../drivers/storage/processIdentity.ts'
import { changeCaptureSettings } from './captureSettings.ts'

export interface CaptureDeskDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly log: (line: string) => void
  readonly leases: LeaseStore
  readonly audit: AuditLog
}

export interface SessionFilter { readonly camera?: CameraId | undefined; readonly sinceMs?: number | undefined; readonly untilMs?: number | undefined }

/** Everything that consoles ever said: kept, found again, handed out. */
export interface CaptureDesk {
  readonly store: CaptureStore
  /** Otherwise it starts with the first search. */
  startIndex(): void
  sessions(filter: SessionFilter): Promise<CaptureSession[]>
  status(): CaptureStatus
  settings(): Promise<CaptureSettings>
  /** Holds from now on, and in other programs with this data folder within seconds. `input/conflict` while a smaller quota would delete and nobody agreed. */
  changeSettings(change: CaptureSettingsChange, agreedToDelete: boolean): Promise<CaptureSettings>
  search(query: CaptureQuery, signal: AbortSignal): Promise<CapturePage>
  newLines(query: NewLinesQuery, signal: AbortSignal): Promise<NewLine[]>
  boots(query: BootSearch, signal: AbortSignal): Promise<readonly FoundBoot[]>
  /** In words, when not all that was said can be found yet. */
  indexNote(): string
  /** Waits until what was said before this call can be found. */
  caughtUp(signal: AbortSignal): Promise<void>
  read(wish: CaptureRead, signal: AbortSignal): Promise<CaptureStretch>
  timeline(session: SessionId, jobs: readonly Job[], signal: AbortSignal): Promise<CaptureTimeline>
  export(wish: CaptureExport, signal: AbortSignal): Promise<CaptureExported>
  /** After the consoles are closed. */
  close(): Promise<void>
}

export function createCaptureDesk({ clock, dataFolder, log, leases, audit }: CaptureDeskDeps): CaptureDesk {
  const folder = join(dataFolder, 'captures')
  const path = join(dataFolder, 'captures.json')
  const settingsFile = createCaptureSettingsFile(path)
  const store = openCaptureStore({ folder, settings: loadCaptureSettings(path), readSettings: settingsFile.read, clock, disk: createCaptureDisk(), self: describeSelf(), isAlive, log, beforeRemove: (files, bytes) => auditQuota(audit, files, bytes) })
  let opened: CaptureIndex | undefined
  const startedAtMs = clock.wallMs()
  let hasLease = false
  // Two programs with one data folder: one writes the index, both search in it.
  const mayWrite = (): boolean => (hasLease ||= leases.tryTake('capture index', { holder: 'the search index', sinceMs: clock.wallMs() }).kind === 'taken')
  const index = (): CaptureIndex => (opened ??= openCaptureIndex({
    file: join(dataFolder, 'captureIndex.sqlite'), parts: async () => store.parts(), mayWrite, startedAtMs, clock, tell: (message) => { store.notice('index', message) },
  }))
  const sessions = async ({ camera, sinceMs = -Infinity, untilMs = Infinity }: SessionFilter): Promise<CaptureSession[]> => {
    await store.flush()
    return (await store.sessions()).filter((each) => (camera === undefined || each.camera === camera) && (each.isOpen || each.endedAtMs >= sinceMs) && each.startedAtMs < untilMs)
  }
  const sessionOf = async (id: SessionId): Promise<CaptureSession> => {
    const found = (await sessions({})).find(({ session }) => session === id)
    if (!found) throw new WorkbenchError('input/not-found', `There is no capture ${id}`, { hint: 'Older captures are deleted when the quota is full; "captures list" shows what there is' })
    return found
  }
  const piecesOf = async function* (chosen: readonly CaptureSession[], { sinceMs, untilMs }: CaptureExport, signal: AbortSignal): AsyncGenerator<ExportedPiece, void, void> {
    for (const session of chosen) {
      const from = { ...(sinceMs === undefined ? {} : { fromMs: sinceMs }), ...(untilMs === undefined ? {} : { untilMs }) }
      for await (const piece of readSession(await store.parts(session.session), from, signal)) yield { ...piece, session }
    }
  }
  return {
    store, sessions,
    startIndex: () => { index() },
    status: () => { const { paused, quota, ...state } = store.state(); return { ...state, notices: [...state.notices], ...(paused === undefined ? {} : { paused }), ...(quota === undefined ? {} : { quota }) } },
    settings: settingsFile.read,
    changeSettings: async (change, agreedToDelete) => changeCaptureSettings({ file: settingsFile, store, audit }, change, agreedToDelete),
    search: async (query, signal) => {
      // The last second is in memory only.
      if (query.before === undefined) await store.flush()
      const { lines, next, isStopped } = await index().search(query, signal)
      return { lines: lines.map(lineOf), isStopped, note: index().note(), ...(next === undefined ? {} : { next }) }
    },
    newLines: async (query, signal) => (await index().newKinds(query, signal)).map(({ kind, firmware, lines, ...line }) => ({ ...lineOf(line), kind, firmware, lines })),
    boots: async (query, signal) => index().boots(query, signal),
    indexNote: () => index().note(),
    caughtUp: async (signal) => { await store.flush(); await index().caughtUp(signal) },
    read: async ({ session, offset, fromMs, maxBytes }, signal) => {
      await sessionOf(session)
      return readStretch(readSession(await store.parts(session), { offset, ...(fromMs === undefined ? {} : { fromMs }) }, signal), maxBytes)
    },
    timeline: async (id, jobs, signal) => {
      const { camera, startedAtMs: fromMs, endedAtMs } = await sessionOf(id)
      // A session of one moment has a length all the same, or nothing could be placed in it.
      const untilMs = Math.max(endedAtMs, fromMs + 1)
      return { fromMs, untilMs, phases: phasesWithin(jobs, camera, fromMs, untilMs), ...await surveySession(await store.parts(id), { fromMs, untilMs }, signal) }
    },
    export: async (wish, signal) => {
      const chosen = wish.session === undefined ? (await sessions(wish)).reverse() : [await sessionOf(wish.session)]
      const [first] = chosen
      if (!first) throw new WorkbenchError('input/not-found', 'Nothing was captured of that camera in that time')
      const path = wish.path ?? join(dataFolder, 'exports', `${first.camera}-${first.session}.${exportEndings[wish.format]}`)
      if (!isAbsolute(path)) throw new WorkbenchError('input/malformed', 'The path of an export begins at the root', { context: { path } })
      return { path, sessions: chosen.length, bytes: await writeNewFile(path, encodeExport(wish.format, piecesOf(chosen, wish, signal)), signal) }
    },
    close: async () => { await opened?.close(); await store.close() },
  }
}

/** What is to go is written down first, and what went afterwards. */
export function auditQuota(audit: Pick<AuditLog, 'append' | 'outcome'>, files: number, bytes: number): RemovalEnd {
  const begun = audit.append({ what: 'delete captures', subject: 'the oldest capture files', details: { files, bytes, why: 'quota' } })
  return (gone, goneBytes, problem) => { audit.outcome(begun, { outcome: problem === undefined ? 'done' : 'failed', files: gone, bytes: goneBytes, ...(problem === undefined ? {} : { why: toWire(problem).message }) }) }
}

const lineOf = ({ camera, session, offset, atMs, line }: FoundLine): CapturePage['lines'][number] => ({ camera: camera as CameraId, session: session as SessionId, offset, atMs, line })

async function readStretch(pieces: ReturnType<typeof readSession>, maxBytes: number): Promise<CaptureStretch> {
  const stretch: CaptureStretch['pieces'] = []
  let left = maxBytes
  for await (const { bytes, ...piece } of pieces) {
    // Marks cost nothing, but a line that flaps makes thousands of them.
    if ((left === 0 && bytes.length > 0) || stretch.length >= 16_384) return { pieces: stretch, next: piece.offset }
    const some = bytes.subarray(0, left)
    stretch.push({ ...piece, bytes: latin1Of(some) })
    left -= some.length
    if (some.length < bytes.length) return { pieces: stretch, next: piece.offset + some.length }
  }
  return { pieces: stretch }
}

/** One letter for one byte, which the decoder of that name does not give: it knows a quotation mark where the byte is 0x93. */
function latin1Of(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  return text
}
