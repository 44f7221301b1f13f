import { join } from 'node:path'
import { type BoardRelease, boardReleaseRowsSchema, type BoardReleasesView, type BoardReleaseView, type ChosenFiles, type MirrorSettings, mirrorSettingsSchema, type MirrorState, type ReleaseBuild, type ReleaseChoice } from '../../shared/ota/boardReleases.schema.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { createBell } from '../../shared/lifecycle/bell.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createLane } from '../../shared/lifecycle/lane.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { createReleaseBook, type ReleaseBook } from '../core/ota/releases/releaseBook.ts'
import { wallText } from '../core/report/reportText.ts'
import type { Lease, Leases } from '../core/rack/leases.ts'
import { hmacSha256Hex, newDigest } from '../drivers/host/digest.ts'
import { listReleaseFiles, readReleaseFile } from '../drivers/files/releaseFolder.ts'
import type { Mirror } from '../drivers/http/githubMirror.ts'
import { readWhole } from '../drivers/profiles/wholeFile.ts'
import { openArtifactFiles } from '../drivers/storage/artifactFiles.ts'
import type { DiskCalls } from '../drivers/storage/diskCalls.ts'
import { createWholeFile } from '../drivers/storage/wholeFile.ts'
import type { ArtifactStore } from '../../shared/ota/artifactStore.ts'
import { chooseFiles } from '../protocols/otaManifest/select.ts'

/** Boards have megabytes; so much is years of releases. */
const usualQuotaBytes = 512 * 1024 * 1024
/** All of a release is in memory while it is built. */
const mostReleaseBytes = 64 * 1024 * 1024
const viewEveryMs = 250
const mostShownPaths = 200
const mostKeyFileBytes = 4_096

export interface BoardReleasesDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly leases: Leases
  readonly audit: Pick<AuditLog, 'around'>
  readonly log: (line: string) => void
  readonly quotaBytes?: number
  readonly disk?: DiskCalls
}

export interface BoardReleasesDesk {
  watch(signal: AbortSignal): AsyncGenerator<BoardReleasesView, void, void>
  look(choice: ReleaseChoice, signal: AbortSignal): Promise<ChosenFiles>
  build(wish: ReleaseBuild, signal: AbortSignal): Promise<BoardReleaseView>
  /** What the mirror offers, and all that is done with releases. */
  book(): Promise<ReleaseBook>
  setMirror(settings: MirrorSettings): Promise<MirrorState>
  /** As it was left. A computer that never had releases opens nothing. */
  start(): Promise<void>
  close(): Promise<void>
}

interface Opened { readonly book: ReleaseBook; readonly artifacts: ArtifactStore; readonly lease: Lease }

