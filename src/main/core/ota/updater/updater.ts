import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { createDeferred } from '../../../../shared/lifecycle/signals.ts'
import type { DownloadRequest, UpdaterAnswer, UpdaterProgress, UpdaterStage, UpdaterVersions } from '../../../../shared/ota/updater.schema.ts'
import { faultText, updaterCodeOf, updaterFault } from '../../../../shared/ota/updaterFault.ts'
import type { PackageRecord } from '../../../../shared/ota/updaterParts.ts'
import { accepted, progressAnswer, readDownloadRequest, readUpdateRequest, refusal } from '../../../protocols/updater/answers.ts'
import { createTrust } from './trust.ts'
import { nextStage } from '../../../protocols/updater/stages.ts'
import { versionOfFolder } from '../../../protocols/updater/version.ts'
import { fetchPackage } from './fetchPackage.ts'
import { goBack, planGoBack, type WayBack } from './goBack.ts'
import { heal } from './heal.ts'
import { installPackage } from './installPackage.ts'
import type { UpdaterDeps, UpdaterDesk } from './updaterDesk.ts'

export interface Updater {
  /** Mends what an interruption left. Meanwhile progress is told, and nothing new is begun. */
  start(): Promise<void>
  download(body: unknown): Promise<UpdaterAnswer>
  update(body: unknown): Promise<UpdaterAnswer>
  /** To the version before, by its number. */
  goBack(body: unknown): Promise<UpdaterAnswer>
  /** The versions as the device has them now. */
  versions(): Promise<UpdaterVersions>
  progress(): UpdaterAnswer
  /** When all that was begun has ended, for tests and a clean end. */
  settled(): Promise<void>
  /** Finishes the present step and leaves the rest to the next start. */
  close(): Promise<void>
}

/** How long a success is told before the updater is idle again. */
const successMs = 65_000
/** A request that comes while a start still mends waits a little, so that a quick start is not seen at all. */
const startGraceMs = 5_000

