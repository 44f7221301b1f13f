import type { BatchFormat } from '../../../composition/batchDesk.ts'
import { type BatchId, batchIdSchema, type BatchPlan } from '../../../../shared/batch/batchPlan.schema.ts'
import type { BatchSummary } from '../../../../shared/batch/batchView.schema.ts'
import { toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type Flags, helpOf, oneOf, parseFlags, type ParsedFlags, quoted, usage } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { modeOf, outputWithQuietFlag, type Teller, tellerOf } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { table, timeText } from '../output/words.ts'

const verbs = ['run', 'go-on', 'stop', 'list', 'show', 'compare'] as const
/** A bench looks at what it is told every few seconds. */
const hearLimitMs = 60_000

const flags: Flags = {
  'junit': { type: 'string', value: 'FILE', help: 'run, go-on, show: a report as JUnit XML' },
  'html': { type: 'string', value: 'FILE', help: 'run, go-on, show: a report as one page for any browser' },
  'csv': { type: 'string', value: 'FILE', help: 'run, go-on, show: every attempt as a row' },
  'json': { type: 'string', value: 'FILE', help: 'run, go-on, show: all of it as JSON' },
  'demo': { type: 'boolean', help: 'run, go-on: on the simulated demo rack; run without a PLAN is its own night run, in which one of three images is bad' },
  'now': { type: 'boolean', help: 'stop: also what runs, at its next safe point' },
  'plan-only': { type: 'boolean', help: 'run: say which cameras are meant, and begin nothing' },
  'tftp-port': { type: 'string', value: 'PORT', help: 'run, go-on: UDP port of the TFTP server (default 69)' },
  'redis': { type: 'string', value: 'URL', help: 'the Redis on which several benches share their batches (also RACKBENCH_REDIS, which no list of processes shows)' },
  'data': { type: 'string', value: 'DIR', help: 'the data folder' },
  'output': outputWithQuietFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}
const summary = 'Runs a plan of many jobs and stops it by its own rules. Exit code: 0 all passed, 5 something failed or a rule stopped it, 4 the bench kept some from being judged, 7 a person stopped it, 8 it waits to be gone on with. The first Ctrl-C begins nothing more, the second stops what runs at its next safe point.'

interface Scene {
  readonly given: ParsedFlags
  readonly deps: CliDeps
  readonly teller: Teller
  readonly words: readonly string[]
  readonly isQuiet: boolean
  /** What a script wants that reads one bare answer. */
  readonly bare: (...lines: readonly string[]) => void
  readonly status: (text: string) => void
}

export async function batchCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('batch', flags, argv, 3)
  if (given.has('help')) {
    helpOf('batch run PLAN | go-on BATCH | stop BATCH | list | show BATCH | compare BEFORE AFTER [flags]', summary, flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const [verb = '', ...words] = given.positionals
  const isQuiet = modeOf(given) === 'quiet'
  const scene: Scene = { given, deps, teller: tellerOf(deps.out, modeOf(given)), words, isQuiet, bare: (...lines) => { if (isQuiet) lines.forEach(deps.out.line) }, status: (text) => { if (!isQuiet) deps.out.status(text) } }
  // Not in the morning, when the night is over.
  for (const format of formats) await checkReport(scene, format)
  switch (oneOf('batch', verb, verbs)) {
    case 'run': return run(scene, words.length === 0 && given.has('demo') ? undefined : only(words, 1, 'the plan')[0] ?? '')
    case 'go-on': return goOn(scene, idOf(only(words, 1, 'the batch')[0]))
    case 'stop': return stop(scene, idOf(only(words, 1, 'the batch')[0]))
    case 'list': only(words, 0, ''); return list(scene)
    case 'show': return show(scene, idOf(only(words, 1, 'the batch')[0]))
    case 'compare': return compare(scene, only(words, 2, 'two batches').map(idOf))
  }
}

function only(words: readonly string[], count: number, what: string): readonly string[] {
  if (words.length > count) throw usage(`${quoted(words[count] ?? '')} belongs to no flag`)
  if (words.length < count) throw usage(`batch wants ${what}`, 'rackbench batch --help tells the rest')
  return words
}

function idOf(text: string | undefined): BatchId {
  const id = batchIdSchema.safeParse(text)
  if (!id.success) throw usage(`${quoted(text ?? '')} is no batch`, '"rackbench batch list" names them')
  return id.data
}

async function withWorkbench<T>({ given, deps, teller, isQuiet }: Scene, work: (workbench: CliWorkbench) => Promise<T>): Promise<T> {
  const port = given.text('tftp-port') ?? '69'
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) throw usage(`--tftp-port ${quoted(port)} is no port`)
  const workbench = await deps.openWorkbench({
    dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: Number(port), redisUrl: given.text('redis'), log: (line) => { teller.say('log', { level: 'info', message: line }, '') },
    // Nobody sits at a batch in the night: an attempt that needs a hand ends at its limit.
    ask: async (question, signal) => {
      teller.say('log', { level: 'warning', message: question }, plainText(question, 200))
      if (isQuiet) deps.err.line(plainText(question, 200))
      await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
    },
  })
  try {
    return await work(workbench)
  } finally {
    await workbench.close()
  }
}

