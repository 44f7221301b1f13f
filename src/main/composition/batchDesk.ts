import { stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type BatchId, batchIdSchema, type BatchPlan, type BatchTarget } from '../../shared/batch/batchPlan.schema.ts'
import type { BatchQueue, OfferedCamera, SharedBatchQueue } from '../../shared/batch/batchQueue.ts'
import type { BatchSummary } from '../../shared/batch/batchView.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { Cancelled, toWire, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { installRequestSchema } from '../../shared/install/install.schema.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import { restoreRequestSchema } from '../../shared/restore/restore.schema.ts'
import { createAttemptRunner } from '../core/batch/attempt.ts'
import { type BatchEngine, openBatchEngine } from '../core/batch/batchEngine.ts'
import { summaryOfBatch } from '../core/batch/batchFigures.ts'
import type { Batch } from '../core/batch/batchState.ts'
import { addressIn, checkPlan, type PlanCheck, type PlanFacts } from '../core/batch/planCheck.ts'
import { renderBatchHtml } from '../core/batch/reportPage.ts'
import { renderBatchCsv, renderBatchJson, renderJunit } from '../core/batch/reportTexts.ts'
import { type ChosenCameras, chooseCameras } from '../core/batch/targets.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { PodSpec, RackBook } from '../core/rack/rackBook.ts'
import { readInput } from '../core/workflows/restore/readInput.ts'
import { readRestoreInput } from '../drivers/files/inputFolder.ts'
import { parseYaml } from '../drivers/files/yamlText.ts'
import { hashHex, newJobId } from '../drivers/host/randomness.ts'
import { type Ping, systemPing } from '../drivers/network/pingProgram.ts'
import { fetchSnapshot } from '../drivers/http/snapshotSource.ts'
import { isUnitSpec, unitIdOf } from '../drivers/power/openPortUnit.ts'
import { openSqliteBatches } from '../drivers/storage/sqliteBatches.ts'
import { checkJpeg } from '../protocols/jpeg/parser.ts'
import { checkReportPath, readBatchPlan, writeWhole } from './batchFiles.ts'
import type { InstallDesk } from './installDesk.ts'
import type { RestoreDesk } from './restoreDesk.ts'

export const batchFormats = ['html', 'junit', 'csv', 'json'] as const
export type BatchFormat = (typeof batchFormats)[number]

/** Runs of many jobs: started from a plan, decided by the engine, kept in a file of their own. */
export interface BatchDesk {
  /** From then on this process works on batches, and takes up what a process that is gone has left. */
  work(): Promise<void>
  start(plan: BatchPlan): Promise<{ readonly id: BatchId; readonly aside: readonly string[] }>
  /** The cameras that a plan means, also those of other benches on the same Redis; `input/not-found` for one that nobody has. */
  choose(plan: BatchPlan, pods: readonly PodSpec[]): Promise<ChosenCameras & { /** Those that no other bench works on. */ readonly own: readonly CameraId[] }>
  /** What is wrong with a plan, or will be in the night; asked before it begins. */
  check(plan: BatchPlan, pods: readonly PodSpec[], signal: AbortSignal): Promise<PlanCheck>
  /** Only reads, until `work` was asked for. */
  engine(): Promise<BatchEngine>
  /** All of them now, newest first, then again whenever something changed, at most four times a second. */
  watch(signal: AbortSignal): AsyncGenerator<readonly BatchSummary[], void, void>
  /** Writes the file (again) and gives its text; of a batch that runs it is what is known so far. */
  report(id: BatchId, format: BatchFormat): Promise<{ readonly text: string; readonly path: string }>
  close(): Promise<void>
}

export interface BatchDeskDeps {
  readonly clock: Clock
  readonly dataFolder: string
  /** Batches are shared with the other benches there; otherwise they are kept in the data folder. */
  readonly redisUrl?: string | undefined
  readonly log: (line: string) => void
  readonly rack: Pick<RackBook, 'camera' | 'pods' | 'power'>
  readonly jobs: JobBook
  readonly desk: Pick<RestoreDesk, 'start'>
  readonly installs: Pick<InstallDesk, 'start'>
  readonly ping?: Ping
}

const watchEveryMs = 250
const pictureLimitMs = 10_000
/** A Redis that is not there when the program starts may come. */
const againMs = 10_000
const endings: Readonly<Record<BatchFormat, string>> = { html: 'html', junit: 'xml', csv: 'csv', json: 'json' }

