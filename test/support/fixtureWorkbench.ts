import { implement, ORPCError } from '@orpc/server'
import { broadcastLine } from '../../src/main/core/consoles/broadcastLine.ts'
import { viewLayout } from '../../src/main/core/workflows/restore/layoutTable.ts'
import { fixtureCaptureSettings } from './fixtureCaptureSettings.ts'
import { fixtureDraw } from './fixtureDraw.ts'
import { fixtureFindPorts } from './fixtureFindPorts.ts'
import { fixtureInventory } from './fixtureInventory.ts'
import { fixtureRackFilters } from './fixtureRackFilters.ts'
import { workbenchContract } from '../../src/shared/contracts/workbench.contract.ts'
import { defaultTyping, type Typing } from '../../src/shared/consoles/consoles.schema.ts'
import { type CameraId, jobIdSchema, podIdSchema } from '../../src/shared/devices/ids.ts'
import { type ErrorCode, type ErrorContext, toWire, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { JobEvent } from '../../src/shared/jobs/jobEvent.ts'
import { isFinished } from '../../src/shared/jobs/reduceJob.ts'
import type { CameraView, MachineStatus, RackView } from '../../src/shared/rack/rackView.schema.ts'
import { type ByteLaneEnd, encodeLaneFrame, type LaneRequest, laneRequestSchema } from '../../src/shared/rpc/byteLane.ts'
import { addFixtureStories, createFixtureJobs, fixturePlan, storyOf, summaryOf } from './fixtureJobs.ts'
import { fixtureAgentPlan, fixtureDoctorStory } from './fixtureAgent.ts'
import { fixtureMarks } from './fixtureConsoles.ts'
import { outcomeOf, serveFixturePictures } from './fixturePictures.ts'
import { createFixtureConsoleTools } from './fixtureConsoleTools.ts'
import { captureQuerySchema } from '../../src/shared/captures/captures.schema.ts'
import { createFixtureBatch } from './fixtureBatch.ts'
import { fixtureBoots, fixtureComparison } from './fixtureBoots.ts'
import { createFixtureCaptures } from './fixtureCaptures.ts'
import { fixtureDiff } from './fixtureDiff.ts'
import { createFixtureBoardReleases } from './fixtureBoardReleases.ts'
import { createFixtureDeviceUpdates } from './fixtureDeviceUpdates.ts'
import { createFixtureApprovals, createFixtureFleet } from './fixtureFleet.ts'
import { createFixtureRegistry } from './fixtureRegistry.ts'
import { fixtureMany, fixtureSafety } from './fixtureSafety.ts'
import { createFixtureQueue, fixtureDumpPlan } from './fixtureQueue.ts'
import { createFixtureRack, type FixtureRack } from './fixtureRack.ts'

/** Values as they come, from those told so far on; ends with the signal. */
async function* stream<T>(first: readonly T[], listen: (tell: (value: T) => void) => () => void, signal: AbortSignal | undefined, last: (value: T) => boolean = () => false): AsyncGenerator<T, void> {
  const waiting = [...first]
  let wake = (): void => undefined
  const stop = listen((value) => { waiting.push(value); wake() })
  const aborted = (): void => { wake() }
  signal?.addEventListener('abort', aborted)
  try {
    while (!signal?.aborted) {
      const value = waiting.shift()
      if (value === undefined) { await new Promise<void>((resolve) => { wake = resolve }); continue }
      yield value
      if (last(value)) return
    }
  } finally {
    stop()
    signal?.removeEventListener('abort', aborted)
  }
}

const fixtureChips = ['gk7205v200', 'gk7205v500', 'hi3516cv610', 'hi3516ev200', 'hi3516ev300'].map((name) => ({
  name, protocol: name.endsWith('v500') ? 'v500' as const : name.endsWith('cv610') ? 'cv6xx' as const : 'standard' as const, hasPublicUboot: true,
  ready: name === 'hi3516ev300', needs: name === 'hi3516ev300' ? [] : name.startsWith('hi3516ev') ? ['U-Boot image' as const] : ['profile' as const, 'U-Boot image' as const],
}))

const fail = (code: ErrorCode, message: string, hint?: string, context: ErrorContext = {}): never => {
  const wire = toWire(new WorkbenchError(code, message, { hint, context }))
  throw new ORPCError('WORKBENCH', { status: 500, message, data: wire })
}

export interface FixtureOptions {
  readonly cameras: number
  readonly perPod?: number
  readonly nowMs: () => number
  /** Captures that fill most of their quota. */
  readonly quotaNear?: boolean
  /** Nothing was done or heard on this machine yet. */
  readonly isNew?: boolean
  /** Whatever is started waits for its turn. */
  readonly queues?: boolean
}

/** A workbench that stands still until a test moves it: all states at once, no device, no timer. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is what oRPC infers
export function createFixtureWorkbench({ cameras, perPod = 4, nowMs, quotaNear = false, isNew = false, queues = false }: FixtureOptions) {
  let rack: FixtureRack = createFixtureRack(cameras, perPod, false)
  let revision = 1
  const rackListeners = new Set<(view: RackView) => void>()
  const skipListeners = new Set<(camera: CameraId, position: number, count: number) => void>()
  const byteListeners = new Set<(camera: CameraId, position: number, bytes: Uint8Array) => void>()
  const jobs = createFixtureJobs(nowMs)
  if (!isNew) addFixtureStories(jobs)
  const calls: string[] = []
  const typing = new Map<CameraId, Typing>()
  const captures = createFixtureCaptures(nowMs())
  const captureSettings = fixtureCaptureSettings(calls, nowMs(), quotaNear)
  const registry = createFixtureRegistry(stream, calls, nowMs, isNew)
  const boardReleases = createFixtureBoardReleases(stream, calls, nowMs, isNew)
  const deviceUpdates = createFixtureDeviceUpdates(stream, calls, nowMs, isNew, jobs)
  const fleet = createFixtureFleet(stream, calls, nowMs, isNew)
  const approvals = createFixtureApprovals(stream, calls, nowMs)
  const batches = createFixtureBatch(stream, calls, nowMs, isNew)
  const consoleTools = createFixtureConsoleTools(stream, calls, nowMs)

  const view = (): RackView => ({ revision, pods: rack.view() })
  const changed = (): void => { revision += 1; for (const listener of rackListeners) listener(view()) }
  const status = (): MachineStatus => ({
    version: '0.1.0', host: 'web', dataFolder: '/home/lab/.local/share/rackbench', journal: { ok: true, note: '', events: 412 }, tftp: { state: 'serving', address: '192.168.1.10', port: 69 },
    consoles: rack.cameras.size, consoleBytesPerSecond: 143_000, bytesLost: 0, freeBytes: 41.2 * 1024 ** 3, atMs: nowMs(),
  })
  /** The console says something. */
  function say(camera: CameraId, text: string): void {
    const own = rack.cameras.get(camera)
    if (!own) return
    const position = new TextEncoder().encode(own.text).length
    const bytes = new TextEncoder().encode(text)
    own.text += text
    own.view = { ...own.view, bytesReceived: position + bytes.length }
    for (const listener of byteListeners) listener(camera, position, bytes)
  }

  /** The console goes on, but no viewer gets these bytes. */
  function skip(camera: CameraId, count: number): void {
    const own = rack.cameras.get(camera)
    if (!own) return
    const position = new TextEncoder().encode(own.text).length
    own.text += '.'.repeat(count)
    for (const listener of skipListeners) listener(camera, position, count)
  }
  /** What the rack says of one camera from now on. */
  function change(camera: CameraId, more: (view: CameraView) => CameraView): void {
    const own = rack.cameras.get(camera)
    if (!own) return
    own.view = more(own.view)
    changed()
  }

  /** A line on which a rule has waited. */
  function meet(camera: CameraId, rule: string, tone: 'bad' | 'warn' | 'ok', line: string): void {
    const position = new TextEncoder().encode(`${rack.cameras.get(camera)?.text ?? ''}\r\n`).length
    say(camera, `\r\n${line}\r\n`)
    consoleTools.told.hit({ cameraId: camera, ruleId: rule, rule, tone, line, atMs: nowMs(), notify: false, position })
  }
  const queue = createFixtureQueue(calls, change)

  const contract = implement(workbenchContract)
  const router = contract.router({
    system: {
      watchStatus: contract.system.watchStatus.handler(({ signal }) => stream([status()], () => () => undefined, signal)),
      listFolder: contract.system.listFolder.handler(({ input }) => {
        if (input.path.includes('missing')) return fail('input/not-found', `There is no folder ${input.path}`, 'Check the spelling, or browse from the home folder.')
        const path = input.path || '/home/lab/backups'
        const inside = path.endsWith('ev300-2026-11')
        const entry = (name: string, kind: 'folder' | 'file', lengthBytes: number) => ({ name, path: `${path}/${name}`, kind, lengthBytes })
        return {
          path, parent: path.split('/').slice(0, -1).join('/') || '/', looksLike: inside ? 'folder of parts: mtd0 to mtd3, 13.3 MiB' : '',
          entries: inside ? [entry('mtd0', 'file', 262_144), entry('mtd1', 'file', 65_536), entry('mtd2', 'file', 3_145_728), entry('mtd3', 'file', 10_485_760)]
            : [entry('ev300-2026-11', 'folder', 0), entry('gk7205-factory', 'folder', 0), entry('cam-07-full.bin', 'file', 16_777_216)],
        }
      }),
      ports: contract.system.ports.handler(() => [{ address: 'usb://1a86:7523@1-1.4', device: '/dev/ttyUSB0', name: 'QinHeng USB serial | loc 1-1.4' }, { address: 'usb://0403:6001/A50285BI', device: '/dev/ttyUSB1', name: 'FTDI FT232R | loc 1-1.3 | ser A50285BI' }, { address: 'usb://10c4:ea60/BENCH7', device: '/dev/ttyUSB2', name: 'Silicon Labs CP2102', usedBy: 'cam-desk' }]),
      here: contract.system.here.handler(() => ({})),
      chips: contract.system.chips.handler(() => ['gk7205v200', 'gk7205v300', 'hi3516ev200', 'hi3516ev300', 'hi3518ev200'].map((name) => ({ name, loadAddress: 0x42000000 }))),
    },
    rack: {
      watch: contract.rack.watch.handler(({ signal }) => stream([view()], (tell) => { rackListeners.add(tell); return () => { rackListeners.delete(tell) } }, signal)),
      addPod: contract.rack.addPod.handler(({ input }) => {
        calls.push(`addPod ${input.url} ${input.chip}`)
        if (input.url.startsWith('usb://')) return { podId: podIdSchema.parse('pod-1') }
        if (!input.url.startsWith('rack://10.')) return fail('link/unreachable', `Nothing answers at ${input.url}`, 'Is the pod powered, and is this computer in its network?')
        rack = createFixtureRack(1, 1, false)
        changed()
        return { podId: podIdSchema.parse('pod-1') }
      }),
      setPower: contract.rack.setPower.handler(({ input }) => { calls.push(`setPower ${input.podId} ${input.power?.kind ?? 'manual'}`); return {} }),
      removePod: contract.rack.removePod.handler(() => { changed(); return {} }),
      openDemo: contract.rack.openDemo.handler(() => { rack = createFixtureRack(12, 1, true); changed(); return { pods: 12 } }),
      closeDemo: contract.rack.closeDemo.handler(() => { rack = createFixtureRack(0, 1, true); changed(); return {} }),
      draw: contract.rack.draw.handler(({ input }) => fixtureDraw(input.cameraId, rack.cameras.get(input.cameraId)?.view.watts, nowMs())),
      power: contract.rack.power.handler(({ input }) => {
        calls.push(`power ${input.action} ${input.cameraId}${input.force === undefined ? '' : ` forced ${input.force}`}`)
        const held = rack.cameras.get(input.cameraId)?.view
        if (held?.life === 'working' && input.force !== held.name) return fail('pod/busy', `"Restore ${held.name}" is writing the flash of ${held.name} (Write and prove kernel, 61 %). The power of ${held.name} stays as it is`, 'Cancel the job first, or wait for it.', { isWriting: true, typeName: held.name })
        return rack.cameras.get(input.cameraId)?.view.life === 'unknown' ? fail('link/unreachable', 'The pod does not answer', 'Check its cable.') : {}
      }),
    },
    findPorts: fixtureFindPorts(calls),
    rackFilters: fixtureRackFilters(calls, isNew),
    inventory: fixtureInventory({ calls, change, cameraOf: (id) => rack.cameras.get(id)?.view, sessionOf: (id) => captures.sessions.find(({ camera }) => camera === id)?.session }),
    pictures: {
      setUrl: contract.pictures.setUrl.handler(({ input }) => {
        calls.push(`picture ${input.cameraId} ${input.url ?? 'none'}`)
        change(input.cameraId, ({ picture: _before, ...rest }) => (input.url === undefined ? rest : { ...rest, picture: { url: input.url, note: '' } }))
        return {}
      }),
    },
    registry: registry.routes,
    boardReleases: boardReleases.routes,
    deviceUpdates: deviceUpdates.routes,
    batch: batches.routes,
    fleet: fleet.routes,
    approvals: approvals.routes,
    ...fixtureSafety(nowMs()),
    power: {
      ...fixtureMany(calls, (id) => outcomeOf(rack, id)),
      testSwitch: contract.power.testSwitch.handler(({ input }) => {
        if (input.password === 'wrong') return fail('pod/refused', 'RouterOS at 10.0.0.2:8728 refused the login of "admin"', 'Check the user and the password')
        const ports = [{ name: 'ether1', comment: 'uplink' }, { name: 'ether2', comment: 'cam desk left' }, { name: 'ether3', comment: 'cam desk right' }, { name: 'ether4', comment: '' }]
        const port = ports.find(({ name }) => name === input.ethernet)
        return { label: `RouterOS at ${input.host}:8728`, identity: 'lab-switch', ports, question: port ? '' : input.comment ? `"${input.comment}" fits more than one port: ether2 (cam desk left), ether3 (cam desk right). Which one is it?` : 'Which port feeds the camera?', ...(port ? { port: { ...port, foundBy: 'name' as const, state: 'on' as const } } : {}) }
      }),
      auditSwitch: contract.power.auditSwitch.handler(({ input }) => {
        const key = 'SHA256:2f7Jc0mXq1eQbT8yWm9pN4sVdK3uHgRzLxA6oEiYtBw'
        if (input.acceptKey !== key) return fail('device/wrong-identity', `The host key of ssh://10.0.0.2:22 is not known yet; its fingerprint is ${key}`, 'Compare it with the one that the switch shows, and accept it if they are the same', { hostKeySha256: key })
        return { path: '/home/lab/.local/share/rackbench/audit/10.0.0.2-20261121-101500.rsc', lengthBytes: 18_204, label: 'ssh://10.0.0.2:22', hostKeySha256: key }
      }),
    },
    consoles: {
      ...consoleTools.routes,
      type: contract.consoles.type.handler(({ input }) => {
        calls.push(`type ${input.cameraId} ${JSON.stringify(input.text)}`)
        if (rack.cameras.get(input.cameraId)?.view.console === 'lent') return fail('pod/busy', 'The console is lent to job-running', 'Wait for the job, or cancel it.')
        say(input.cameraId, input.text)
        return {}
      }),
      broadcast: contract.consoles.broadcast.handler(async ({ input, signal = new AbortController().signal }) => broadcastLine(input, {
        clock: { nowMs, wallMs: nowMs, zoneMs: () => 0, sleep: async () => new Promise<void>(() => undefined) }, log: () => undefined, typingOf: (cameraId) => typing.get(cameraId) ?? defaultTyping,
        type: async (cameraId, bytes) => {
          const text = new TextDecoder().decode(bytes)
          calls.push(`type ${cameraId} ${JSON.stringify(text)}`)
          if (rack.cameras.get(cameraId)?.view.life === 'silent') throw new WorkbenchError('link/closed', 'The console line is closed')
          say(cameraId, text)
          return Promise.resolve()
        },
      }, signal)),
      abilities: contract.consoles.abilities.handler(({ input }) => (input.cameraId === 'cam-04' ? { baudRate: false, modemLines: false, break: false } : { baudRate: true, modemLines: true, break: true })),
      setLine: contract.consoles.setLine.handler(({ input: { cameraId, viewer: _viewer, ...wish } }) => { calls.push(`line ${cameraId} ${JSON.stringify(wish)}`); return {} }),
      typing: contract.consoles.typing.handler(({ input }) => typing.get(input.cameraId) ?? defaultTyping),
      setTyping: contract.consoles.setTyping.handler(({ input: { cameraId, ...how } }) => { typing.set(cameraId, how); return {} }),
      watchMarks: contract.consoles.watchMarks.handler(({ input, signal }) => stream([fixtureMarks(rack.cameras.get(input.cameraId)?.text ?? '', nowMs())], () => () => undefined, signal)),
    },
    captures: {
      sessions: contract.captures.sessions.handler(() => (isNew ? [] : [...captures.sessions]).sort((a, b) => b.startedAtMs - a.startedAtMs)),
      status: contract.captures.status.handler(() => captureSettings.status()),
      search: contract.captures.search.handler(({ input }) => (input.pattern?.includes('(') === true && !input.pattern.includes(')') ? fail('input/malformed', 'This is no pattern: Unterminated group') : captures.search(input))),
      newLines: contract.captures.newLines.handler(({ input }) => {
        calls.push(`new ${input.firmware ?? 'any'}`)
        if (isNew) return []
        return captures.search(captureQuerySchema.parse({ pattern: 'segfault|panic', limit: 3 })).lines.map((line) => ({ ...line, kind: line.line, firmware: 'Linux version 4.9.37 (builder@openipc) #2 Tue Nov 3 2026', lines: 7 }))
      }),
      read: contract.captures.read.handler(({ input }) => { calls.push(`read ${String(input.maxBytes)}`); return captures.read(input) ?? fail('input/not-found', `There is no capture ${input.session}`) }),
      timeline: contract.captures.timeline.handler(({ input }) => captures.timeline(input.session) ?? fail('input/not-found', `There is no capture ${input.session}`)),
      export: contract.captures.export.handler(({ input }) => {
        calls.push(`export ${input.format} ${input.sinceMs === undefined ? 'whole' : String((input.untilMs ?? 0) - input.sinceMs)}`)
        if (input.path?.includes('there') === true) return fail('input/conflict', `${input.path} is there already`, 'Choose another name; nothing is overwritten')
        return { path: input.path ?? `/home/lab/.local/share/rackbench/exports/cam-01.${input.format}`, sessions: 1, bytes: 12_288 }
      }),
    },
    captureSettings: captureSettings.routes,
    boots: {
      list: contract.boots.list.handler(({ input }) => { const boots = (isNew ? [] : fixtureBoots(nowMs())).filter(({ camera }) => input.cameras.length === 0 || input.cameras.includes(camera)); return { boots, isCut: false, note: '' } }),
      compare: contract.boots.compare.handler(({ input }) => fixtureComparison(nowMs(), input.a, input.b) ?? fail('input/not-found', 'There is no such boot')),
    },
    bundle: {
      plan: contract.bundle.plan.handler(({ input }) => {
        calls.push(`bundle plan ${JSON.stringify(input.redaction.words)} ${input.cameras.join(',')}`)
        if (input.redaction.patterns.some((pattern) => pattern.includes('('))) return fail('input/malformed', 'This is no pattern: Unterminated group')
        const chosen = captures.sessions.filter(({ camera }) => input.cameras.length === 0 || input.cameras.includes(camera))
        return {
          path: input.path ?? '/home/lab/.local/share/rackbench/bundles/rackbench-20261121-101500.zip', cameras: new Set(chosen.map(({ camera }) => camera)).size, bytes: 3_400_000, jobs: [], warnings: input.withRawBytes ? ['Raw bytes go in as they are: nothing is taken out of them'] : [],
          consoles: chosen.map(({ camera, cameraName, session, startedAtMs, endedAtMs, endOffset }) => ({ camera, cameraName, session, startedAtMs, endedAtMs, bytes: endOffset })),
          found: [{ kind: 'password', count: 14 }, { kind: 'login', count: 3 }, ...(input.redaction.words.length > 0 ? [{ kind: 'word' as const, count: 7 }] : [])],
        }
      }),
      make: contract.bundle.make.handler(({ input }) => (input.path?.includes('there') === true ? fail('input/conflict', `${input.path} is there already`, 'Choose another name; nothing is overwritten')
        : { path: input.path ?? '/home/lab/.local/share/rackbench/bundles/rackbench-20261121-101500.zip', bytes: 412_000, files: 48, found: [{ kind: 'password', count: 15 }] })),
    },
    restore: {
      plan: contract.restore.plan.handler(({ input }) => {
        calls.push(`plan ${input.inputPath}`)
        return input.inputPath.includes('missing') ? fail('input/not-found', `There is no file or folder ${input.inputPath}`, 'Browse for it.') : fixturePlan(input)
      }),
      start: contract.restore.start.handler(({ input }) => {
        if (queues) return { jobId: queue.start('restore', input.request.cameraId) }
        const jobId = jobIdSchema.parse(`job-${String(jobs.jobs.size + 1)}`)
        jobs.queue(jobId, fixturePlan(input.request), input.request.cameraId)
        for (const news of storyOf('running')) jobs.add(jobId, news)
        return { jobId }
      }),
      resume: contract.restore.resume.handler(({ input }) => {
        calls.push(`resume ${input.jobId}`)
        return { jobId: jobIdSchema.parse('job-running') }
      }),
    },
    install: {
      plan: contract.install.plan.handler(({ input }) => fail('input/not-found', `There is no file ${input.releasePath}`, 'Browse for it.')),
      start: contract.install.start.handler(({ input }) => fail('input/not-supported', `Nothing is installed from ${input.request.releasePath} here`)),
    },
    layout: { view: contract.layout.view.handler(({ input }) => viewLayout(input)) },
    dump: {
      plan: contract.dump.plan.handler(({ input }) => (queues ? fixtureDumpPlan(input) : fail('input/not-supported', `No dump to ${input.outputPath} here`))),
      start: contract.dump.start.handler(({ input }) => (queues ? { jobId: queue.start('dump', input.request.cameraId) } : fail('input/not-supported', `No dump to ${input.request.outputPath} here`))),
    },
    chips: {
      list: contract.chips.list.handler(() => fixtureChips),
      importProfiles: contract.chips.importProfiles.handler(({ input }) => (input.source.includes('missing') ? fail('input/not-found', `${input.source} cannot be read: it does not exist`)
        : { imported: ['hi3516ev200', 'hi3516ev300'], refused: [{ file: 'gk7205v200.json', error: { code: 'input/malformed' as const, message: 'DDRSTEP0 of gk7205v200.json has 65 bytes, 64 are expected', context: {} } }], warnings: [], ready: ['hi3516ev300'] })),
      getUboot: contract.chips.getUboot.handler(({ input }) => {
        calls.push(`uboot ${input.chip} ${input.refresh ?? ''}`)
        if (input.refresh === 'same') fail('input/conflict', 'The public release holds another file than the one that was used before', 'A new release looks like this. Take it only if you expect one; until then nothing here changes')
        return { path: '/home/lab/.local/share/rackbench/uboot/u-boot-hi3516ev300-universal.bin', sha256: 'ab'.repeat(32), from: 'download' as const }
      }),
    },
    burn: {
      plan: contract.burn.plan.handler(() => fail('input/not-supported', 'No U-Boot is loaded here')),
      start: contract.burn.start.handler(() => fail('input/not-supported', 'No U-Boot is loaded here')),
    },
    agent: {
      plan: contract.agent.plan.handler(({ input }) => fixtureAgentPlan(input)),
      start: contract.agent.start.handler(({ input }) => {
        const id = jobIdSchema.parse('job-doctor')
        const { cameraId } = input.request
        jobs.add(id, { type: 'job-queued', workflow: 'agent', title: `Flash doctor of ${cameraId}`, pod: podIdSchema.parse('pod-1'), camera: cameraId, plan: fixtureAgentPlan(input.request) })
        for (const news of fixtureDoctorStory) jobs.add(id, news)
        return { jobId: id }
      }),
    },
    diff: { compare: contract.diff.compare.handler(({ input }) => (input.pathA.includes('missing') ? fail('input/not-found', `There is no file or folder ${input.pathA}`, 'Browse for it.') : fixtureDiff(input.pathA, input.pathB))) },
    jobs: {
      list: contract.jobs.list.handler(() => [...jobs.jobs.values()].map(summaryOf)),
      watch: contract.jobs.watch.handler(({ input, signal }) => {
        const known = jobs.jobs.get(input.jobId)
        if (!known) return fail('input/not-found', `There is no job ${input.jobId}`)
        const told = jobs.events(input.jobId).filter(({ sequence }) => sequence > input.after)
        const ends = (event: JobEvent): boolean => ['job-succeeded', 'job-failed', 'job-cancelled', 'job-interrupted'].includes(event.type)
        return stream<JobEvent>(told, (tell) => jobs.onEvent((event) => { if (event.job === input.jobId) tell(event) }), signal, ends)
      }),
      watchList: contract.jobs.watchList.handler(({ signal }) => stream<ReturnType<typeof summaryOf>>([], (tell) => jobs.onEvent(({ job, type }) => {
        const one = jobs.jobs.get(job)
        if (one && (type === 'job-queued' || type === 'job-started' || isFinished(one))) tell(summaryOf(one))
      }), signal)),
      cancel: contract.jobs.cancel.handler(({ input }) => { if (queues) { queue.cancel(input.jobId); return {} } jobs.add(input.jobId, { type: 'cancel-requested' }); return {} }),
      report: contract.jobs.report.handler(({ input }) => ({ text: `<!doctype html><title>${input.jobId}</title><body style="font:15px sans-serif;margin:32px"><h1>Report of ${input.jobId}</h1><p>restored and booted</p>`, path: `/home/lab/.local/share/rackbench/reports/${input.jobId}.html` })),
    },
  })

  function serveLane(end: ByteLaneEnd): void {
    const servePicture = serveFixturePictures(end, () => rack, nowMs)
    const watched = new Set<CameraId>()
    const send = (camera: CameraId, position: number, bytes: Uint8Array): void => { if (bytes.length > 0) end.send(encodeLaneFrame({ kind: 'data', camera, position, bytes })) }
    const listener = (camera: CameraId, position: number, bytes: Uint8Array): void => { if (watched.has(camera)) send(camera, position, bytes) }
    const skipper = (camera: CameraId, position: number, skippedBytes: number): void => { if (watched.has(camera)) end.send(encodeLaneFrame({ kind: 'skipped', camera, position, bytes: new Uint8Array(), skippedBytes })) }
    byteListeners.add(listener)
    skipListeners.add(skipper)
    end.onClose(() => { byteListeners.delete(listener); skipListeners.delete(skipper) })
    const asked = (request: LaneRequest): void => {
      if (request.do === 'watch-picture' || request.do === 'unwatch-picture') { servePicture(request); return }
      if (request.do === 'unwatch') { watched.delete(request.camera); return }
      watched.add(request.camera)
      send(request.camera, request.after, new TextEncoder().encode(rack.cameras.get(request.camera)?.text ?? '').subarray(request.after))
    }
    end.onMessage((message) => { for (const line of String(message).split('\n')) asked(laneRequestSchema.parse(JSON.parse(line))) })
  }
  return { router, serveLane, say, meet, queue, skip, change, jobs, calls, changed, consoleTools: consoleTools.told, registry: registry.told, boardReleases: boardReleases.told, deviceUpdates: deviceUpdates.told, fleet: fleet.told, approvals: approvals.told, batches: batches.told, cameras: () => rack.cameras }
}
export type FixtureWorkbench = ReturnType<typeof createFixtureWorkbench>