async function run(scene: Scene, path: string | undefined): Promise<ExitCode> {
  const { given, deps, teller } = scene
  // Before anything is opened.
  const written = path === undefined ? undefined : await deps.batch.readPlan(path)
  return withWorkbench(scene, async (workbench) => {
    const { signal } = deps.interrupt
    const plan = written ?? await workbench.demoNight()
    const isDemo = given.has('demo')
    if (given.has('plan-only')) return planOnly(workbench, plan, isDemo, scene)
    const { cameras } = await workbench.openBatchRack(plan, isDemo, signal)
    signal.throwIfAborted()
    await tellCheck(workbench, plan, isDemo, scene)
    const { id, aside } = await workbench.batches.start(plan)
    teller.say('batch', { batch: id, name: plan.name, cameras, aside }, `${plainText(plan.name, 80)} is batch ${id}: ${cameras} cameras${aside.length === 0 ? '' : `; set aside and left out: ${plainText(aside.join(', '), 200)}`}`)
    return follow(scene, workbench, id)
  })
}

/** What would go wrong in the night is said now; what nothing could be judged with is an error. */
async function tellCheck(workbench: CliWorkbench, plan: BatchPlan, isDemo: boolean, { deps, teller }: Scene): Promise<readonly string[]> {
  const { problem, warnings } = await workbench.checkBatch(plan, isDemo, deps.interrupt.signal)
  for (const message of warnings) teller.say('log', { level: 'warning', message }, `Careful: ${plainText(message, 1_000)}`)
  if (problem) throw problem
  return warnings
}

async function planOnly(workbench: CliWorkbench, plan: BatchPlan, isDemo: boolean, scene: Scene): Promise<ExitCode> {
  const { teller, bare } = scene
  const { targets, aside } = await workbench.chooseForBatch(plan, isDemo)
  const warnings = await tellCheck(workbench, plan, isDemo, scene)
  const items = targets.length * Math.max(1, plan.images.length) * plan.cycles
  bare(...targets.map(({ name }) => plainText(name, 80)))
  return teller.done(exitCodes.success, { cameras: targets.map(({ camera }) => camera), aside, items, warnings }, `${items} items on ${targets.length} cameras: ${plainText(targets.map(({ name }) => name).join(', '), 400)}`)
}

async function goOn(scene: Scene, id: BatchId): Promise<ExitCode> {
  return withWorkbench(scene, async (workbench) => {
    const engine = await workbench.batches.engine()
    const batch = engine.get(id)
    if (!batch.end) {
      // Another program that runs decides for it: it is told, and sees to it.
      if (batch.isPaused && !await engine.takeUp(id).then(() => true, () => false)) return tellGoOn(scene, workbench, id)
      await workbench.openBatchRack(batch.plan, scene.given.has('demo'), scene.deps.interrupt.signal)
      await workbench.batches.work()
      await engine.takeUp(id)
      if (batch.isPaused) await engine.goOn(id)
    }
    return follow(scene, workbench, id)
  })
}

async function tellGoOn({ deps, teller }: Scene, workbench: CliWorkbench, id: BatchId): Promise<ExitCode> {
  const engine = await workbench.batches.engine()
  await engine.goOn(id)
  await heard(workbench, id, () => !engine.get(id).isPaused, AbortSignal.any([deps.interrupt.signal, AbortSignal.timeout(hearLimitMs)]))
  const { counts, state } = workbench.batchSummary(engine.get(id))
  return teller.done(exitCodes.success, { batch: id, state, counts }, `Batch ${id} goes on where it runs`)
}