export function createBoardReleasesDesk(deps: BoardReleasesDeps): BoardReleasesDesk {
  const { clock, dataFolder, log } = deps
  const folder = join(dataFolder, 'board-releases')
  const settings = createWholeFile<MirrorSettings>({ path: join(dataFolder, 'mirror.json'), schema: mirrorSettingsSchema, first: mirrorSettingsSchema.parse({}), hint: 'Move it away; the mirror is closed until it is opened again' })
  const quotaBytes = deps.quotaBytes ?? usualQuotaBytes
  const always = new AbortController().signal
  const changes = createBell()
  const lane = createLane()
  let opening: Promise<Opened> | undefined
  let mirror: Mirror | undefined
  let problem: string | undefined
  let isClosed = false

  const open = async (): Promise<Opened> => {
    // The store is for one program at a time; another window of this one is the same program.
    const lease = await deps.leases.take('The store of board releases', 'another Rackbench on this computer', always)
    try {
      const artifacts = await openArtifactFiles({ folder, quotaBytes, ...(deps.disk ? { disk: deps.disk } : {}) })
      const rows = createWholeFile({ path: join(folder, 'releases.json'), schema: boardReleaseRowsSchema, first: { releases: [] }, hint: 'Move it away, and build the releases again' })
      const book = createReleaseBook({ artifacts, rows, quotaBytes, clock, audit: deps.audit, newDigest, hmacSha256Hex, changed: changes.ring })
      return { book, artifacts, lease }
    } catch (error) {
      await lease.release()
      throw error
    }
  }
  const opened = async (): Promise<Opened> => {
    if (isClosed) throw new WorkbenchError('link/closed', 'The workbench is closing')
    opening ??= open()
    opening.catch(() => { opening = undefined })
    return opening
  }
  const stateOf = async (): Promise<MirrorState> => ({ ...await settings.read(), state: mirror ? 'open' : problem === undefined ? 'closed' : 'failed', ...(mirror ? { url: mirror.url } : {}), ...(problem === undefined ? {} : { problem }) })
  const openMirror = async ({ enabled, address, port }: MirrorSettings): Promise<void> => {
    const before = mirror
    mirror = undefined
    await before?.close()
    problem = undefined
    if (!enabled) return
    try {
      const { openGithubMirror } = await import('../drivers/http/githubMirror.ts')
      mirror = await openGithubMirror({ folder: (await opened()).book, host: address, port, log }, always)
    } catch (error) {
      problem = error instanceof WorkbenchError ? error.message : 'unknown reason'
      throw error
    }
  }
  return {
    watch: async function* (signal) {
      const { book, artifacts } = await opened()
      while (!signal.aborted && !isClosed) {
        const next = changes.next(signal)
        next.catch(() => undefined)
        const offered = (await book.versions()).at(-1)?.tag
        yield { mirror: await stateOf(), releases: (await book.list()).map(viewOf), ...(offered === undefined ? {} : { offered }), usedBytes: await artifacts.usedBytes(), quotaBytes }
        await next.catch(() => undefined)
        await clock.sleep(viewEveryMs, signal).catch(() => undefined)
      }
    },
    look: async (choice, signal) => {
      const all = await listReleaseFiles(choice.folder, signal)
      const paths = chooseFiles(all, { ...choice, manifestPath: 'manifest.json' })
      return { count: paths.length, passedOver: all.length - paths.length, paths: paths.slice(0, mostShownPaths) }
    },
    build: async ({ folder: from, include, exclude, version, keyPath, postUpdate }, signal) => {
      const key = keyPath === undefined ? undefined : await keyIn(keyPath)
      const paths = chooseFiles(await listReleaseFiles(from, signal), { include, exclude, manifestPath: 'manifest.json' })
      if (paths.length === 0) throw new WorkbenchError('input/not-found', `No file of ${from} is chosen`, { hint: 'Without a pattern only ota.py and main.py are taken; ** takes all' })
      const files: { path: string; bytes: Uint8Array }[] = []
      let left = mostReleaseBytes
      for (const path of paths) {
        signal.throwIfAborted()
        const bytes = await readReleaseFile(from, path)
        if (!bytes) throw new WorkbenchError('input/conflict', `${path} changed while the release was made`)
        left -= bytes.length
        if (left < 0) throw new WorkbenchError('input/too-large', `${from} holds more than the ${mostReleaseBytes} bytes of a release`, { hint: 'Is this the folder of a release?' })
        files.push({ path, bytes })
      }
      const generatedAt = `${wallText(clock.wallMs()).slice(0, 19).replace(' ', 'T')}Z`
      return viewOf(await (await opened()).book.build({ version, generatedAt, files, postUpdate, key }, signal))
    },
    book: async () => (await opened()).book,
    setMirror: async (wish) => lane(always, async () => {
      await settings.change(() => wish)
      try {
        await openMirror(wish)
      } finally {
        changes.ring()
      }
      return stateOf()
    }),
    start: async () => lane(always, async () => {
      const wish = await settings.read().catch((error: unknown) => { problem = error instanceof WorkbenchError ? error.message : 'unknown reason'; return undefined })
      if (wish?.enabled === true) await openMirror(wish).catch(() => { log(`the mirror of releases stays closed: ${problem ?? ''}`) })
    }),
    close: async () => {
      isClosed = true
      changes.ring()
      await lane(always, async () => { await mirror?.close(); mirror = undefined })
      await (await opening?.catch(() => undefined))?.lease.release()
    },
  }
}

export function viewOf({ version, builtAtMs, signed, files, deltas, publishedAtMs }: BoardRelease): BoardReleaseView {
  return {
    version, builtAtMs, signed, files: files.length - 1, totalBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...(deltas ? { deltas: { from: deltas.from, files: deltas.entries.length, newBytes: deltas.entries.reduce((sum, each) => sum + each.newBytes, 0), deltaBytes: deltas.entries.reduce((sum, each) => sum + each.sizeBytes, 0) } } : {}),
    ...(publishedAtMs === undefined ? {} : { publishedAtMs }),
  }
}

async function keyIn(path: string): Promise<string> {
  const bytes = await readWhole(path, mostKeyFileBytes)
  const key = bytes && new TextDecoder().decode(bytes).split(/\r?\n/)[0]
  if (key === undefined) throw new WorkbenchError('input/not-found', `${path} is not there`, { hint: 'Choose the file with the key' })
  if (key === '') throw new WorkbenchError('input/malformed', 'The first line of the key file is empty', { hint: 'The key is its first line' })
  return key
}
