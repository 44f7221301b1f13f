import { implement, ORPCError } from '@orpc/server'
import { type BatchId, batchIdSchema, type BatchPlan, batchPlanSchema } from '../../src/shared/batch/batchPlan.schema.ts'
import type { BatchDashboard, BatchDetails, BatchSummary, Histogram, ItemState, ItemView } from '../../src/shared/batch/batchView.schema.ts'
import { batchContract } from '../../src/shared/contracts/batch.contract.ts'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { toWire, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'

type Stream = <T>(first: readonly T[], listen: (tell: (value: T) => void) => () => void, signal: AbortSignal | undefined) => AsyncGenerator<T, void>
type Counts = BatchSummary['counts']

interface Kept { readonly summary: BatchSummary; readonly plan: BatchPlan; readonly items: readonly ItemView[]; readonly details: Pick<BatchDetails, 'phases' | 'boots' | 'causes' | 'flaky' | 'quarantined'>; readonly dashboard: BatchDashboard }
export interface FixtureBatches {
  summary(id: string): BatchSummary
  /** What is said of one batch from now on. */
  change(id: string, how: (summary: BatchSummary) => BatchSummary): void
  items(id: string, how: (items: readonly ItemView[]) => readonly ItemView[]): void
}

const refusal = (message: string): Error => new ORPCError('WORKBENCH', { status: 500, message, data: toWire(new WorkbenchError('input/not-found', message)) })
const two = (value: number): string => String(value).padStart(2, '0')
const panic = 'The console said "[    2.114120] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(31,3)"'
const hour = 3_600_000

function countsOf(items: readonly ItemView[]): Counts {
  const counts: Counts = { 'waiting': 0, 'running': 0, 'passed': 0, 'failed': 0, 'timed out': 0, 'not judged': 0, 'left out': 0 }
  for (const { state } of items) counts[state] += 1
  return counts
}
const matrix = (cameras: number, images: readonly string[], cycles: number, stateOf: (index: number) => ItemState, canaries: number, nowMs: number): ItemView[] =>
  images.flatMap((image) => Array.from({ length: cycles }, (_, cycle) => ({ image, cycle: cycle + 1 }))).flatMap(({ image, cycle }) => Array.from({ length: cameras }, (_, camera) => ({ image, cycle, camera: camera + 1 })))
    .map(({ image, cycle, camera }, item) => {
      const state = stateOf(item)
      const startedAtMs = nowMs - hour + item * 1_000
      const attempts: ItemView['attempts'] = state === 'passed' ? [{ attempt: 1, startedAtMs, elapsedMs: 61_000 + item % 900, outcome: 'passed', bootMs: 8_000 + (item * 37) % 2_400 }]
        : state === 'failed' ? [{ attempt: 1, startedAtMs, elapsedMs: 4_000, outcome: 'interrupted', cause: 'infrastructure', evidence: 'The bench was closed while it ran' }, { attempt: 2, startedAtMs: startedAtMs + 9_000, elapsedMs: 64_000, outcome: 'failed', where: 'boot-seen', cause: 'firmware', evidence: panic, code: 'device/refused', message: 'It did not boot' }]
          : state === 'running' ? [{ attempt: 1, startedAtMs }] : []
      return { item, camera: cameraIdSchema.parse(`cam-${two(camera)}`), name: `cam-${two(camera)}`, image, cycle, canary: cycle === 1 && camera <= canaries, state, attempts }
    })

const spread = (name: string, count: number, leastMs: number, mostMs: number): Histogram =>
  ({ name, count, leastMs, mostMs, bins: Array.from({ length: 32 }, (_, index) => (count < 20 ? (index === 9 ? Math.max(0, count - 1) : 0) : Math.round(count * Math.exp(-(((index - 9) / 5) ** 2)) / 8)) + (index === 30 ? 1 : 0)) })
const figures = ({ name, count, leastMs, mostMs }: Histogram): BatchDetails['phases'][number] => {
  const at = (share: number): number => leastMs + (mostMs - leastMs) * share
  return { name, count, medianMs: at(0.3), p90Ms: at(0.55), p99Ms: at(0.95), maxMs: mostMs }
}

function keep(id: string, plan: BatchPlan, cameras: number, items: readonly ItemView[], more: Pick<BatchSummary, 'state' | 'sentence' | 'queuedAtMs'> & Partial<BatchSummary>): Kept {
  const counts = countsOf(items)
  const judged = counts.passed + counts.failed + counts['timed out']
  const phases = counts.passed === 0 ? [] : [spread('start', counts.passed, 2_100, 4_800), spread('write', counts.passed, 21_000, 44_000), spread('read back', counts.passed, 14_000, 19_500), spread('boot-seen', counts.passed, 8_000, 21_000)]
  const boots = plan.workflow === 'soak' ? ['as it is'] : plan.images.map(({ name }) => name)
  const points = (image: string): BatchDashboard['boots'][number] => {
    const passed = items.filter((item) => item.image === image && item.state === 'passed')
    return { image, count: passed.length, points: passed.map(({ cycle, name, attempts }) => ({ cycle, camera: name, ms: attempts[0]?.bootMs ?? 0 })) }
  }
  const failed = counts.failed
  return {
    plan, items,
    summary: { id: batchIdSchema.parse(id), name: plan.name, workflow: plan.workflow, cameras, items: items.length, counts, priority: 5, sequence: 1, ...(judged === 0 ? {} : { passRate: counts.passed / judged }), ...more },
    details: {
      phases: phases.map(figures), boots: boots.map((image) => ({ ...figures(spread(image, points(image).count, 8_000, 10_400)) })), causes: failed === 0 ? [] : [{ cause: 'firmware', count: failed }, { cause: 'infrastructure', count: failed }],
      flaky: failed > 2 ? [{ camera: cameraIdSchema.parse('cam-07'), name: 'cam-07', image: boots[0] ?? '', passed: 18, failed: 2, where: 'boot-seen' }] : [],
      quarantined: failed > 2 ? [{ camera: cameraIdSchema.parse('cam-11'), name: 'cam-11', sentence: 'cam-11 failed 3 times and is left out of the rest' }] : [],
    },
    dashboard: {
      phases, boots: boots.map(points).filter(({ count }) => count > 0),
      causes: failed === 0 ? [] : [{ cause: 'firmware', count: failed, kinds: 1, evidence: [{ sentence: panic, count: failed }] }, { cause: 'infrastructure', count: failed, kinds: 5, evidence: [{ sentence: 'The bench was closed while it ran', count: failed }] }],
    },
  }
}

function firstBatches(nowMs: number): Kept[] {
  const ids = ['cam-01']
  const night = batchPlanSchema.parse({ name: 'Night run', cameras: { labels: ['qa'] }, workflow: 'restore', images: [{ name: 'fw-2.5.1', path: '/images/fw-2.5.1' }, { name: 'fw-2.6-rc1', path: '/images/fw-2.6-rc1' }], cycles: 10, canary: { cameras: 2 } })
  const long = batchPlanSchema.parse({ name: 'A thousand', cameras: { ids }, workflow: 'restore', images: [{ name: 'fw-2.5.1', path: '/images/fw-2.5.1' }], cycles: 20, canary: { cameras: 2 }, stop: { sequential: {} } })
  const soak = batchPlanSchema.parse({ name: 'Soak of the new boards', cameras: { ids }, workflow: 'soak', cycles: 100 })
  return [
    keep('b-long', long, 50, matrix(50, ['fw-2.5.1'], 20, (item) => (item < 300 ? (item % 97 === 5 ? 'failed' : 'passed') : item < 308 ? 'running' : 'waiting'), 2, nowMs), { state: 'running', sentence: '', queuedAtMs: nowMs - hour, sequential: 'After 300 results: good enough is as likely as not, so it goes on' }),
    keep('b-night', night, 40, matrix(40, ['fw-2.5.1', 'fw-2.6-rc1'], 10, (item) => (item < 2 ? 'passed' : item === 400 ? 'failed' : 'left out'), 2, nowMs - 9 * hour), {
      state: 'stopped', reason: 'canary', sentence: `Stopped at the canary: fw-2.6-rc1 on cam-01 failed (firmware: ${panic}); 38 cameras were not touched.`, queuedAtMs: nowMs - 9 * hour, endedAtMs: nowMs - 8.9 * hour,
    }),
    keep('b-soak', soak, 4, matrix(4, ['as it is'], 100, () => 'passed', 0, nowMs - 30 * hour), { state: 'passed', sentence: 'All 400 passed.', queuedAtMs: nowMs - 30 * hour, endedAtMs: nowMs - 21 * hour }),
  ]
}

/** One that runs with a thousand items, one that its canary stopped and a soak that passed; or none. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function createFixtureBatch(stream: Stream, calls: string[], nowMs: () => number, isNew: boolean) {
  const contract = implement(batchContract)
  let kept: readonly Kept[] = isNew ? [] : firstBatches(nowMs())
  const listeners = new Set<(list: BatchSummary[]) => void>()
  const list = (): BatchSummary[] => kept.map(({ summary }) => summary)
  const tell = (): void => { for (const each of listeners) each(list()) }
  const one = (id: string): Kept => {
    const found = kept.find(({ summary }) => summary.id === id)
    if (!found) throw refusal(`There is no batch ${id}`)
    return found
  }
  const told: FixtureBatches = {
    summary: (id) => one(id).summary,
    change: (id, how) => {
      kept = kept.map((each) => (each.summary.id === id ? { ...each, summary: { ...how(each.summary), sequence: each.summary.sequence + 1 } } : each))
      tell()
    },
    items: (id, how) => { putItems(id, how) },
  }
  const putItems: FixtureBatches['items'] = (id, how) => {
    kept = kept.map((each) => (each.summary.id === id ? { ...each, items: how(each.items) } : each))
    told.change(id, (summary) => ({ ...summary, counts: countsOf(one(id).items) }))
  }
  const become = (word: string, id: BatchId, state: BatchSummary['state'], sentence = ''): Record<string, never> => {
    calls.push(`batch ${word} ${one(id).summary.id}`)
    told.change(id, (summary) => ({ ...summary, state, sentence }))
    return {}
  }
  const read = (path: string): BatchPlan => {
    if (path === '/nowhere.yaml') throw refusal('The plan /nowhere.yaml is not there')
    if (path === '/plans/ping.yaml') return batchPlanSchema.parse({ name: 'With a ping', cameras: { ids: ['cam-01'] }, workflow: 'soak', checks: { ping: true } })
    return batchPlanSchema.parse({ name: 'From a file', cameras: { ids: ['cam-01', 'cam-02'] }, workflow: 'restore', images: [{ name: 'fw-2.5.1', path: path === '/plans/dump.yaml' ? '/dumps/cam-01' : '/images/fw-2.5.1' }], cycles: 3, canary: { cameras: 1 }, priority: 8 })
  }
  const routes = {
    list: contract.list.handler(list),
    watch: contract.watch.handler(({ signal }) => stream([list()], (listen) => { listeners.add(listen); return () => { listeners.delete(listen) } }, signal)),
    get: contract.get.handler(({ input }) => { const { summary, plan, details } = one(input.batch); return { ...summary, plan, ...details } }),
    dashboard: contract.dashboard.handler(({ input }) => one(input.batch).dashboard),
    items: contract.items.handler(({ input }) => {
      const items = one(input.batch).items.filter(({ state }) => input.state === undefined || state === input.state)
      return { total: items.length, items: items.slice(input.offset, input.offset + input.limit) }
    }),
    read: contract.read.handler(({ input }) => read(input.path)),
    check: contract.check.handler(({ input: { plan } }) => ({
      ...(plan.checks.ping ? { problem: toWire(new WorkbenchError('host/io', 'There is no ping on this computer, so no attempt on its cameras could be judged', { hint: 'On Debian it is in the package iputils-ping; or take "ping" out of the checks' })) } : {}),
      warnings: plan.images.filter(({ path }) => path.includes('/dumps/')).map(({ name }) => `${name} is the dump of one camera, with its environment and its MAC address 02:52:42:00:10:01. Every other camera that gets it has that address too, and before its next restore it is refused as not the camera that is known there, which stops the batch. Take an image whose environment is empty, or install a release, which keeps who each camera is.`),
    })),
    start: contract.start.handler(({ input: { plan } }) => {
      calls.push(`batch start ${plan.name}: ${plan.workflow} ${plan.images.map(({ name }) => name).join(',')} x${String(plan.cycles)} canary ${String(plan.canary?.cameras ?? 0)} priority ${String(plan.priority)} ${[...plan.cameras.labels, ...plan.cameras.ids].join(',')}`)
      const cameras = Math.max(1, plan.cameras.ids.length)
      const id = `b-new-${String(kept.length)}`
      kept = [keep(id, plan, cameras, matrix(cameras, plan.images.length === 0 ? ['as it is'] : plan.images.map(({ name }) => name), plan.cycles, () => 'waiting', plan.canary?.cameras ?? 0, nowMs()), { state: plan.canary ? 'canary' : 'running', sentence: '', queuedAtMs: nowMs() }), ...kept]
      tell()
      return { batch: batchIdSchema.parse(id), aside: [] }
    }),
    pause: contract.pause.handler(({ input }) => become('pause', input.batch, 'paused')),
    goOn: contract.goOn.handler(({ input }) => become('go-on', input.batch, 'running')),
    reorder: contract.reorder.handler(({ input }) => { calls.push(`batch first ${input.first.join(',')}`); return {} }),
    stop: contract.stop.handler(({ input }) => become(input.now ? 'stop-now' : 'stop', input.batch, 'stopping', 'Stopped by a person.')),
    report: contract.report.handler(({ input }) => { calls.push(`batch report ${input.format}`); return { text: input.format === 'html' ? `<!doctype html><title>x</title><h1>${one(input.batch).summary.name}</h1>` : `the ${input.format} of ${input.batch}`, path: `/home/lab/.local/share/rackbench/reports/batch-${input.batch}.${input.format === 'junit' ? 'xml' : input.format}` } }),
    compare: contract.compare.handler(({ input }) => {
      const side = (id: string): { id: BatchId; name: string; sentence: string; counts: Counts; passRate?: number } => { const { summary: { id: own, name, sentence, counts, passRate } } = one(id); return { id: own, name, sentence, counts, ...(passRate === undefined ? {} : { passRate }) } }
      return {
        before: side(input.before), after: side(input.after), worse: ['cam-07', 'cam-11'], better: ['cam-03'], onlyBefore: [], onlyAfter: ['cam-50'],
        phases: [{ name: 'write', beforeMs: 30_000, afterMs: 45_000, ratio: 1.5 }, { name: 'boot-seen', beforeMs: 9_000, afterMs: 9_010, ratio: 1.001 }], words: '100.0 % passed before and 98.7 % after; 2 cameras are worse and 1 better.',
      }
    }),
  }
  return { routes, told }
}