/** Until the bench that decides has granted it. */
async function heard(workbench: CliWorkbench, id: BatchId, isSo: () => boolean, limit: AbortSignal): Promise<void> {
  const engine = await workbench.batches.engine()
  while (!isSo()) {
    const news = engine.changed(limit)
    news.catch(() => undefined)
    if (isSo() || await news.then(() => true, () => false)) continue
    if (isSo()) return
    throw new WorkbenchError('link/timeout', 'The bench that decides for this batch has not answered yet', { context: { batch: id }, hint: 'The wish is kept; "rackbench batch show" tells when it was granted' })
  }
}

/** Said to whoever decides for it, and done when that has kept it. A batch whose bench is gone ends here. */
async function stop(scene: Scene, id: BatchId): Promise<ExitCode> {
  const { given, deps, teller } = scene
  return withWorkbench(scene, async (workbench) => {
    const engine = await workbench.batches.engine()
    const now = given.has('now')
    await engine.stop(id, { now })
    // Refused while the bench that decides lives, which hears of it then. Otherwise this program sees it to its end; told before, it begins nothing.
    const isOurs = engine.get(id).end === undefined && await engine.takeUp(id).then(() => true, () => false)
    const isHeard = (): boolean => { const { stop: asked, end } = engine.get(id); return end !== undefined || (asked !== undefined && (asked.now || !now)) }
    const limit = AbortSignal.any([deps.interrupt.signal, AbortSignal.timeout(hearLimitMs)])
    await heard(workbench, id, () => engine.get(id).end !== undefined || ((!isOurs || limit.aborted) && isHeard()), limit)
    const { counts, state } = workbench.batchSummary(engine.get(id))
    return teller.done(exitCodes.success, { batch: id, state, counts, now }, counts.running === 0 ? `Batch ${id} is stopped` : `Batch ${id} begins nothing more; ${counts.running} ${now ? 'stop at their next safe point' : 'run to their end'}`)
  })
}

/** Until it is over. An interrupt is a wish that the batch grants. */
async function follow(scene: Scene, workbench: CliWorkbench, id: BatchId): Promise<ExitCode> {
  const { deps: { interrupt }, teller, status } = scene
  const engine = await workbench.batches.engine()
  const never = new AbortController().signal
  const quiet = engine.listen((batch, event) => {
    if (batch.id !== id) return
    const { counts } = batch
    if (event.type === 'attempt-ended') {
      const { target, image, cycle } = batch.items[event.item] ?? {}
      const { outcome, cause, evidence, elapsedMs, bootMs, job } = event.result
      const words = outcome === 'passed' ? '' : plainText(`${target?.name ?? ''} ${image?.name ?? ''} cycle ${cycle ?? 0}: ${outcome}, ${cause ?? 'unknown'}: ${evidence ?? ''}${event.retryAtMs === undefined ? '' : '; it is tried again'}`, 300)
      teller.say('attempt', { item: event.item, attempt: event.attempt, camera: target?.camera, image: image?.name ?? null, cycle, outcome, cause: cause ?? null, evidence: evidence ?? null, elapsedMs, bootMs: bootMs ?? null, job: job ?? null, again: event.retryAtMs !== undefined }, words)
    } else if (event.type === 'canary-passed') teller.say('canary', { passed: true, waits: batch.isPaused }, batch.isPaused ? `The canary passed; "rackbench batch go-on ${id}", or a window, lets the rest begin` : 'The canary passed')
    else if (event.type === 'camera-quarantined') teller.say('quarantine', { camera: event.camera, message: event.sentence }, plainText(event.sentence, 300))
    else if (event.type === 'stop-requested') teller.say('stop', { reason: event.reason, message: event.sentence }, '')
    status(`${counts.passed} passed, ${counts.failed + counts['timed out']} failed, ${counts.running} running, ${counts.waiting} waiting`)
  })
  const stopBatch = (now: boolean): void => { engine.stop(id, { now }).catch((error: unknown) => { teller.say('log', { level: 'warning', message: String(error) }, '') }) }
  const gently = (): void => { stopBatch(false) }
  if (interrupt.signal.aborted) gently()
  else interrupt.signal.addEventListener('abort', gently, { once: true })
  interrupt.onAgain(() => { stopBatch(true) })
  try {
    for (;;) {
      const news = engine.changed(never)
      if (engine.get(id).end) break
      await news
    }
  } finally {
    quiet()
    interrupt.signal.removeEventListener('abort', gently)
    status('')
  }
  return tellEnd(scene, workbench, id)
}