const offeredOf = (spec: PodSpec, hasPing: boolean): OfferedCamera => ({
  cameraId: spec.cameraId, cameraName: spec.cameraName, supply: isUnitSpec(spec.power) ? unitIdOf(spec.power) : spec.id,
  labels: [...spec.inventory?.labels ?? []], isAside: spec.inventory?.maintenance !== undefined,
  lacks: [...(hasPing ? [] : ['ping' as const]), ...(spec.snapshotUrl === undefined ? ['address' as const] : [])],
})

export function renderBatch(batch: Batch, format: BatchFormat): string {
  switch (format) {
    case 'html': return renderBatchHtml(batch)
    case 'junit': return renderJunit(batch)
    case 'csv': return renderBatchCsv(batch)
    case 'json': return renderBatchJson(batch)
  }
}

export function createBatchDesk({ clock, dataFolder, redisUrl, log, rack, jobs, desk, installs, ping = systemPing }: BatchDeskDeps): BatchDesk {
  let opening: Promise<BatchEngine> | undefined
  let shared: SharedBatchQueue | undefined
  const over = new AbortController()
  let isWorking = false
  const pictureOf = (camera: CameraId): string => {
    const { snapshotUrl, cameraName } = rack.camera(camera).spec
    if (snapshotUrl === undefined) throw new WorkbenchError('input/not-found', `Nobody has said where ${cameraName}'s picture is`, { hint: '"rackbench rack picture" says it' })
    return snapshotUrl
  }
  const takePicture = async (camera: CameraId, signal: AbortSignal): Promise<void> => {
    const snapshotUrl = pictureOf(camera)
    checkJpeg(await withDeadline(clock, pictureLimitMs, 'the picture', signal, async (within) => fetchSnapshot(snapshotUrl, within)))
  }
  const run = createAttemptRunner({
    clock, jobs, takePicture,
    ping: async (camera, signal) => withDeadline(clock, pictureLimitMs, 'the ping', signal, async (within) => ping.ask(new URL(pictureOf(camera)).hostname.replace(/^\[(.*)\]$/, '$1'), within)),
    consoleOf: (camera) => rack.camera(camera).console,
    powerCycle: async (camera, signal) => { await rack.power(camera, 'cycle', signal) },
    startJob: async ({ plan: { workflow, tftpVia, force }, target: { camera: cameraId }, image }, signal) => {
      if (!image) throw new WorkbenchError('internal/bug', 'An attempt without an image')
      return workflow === 'install'
        ? installs.start(installRequestSchema.parse({ cameraId, releasePath: image.path, tftpVia, force }), undefined, signal)
        : desk.start(restoreRequestSchema.parse({ cameraId, inputPath: image.path, tftpVia, force }), undefined, signal)
    },
  })
  const offeredHere = async (pods: readonly PodSpec[]): Promise<OfferedCamera[]> => {
    const hasPing = await ping.isThere()
    return pods.map((spec) => offeredOf(spec, hasPing))
  }
  // Two benches may both have a pod-1, and one waits for none of the other.
  const offer = async (): Promise<OfferedCamera[]> => (isWorking ? (await offeredHere(rack.pods())).map((each) => ({ ...each, supply: `${hostname()} ${each.supply}`.slice(0, 200) })) : [])
  const openQueue = async (): Promise<BatchQueue> => {
    if (redisUrl === undefined) return openSqliteBatches(join(dataFolder, 'batches.sqlite'), { log })
    // Only who shares batches pays for what that needs.
    const { openRedisBatches } = await import('../drivers/redis/redisBatches.ts')
    shared = await openRedisBatches({ url: redisUrl, clock, log, offer })
    return shared
  }
  const openEngine = async (): Promise<BatchEngine> => {
    const queue = await openQueue()
    return openBatchEngine({
      queue, clock, run, log, takesUp: () => isWorking && shared !== undefined,
      // Whoever only looks does nothing with cameras.
      cameras: () => new Set(isWorking ? rack.pods().map(({ cameraId }) => cameraId) : []),
      newBatchId: () => batchIdSchema.parse(newJobId(clock.wallMs())),
    }).catch(async (error: unknown) => { await queue.close(); throw error })
  }
  const engine = async (): Promise<BatchEngine> => {
    if (opening) return opening
    const mine = openEngine()
    opening = mine
    try {
      return await mine
    } catch (error) {
      // Whoever asks next tries it again.
      opening = undefined
      throw error
    }
  }
  /** Those of this bench that no other one works on, and all of the others. */
  const allOffered = async (pods: readonly PodSpec[]): Promise<{ readonly own: readonly OfferedCamera[]; readonly all: readonly OfferedCamera[] }> => {
    const here = await offeredHere(pods)
    if (redisUrl === undefined) return { own: here, all: here }
    await engine()
    const there = await shared?.offered() ?? []
    const known = new Set(there.map(({ cameraId }) => cameraId))
    const own = here.filter(({ cameraId }) => !known.has(cameraId))
    return { own, all: [...new Map([...own, ...there].map((each) => [each.cameraId, each])).values()] }
  }
  const choose: BatchDesk['choose'] = async (plan, pods) => {
    const { own, all } = await allOffered(pods)
    return { ...chooseCameras(plan, all), own: own.map(({ cameraId }) => cameraId) }
  }
  const check: BatchDesk['check'] = async (plan, pods, signal) => {
    const { all } = await allOffered(pods)
    const { targets } = chooseCameras(plan, all)
    const lacksOf = new Map(all.map(({ cameraId, lacks }) => [cameraId, lacks ?? []]))
    const without = (what: 'ping' | 'address'): BatchTarget[] => targets.filter(({ camera }) => lacksOf.get(camera)?.includes(what))
    return checkPlan({ plan, targets, withoutPing: without('ping'), withoutAddress: without('address'), images: plan.workflow === 'restore' ? await readImages(plan, signal) : [] })
  }
  const workLater = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await clock.sleep(againMs, over.signal).catch(() => undefined)
      if (over.signal.aborted || await engine().then(() => true, () => false)) return
    }
  }
  return {
    engine,
    work: async () => {
      isWorking = true
      const opened = await engine().catch((error: unknown) => {
        if (redisUrl !== undefined) void workLater()
        throw error
      })
      for (const { id, end } of opened.list()) {
        if (!end) await opened.takeUp(id).catch((error: unknown) => { log(`batch ${id} is left to another process: ${String(error)}`) })
      }
    },
    choose, check,
    start: async (plan) => {
      const { targets, aside } = await choose(plan, rack.pods())
      for (const { name, path } of plan.images) {
        await stat(path).catch((cause: unknown) => { throw new WorkbenchError('input/missing-file', `The image ${name} is not at ${path}`, { cause, context: { path }, hint: 'Paths in a plan are from the folder of the plan' }) })
      }
      // What only warns was shown before; whoever starts it all the same has read it.
      const { problem } = await check({ ...plan, images: [] }, rack.pods(), over.signal)
      if (problem) throw problem
      isWorking = true
      return { id: await (await engine()).start(plan, targets), aside }
    },
    watch: async function* (signal) {
      const opened = await engine()
      while (!signal.aborted) {
        const news = opened.changed(signal).catch(() => undefined)
        yield opened.list().map(summaryOfBatch)
        await news
        await clock.sleep(watchEveryMs, signal).catch(() => undefined)
      }
    },
    report: async (id, format) => {
      const batch = (await engine()).get(id)
      const text = renderBatch(batch, format)
      const folder = join(dataFolder, 'reports')
      // The id's alphabet is checked where it is made, so it cannot name another folder.
      const path = join(folder, `batch-${batch.id}.${endings[format]}`)
      await writeWhole(path, text)
      return { text, path }
    },
    close: async () => {
      over.abort(new Cancelled('the workbench closes'))
      await (await opening?.catch(() => undefined))?.close()
    },
  }
}

/** One after the other, and none is held: together they may be larger than the memory. */
async function readImages(plan: BatchPlan, signal: AbortSignal): Promise<PlanFacts['images']> {
  const found: PlanFacts['images'][number][] = []
  for (const { name, path } of plan.images) {
    try {
      found.push({ name, mac: addressIn(readInput(await readRestoreInput(path, { signal }), { hashHex, parseYaml }, false)) })
    } catch (error) {
      signal.throwIfAborted()
      found.push({ name, problem: toWire(error).message })
    }
  }
  return found
}

export const batchTools = { readPlan: readBatchPlan, render: renderBatch, checkReport: checkReportPath, writeReport: writeWhole }
export type BatchTools = typeof batchTools