export function createUpdater(deps: UpdaterDeps): Updater {
  const over = new AbortController()
  let now: UpdaterProgress = { stage: 'idle', progress: 0, message: 'Idle', error: null }
  let record: PackageRecord | undefined
  let work: Promise<void> = Promise.resolve()
  let isBusy = true
  const trust = createTrust(deps.clock)
  const started = createDeferred<void>()
  const desk: UpdaterDesk = {
    ...deps,
    now: () => now,
    record: () => record,
    show: (change) => {
      const before = now
      now = { ...now, ...change }
      if (now.stage !== before.stage || Math.floor(now.progress / 5) !== Math.floor(before.progress / 5) || now.error !== before.error || now.message.startsWith('ROLLBACK')) {
        deps.log(`${now.stage} ${now.progress} %: ${now.error ?? now.message}`)
        deps.reporter.report(now)
      }
    },
    remember: async (next) => {
      record = next
      trust.know(next?.verifiedAtMs)
      await (next ? deps.store.write(next) : deps.store.clear())
    },
  }
  const begin = (what: (signal: AbortSignal) => Promise<void>): void => {
    isBusy = true
    work = what(over.signal).catch((error: unknown) => {
      if (over.signal.aborted) return
      deps.log(error instanceof Error ? error.stack ?? error.message : String(error))
      desk.show({ stage: 'failed', error: faultText(error), message: 'Failed' })
    }).finally(() => { isBusy = false; rest().catch(() => undefined) })
  }
  /** A success is told for a while; whatever comes meanwhile ends that. */
  const rest = async (): Promise<void> => {
    const told = now
    if (told.stage !== 'success') return
    await deps.clock.sleep(successMs, over.signal)
    if (now === told) desk.show({ stage: 'idle', progress: 0, message: 'Idle' })
  }
  const answered = async (answer: () => Promise<UpdaterAnswer>): Promise<UpdaterAnswer> => {
    try {
      return await answer()
    } catch (error) {
      if (error instanceof WorkbenchError && error.context['reason'] === 'VALIDATION_ERROR') return refusal(400, faultText(error))
      deps.log(error instanceof Error ? error.stack ?? error.message : String(error))
      return refusal(500, faultText(error))
    }
  }
  const hasStarted = async (): Promise<void> => {
    const patience = new AbortController()
    await Promise.race([started.promise, deps.clock.sleep(startGraceMs, AbortSignal.any([over.signal, patience.signal])).catch(() => undefined)])
    patience.abort()
  }

  return {
    start: async () => {
      begin(async (signal) => {
        // The device is healed also where nobody can read any more which package was being fetched.
        let unread: unknown
        record = await deps.store.read().catch((error: unknown) => { signal.throwIfAborted(); unread = error; return undefined })
        trust.know(record?.verifiedAtMs)
        if (record) now = { ...now, stage: record.stage, message: 'Starting', progress: record.stage === 'toInstall' ? 100 : 0, error: record.error ?? null }
        await heal(desk, signal, unread === undefined)
        if (unread !== undefined) throw unread as Error
      })
      await work
      started.resolve()
    },
    download: async (body) => answered(async () => {
      const request = readDownloadRequest(body, deps)
      await hasStarted()
      // One that nobody installed in time makes room for its own second download.
      const isStale = now.stage === 'toInstall' && !isBusy && trust.isOver()
      if (isBusy || over.signal.aborted || (nextStage(now.stage, 'download') === undefined && !isStale)) return refusal(409, `OPERATION_IN_PROGRESS: ${busyWords(now)}`, now)
      const known = isStale ? undefined : record
      begin(async (signal) => fetchPackage(desk, request, isSame(known?.request, request) ? known : undefined, signal))
      return accepted()
    }),
    update: async (body) => answered(async () => {
      const { version } = readUpdateRequest(body)
      await hasStarted()
      if (isBusy || over.signal.aborted || nextStage(now.stage, 'update') === undefined || !record) return refusal(409, notReady(now.stage), now)
      if (record.request.version !== version) return refusal(404, `PACKAGE_NOT_FOUND: there is no package of version ${version}; version ${record.request.version} is ready`)
      // From here on nothing else may begin, also while the disk is asked.
      isBusy = true
      const ready = record
      try {
        if (trust.isOver() || ready.verifiedAtMs === undefined) return await expired(desk, ready)
        if (await deps.shelf.sizeOf(ready.request.package_name) === undefined) {
          await desk.remember(undefined)
          desk.show({ stage: 'failed', error: 'PACKAGE_NOT_FOUND: the package is gone from the disk', message: 'Failed' })
          return refusal(404, 'PACKAGE_NOT_FOUND: the package is gone from the disk', now)
        }
      } finally {
        isBusy = false
      }
      desk.show({ stage: 'installing', progress: 0, message: 'Installing', error: null })
      begin(async (signal) => installPackage(desk, ready, signal))
      return accepted()
    }),
    goBack: async (body) => answered(async () => {
      const { version } = readUpdateRequest(body)
      await hasStarted()
      if (isBusy || over.signal.aborted || nextStage(now.stage, 'goBack') === undefined) return refusal(409, `OPERATION_IN_PROGRESS: ${busyWords(now)}`, now)
      isBusy = true
      let way: WayBack
      try {
        way = await planGoBack(version, desk, over.signal)
      } catch (error) {
        if (updaterCodeOf(error) === 'VERSION_NOT_FOUND') return refusal(404, faultText(error))
        throw error
      } finally {
        isBusy = false
      }
      desk.show({ stage: 'installing', progress: 0, message: 'Going back', error: null })
      begin(async (signal) => goBack(version, way, desk, signal))
      return accepted()
    }),
    versions: async () => {
      const links = await deps.device.snapshots.links(over.signal)
      const [current, previous, factory] = [links.current, links.previous, links.factory].map((folder) => versionOfFolder(folder ?? '') ?? null)
      return { current: current ?? null, previous: previous ?? null, factory: factory ?? null }
    },
    progress: () => progressAnswer(now),
    settled: async () => work,
    close: async () => {
      over.abort(new Error('the updater ends'))
      await work
      await deps.reporter.close()
    },
  }
}

const isSame = (a: DownloadRequest | undefined, b: DownloadRequest): boolean => a !== undefined && a.package_url === b.package_url && a.version === b.version && a.package_md5 === b.package_md5 && a.package_size === b.package_size && a.package_name === b.package_name

const busyWords = ({ stage, progress }: UpdaterProgress): string => (stage === 'toInstall' ? 'a verified package waits to be installed' : `the updater is ${stage}, ${progress} %`)

function notReady(stage: UpdaterStage): string {
  if (stage === 'downloading' || stage === 'idle' || stage === 'failed' || stage === 'success') return `DOWNLOAD_INCOMPLETE: ${stage === 'downloading' ? 'the package is still being downloaded' : 'no package has been downloaded'}`
  return stage === 'verifying' ? 'MD5_NOT_VERIFIED: the package is still being verified' : `OPERATION_IN_PROGRESS: the updater is ${stage}`
}

async function expired(desk: UpdaterDesk, { request }: PackageRecord): Promise<UpdaterAnswer> {
  await desk.shelf.remove(request.package_name)
  await desk.remember(undefined)
  const error = faultText(updaterFault('PACKAGE_EXPIRED', 'the package was verified more than 24 hours ago; download it again'))
  desk.show({ stage: 'failed', error, message: 'Failed' })
  return refusal(410, error, desk.now())
}