export function exitCodeOfBatch({ state, reason }: Pick<BatchSummary, 'state' | 'reason'>): ExitCode {
  switch (state) {
    case 'passed': return exitCodes.success
    case 'failed': return exitCodes.refusedOrFailed
    case 'not judged': return exitCodes.busyOrHost
    case 'stopped': return reason === 'person' ? exitCodes.cancelled : exitCodes.refusedOrFailed
    case 'canary': case 'running': case 'paused': case 'stopping': return exitCodes.interrupted
  }
}

const formats: readonly BatchFormat[] = ['junit', 'html', 'csv', 'json']

async function checkReport({ given, deps }: Scene, format: BatchFormat): Promise<void> {
  const path = given.text(format)
  if (path === '') throw usage(`--${format} wants a file`)
  if (path !== undefined) await deps.batch.checkReport(path)
}

async function tellEnd({ given, deps, teller, bare }: Scene, workbench: CliWorkbench, id: BatchId): Promise<ExitCode> {
  const batch = (await workbench.batches.engine()).get(id)
  const facts = workbench.batchSummary(batch)
  const unwritten: string[] = []
  for (const format of formats) {
    const path = given.text(format)
    if (path === undefined) continue
    // What the batch came to is told all the same, and so are the other reports.
    await deps.batch.writeReport(path, await deps.batch.render(batch, format)).catch((error: unknown) => {
      const { message, hint } = toWire(error)
      unwritten.push(path)
      teller.say('log', { level: 'error', message, hint }, '')
      deps.err.line(`Error: ${plainText(message, 400)}`)
    })
  }
  const report = (await workbench.batches.report(id, 'html')).path
  const { counts, sentence, state } = facts
  const words = [`${state}: ${plainText(sentence === '' ? 'it has not ended yet' : sentence, 1_000)}`, Object.entries(counts).filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`).join(', '), `Report: ${report}`]
  const exitCode = exitCodeOfBatch(facts)
  bare(state)
  return teller.done(unwritten.length > 0 && exitCode === exitCodes.success ? exitCodes.busyOrHost : exitCode, { batch: id, state, sentence, counts, passRate: facts.passRate ?? null, report, ...(unwritten.length > 0 ? { unwritten } : {}) }, words.join('\n'))
}

async function list(scene: Scene): Promise<ExitCode> {
  return withWorkbench(scene, async (workbench) => {
    const batches = (await workbench.batches.engine()).list().map(workbench.batchSummary)
    const rows = batches.map(({ id, name, state, items, counts, queuedAtMs, endedAtMs }) => [id, plainText(name, 40), state, `${counts.passed} of ${items} passed`, endedAtMs === undefined ? '' : timeText(endedAtMs - queuedAtMs)])
    scene.bare(...batches.map(({ id }) => id))
    return scene.teller.done(exitCodes.success, { batches }, rows.length === 0 ? 'No batches yet' : table([['batch', 'name', 'state', 'items', 'took'], ...rows]).join('\n'))
  })
}

const show = async (scene: Scene, id: BatchId): Promise<ExitCode> => withWorkbench(scene, async (workbench) => tellEnd(scene, workbench, id))

async function compare(scene: Scene, [before, after]: readonly BatchId[]): Promise<ExitCode> {
  return withWorkbench(scene, async (workbench) => {
    const engine = await workbench.batches.engine()
    const found = workbench.compareBatches(engine.get(before as BatchId), engine.get(after as BatchId))
    const lines = [found.words, ...(found.worse.length === 0 ? [] : [`Worse: ${plainText(found.worse.join(', '), 400)}`]), ...(found.better.length === 0 ? [] : [`Better: ${plainText(found.better.join(', '), 400)}`]), ...found.phases.map(({ name, beforeMs, afterMs }) => `${plainText(name, 60)}: ${timeText(beforeMs)} before, ${timeText(afterMs)} after (median)`)]
    scene.bare(found.words)
    return scene.teller.done(exitCodes.success, found, lines.join('\n'))
  })
}
