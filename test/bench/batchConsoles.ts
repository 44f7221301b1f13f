import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import type { LoopbackRack } from '../../src/main/composition/simulator.ts'
import { createAttemptRunner } from '../../src/main/core/batch/attempt.ts'
import { type BatchEngine, openBatchEngine } from '../../src/main/core/batch/batchEngine.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { openSqliteBatches } from '../../src/main/drivers/storage/sqliteBatches.ts'
import { batchIdSchema, batchPlanSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import { restoreRequestSchema } from '../../src/shared/restore/restore.schema.ts'
import type { Said } from './consoleTap.ts'
import type { BenchRow } from './row.ts'

const cameras = 100
const atOnce = 16
/** The calibrated simulator, this much faster than life: each console says its 115200 baud so many times over. */
const pace = 8

type Rack = Omit<LoopbackRack, 'close'>
interface Heard { readonly pieces: Uint8Array[]; skipped: number }

/** What the workbench itself writes into a history, as when a restore hands the UART to the pod and takes it back: no camera said it, and another connection begins there. */
const ownMarks = /(?:\r\n--- \d\d:\d\d:\d\d [^\r\n]* ---\r\n)+/
const connectionsIn = ({ pieces }: Heard): string[] => Buffer.concat(pieces).toString('latin1').split(ownMarks).filter((text) => text !== '')

interface Comparison {
  readonly sentBytes: number
  /** Consoles of which a byte that came while their line was ours is missing, changed or there twice. */
  readonly differs: readonly string[]
  /** Handed on after the workbench had let a line go, and before the far end had noticed. */
  readonly tailBytes: number
}

/** A batch of restores through real sockets against a simulator in another process, each console counted on its way here. */
export async function batchConsoleRows(): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-bench-'))
  const sim = spawn(process.execPath, [join(import.meta.dirname, 'simProcess.ts'), join(folder, 'sim'), String(cameras), String(pace), 'tapped'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(sim.stdout)[Symbol.asyncIterator]()
  const next = async <T>(): Promise<T> => JSON.parse(String((await lines.next()).value)) as T
  try {
    const rack = await next<Rack>()
    const workbench = await createWorkbench({
      host: 'cli', version: 'bench', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort: 69, jobsAtOnce: atOnce, resourcesFolder: join(import.meta.dirname, '../../resources'), log: () => undefined,
    })
    try {
      return await measured(workbench, rack, folder, async () => { sim.stdin.write('said\n'); return next<Said[]>() })
    } finally {
      await workbench.close()
    }
  } finally {
    const ended = new Promise((resolve) => { sim.once('exit', resolve) })
    sim.stdin.end()
    await ended
    await rm(folder, { recursive: true, force: true })
  }
}

async function measured(workbench: OpenWorkbench, rack: Rack, folder: string, ask: () => Promise<Said[]>): Promise<BenchRow[]> {
  const ids = rack.urls.map((url) => workbench.setup.addForNow({ url, name: '', cameraName: '', chip: rack.chip }).cameraId)
  const heard = ids.map((): Heard => ({ pieces: [], skipped: 0 }))
  for (const [index, id] of ids.entries()) {
    workbench.rack.camera(id).console.subscribe(0, ({ bytes, skippedBytes }) => {
      const of = heard[index]
      if (!of) return
      // A copy: the history is a ring, and goes on.
      of.pieces.push(bytes.slice())
      of.skipped += skippedBytes
    })
  }
  const engine = await openEngine(workbench, rack, folder)
  let most = 0
  try {
    const targets = ids.map((camera, index) => ({ camera, name: camera, pod: `pod-${index}` }))
    const plan = batchPlanSchema.parse({ name: 'bench', cameras: { labels: ['qa'] }, workflow: 'restore', images: [{ name: 'fw', path: rack.imagesFolder }], concurrency: { total: atOnce, staggerMs: 0 } })
    const startedMs = performance.now()
    const id = await engine.start(plan, targets)
    while (!engine.get(id).end) {
      const news = engine.changed(new AbortController().signal)
      most = Math.max(most, engine.get(id).counts.running)
      if (!engine.get(id).end) await news
    }
    const tookMs = performance.now() - startedMs
    const { items, counts: { passed } } = engine.get(id)
    for (const { target, state, attempts } of items.filter((item) => item.state !== 'passed').slice(0, 5)) process.stderr.write(`${target.name} ${state}: ${attempts.at(-1)?.result?.evidence ?? ''}\n`)
    const { sentBytes, differs, tailBytes } = await compared(ask, heard)
    for (const each of differs.slice(0, 5)) process.stderr.write(`${each}\n`)
    return [
      { name: `batch of ${cameras} restores, ${most} at once (sockets, ${pace} x life): passed`, value: passed, unit: '', goal: `all ${cameras}, ${atOnce} at once`, ok: passed === cameras && most === atOnce },
      { name: `batch of ${cameras} restores: consoles whose CRC is not that of what was sent (${(sentBytes / 1e6).toFixed(1)} MB)`, value: differs.length, unit: '', goal: '0', ok: differs.length === 0 },
      { name: `batch of ${cameras} restores: said into lines that had just been let go`, value: tailBytes, unit: 'B', goal: '', ok: true },
      { name: `batch of ${cameras} restores: by the clock on the wall`, value: tookMs / 1000, unit: 's', goal: '', ok: true },
    ]
  } finally {
    await engine.close()
  }
}

async function openEngine({ jobs, desk, rack: book }: OpenWorkbench, { imagesFolder: inputPath, profilePath, ubootPath }: Rack, folder: string): Promise<BatchEngine> {
  const clock = createSystemClock()
  const log = (line: string): void => { process.stderr.write(`${line}\n`) }
  const run = createAttemptRunner({
    clock, jobs, consoleOf: (camera) => book.camera(camera).console, powerCycle: async (camera, signal) => { await book.power(camera, 'cycle', signal) }, ping: async () => Promise.resolve(), takePicture: async () => Promise.resolve(),
    startJob: async ({ target: { camera: cameraId } }, signal) => desk.start(restoreRequestSchema.parse({ cameraId, inputPath, profilePath, ubootPath }), undefined, signal),
  })
  return openBatchEngine({ queue: openSqliteBatches(join(folder, 'batches.sqlite'), { log }), clock, run, log, newBatchId: () => batchIdSchema.parse('bench') })
}

/** What was sent may still be on its way; a console that goes on talking is looked at again. */
async function compared(ask: () => Promise<Said[]>, heard: readonly Heard[]): Promise<Comparison> {
  let result: Comparison = { sentBytes: 0, differs: ['nobody was asked'], tailBytes: 0 }
  for (let turn = 0; turn < 50 && result.differs.length > 0; turn += 1) {
    await wait(200)
    const said = await ask()
    await wait(100)
    result = comparison(said, heard)
  }
  return result
}

/** Connection by connection, by CRC over as much as is here: only the end of one that was let go may be more at the far end. */
function comparison(said: readonly Said[], heard: readonly Heard[]): Comparison {
  let [sentBytes, tailBytes] = [0, 0]
  const differs = said.flatMap((connections, index) => {
    const mine = heard[index] ?? { pieces: [], skipped: 0 }
    const here = connectionsIn(mine)
    const sent = connections.map((text) => Buffer.from(text, 'base64')).filter(({ length }) => length > 0)
    sentBytes += sent.reduce((sum, { length }) => sum + length, 0)
    const isSame = mine.skipped === 0 && here.length === sent.length && sent.every((bytes, at) => {
      const got = here[at] ?? ''
      const isLast = at === sent.length - 1
      if (!isLast) tailBytes += bytes.length - got.length
      return (isLast ? got.length === bytes.length : got.length <= bytes.length) && crc32(Buffer.from(got, 'latin1')) === crc32(bytes.subarray(0, got.length))
    })
    return isSame ? [] : [`console ${index + 1}: ${sent.map(({ length }) => length).join(' + ')} bytes sent, ${here.map(({ length }) => length).join(' + ')} here, ${mine.skipped} skipped`]
  })
  return { sentBytes, differs, tailBytes }
}
