import { checkAppliance, makeFactory } from '../../src/main/composition/applianceVersions.ts'
import { deployOverSsh } from '../../src/main/composition/deployOverSsh.ts'
import { deployPackage } from '../../src/main/composition/deployPackage.ts'
import { runFleetAgent, tellServiceFailed } from '../../src/main/composition/fleetAgentService.ts'
import { runUpdater } from '../../src/main/composition/updaterService.ts'
import { captureLine, readCapture } from '../../src/main/composition/captureTools.ts'
import { auditSwitch, testSwitch } from '../../src/main/composition/switchTools.ts'
import { recoverMpyBoard, updateMpyBoard } from '../../src/main/composition/mpyTools.ts'
import { makePackage, makePackageOfChanges } from '../../src/main/composition/packageTools.ts'
import { makeReleaseDelta, makeReleaseDeltas, makeReleaseManifest, serveReleases } from '../../src/main/composition/releaseTools.ts'
import { exportAudit, verifyAuditFile } from '../../src/main/composition/auditTools.ts'
import { serveReplay } from '../../src/main/composition/replayLine.ts'
import { createApprovals } from '../../src/main/composition/approvals.ts'
import { createDoorTokens } from '../../src/main/composition/doorTokens.ts'
import { batchTools } from '../../src/main/composition/batchDesk.ts'
import { batchFacts } from '../../src/main/composition/batchFacts.ts'
import { fleetTools } from '../../src/main/composition/fleetTools.ts'
import { registryTools } from '../../src/main/composition/registryTools.ts'
import { serveOneFile } from '../../src/main/composition/oneFileServer.ts'
import type { CliDeps, CliTarget, CliWorkbench, LineWriter, OpenWorkbenchOptions, SimOptions } from '../../src/main/hosts/cli/cliWorkbench.ts'
import { Cancelled, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { JobEvent, JobNews } from '../../src/shared/jobs/jobEvent.ts'
import type { RestorePlan } from '../../src/shared/restore/restore.schema.ts'
import { camera, jobId, numbered, plan as fixturePlan } from './planFixture.ts'
import { captureSettingsSchema } from '../../src/shared/captures/captures.schema.ts'

export interface RecordingWriter extends LineWriter {
  readonly lines: string[]
}
export const recordLines = (isTerminal = false): RecordingWriter => {
  const lines: string[] = []
  return { lines, isTerminal, columns: 100, line: (text) => { lines.push(text) }, status: () => undefined }
}

const noBatches = async (): Promise<never> => { throw new WorkbenchError('input/not-found', 'No batches in this story') }

export interface FakeStory {
  readonly plan?: Partial<RestorePlan>
  /** What the job tells after `job-queued`. */
  readonly news?: readonly JobNews[]
  /** Called between the events, with the type of the one just told. */
  readonly between?: (type: JobEvent['type'], fake: FakeCli) => void
  readonly failPlan?: unknown
  readonly failStart?: unknown
  readonly failReport?: unknown
  readonly failDetect?: unknown
  readonly environment?: Readonly<Record<string, string>>
  readonly terminal?: boolean
  readonly dataFolder?: string
  /** Answers of its own. */
  readonly workbench?: Partial<CliWorkbench>
}

export interface FakeCli {
  readonly deps: CliDeps
  readonly out: RecordingWriter
  readonly err: RecordingWriter
  readonly opened: OpenWorkbenchOptions[]
  readonly targets: CliTarget[]
  readonly calls: string[]
  readonly sims: SimOptions[]
  readonly interrupt: () => void
  /** Every line of stdout as JSON. */
  readonly events: () => { readonly event: string; readonly [key: string]: unknown }[]
}

/** The world around the command line: a workbench that tells a story of real events, and recorders. */
export function createFakeCli(story: FakeStory = {}): FakeCli {
  const out = recordLines(story.terminal)
  const err = recordLines()
  const stop = new AbortController()
  const again: (() => void)[] = []
  const fake: FakeCli = {
    out, err, opened: [], targets: [], calls: [], sims: [],
    interrupt: () => { if (stop.signal.aborted) again.forEach((listener) => { listener() }); else stop.abort(new Cancelled('interrupted')) },
    events: () => out.lines.map((line) => JSON.parse(line) as { event: string }),
    deps: {
      version: '1.2.3', environment: story.environment ?? {}, dataFolder: story.dataFolder ?? '/data', out, err, nowMs: () => 5,
      interrupt: { signal: stop.signal, onAgain: (listener) => { again.push(listener) } },
      openWorkbench: async (options) => { fake.opened.push(options); return workbench },
      listPorts: async () => [{ device: '/dev/ttyUSB0', openPath: '/dev/uart-bench', adapter: 'FTDI | ser A5', identity: 'usb://0403:6001/A5', json: { device: '/dev/ttyUSB0', open_path: '/dev/uart-bench' } }],
      hostAddresses: () => [{ nic: 'lo', address: '127.0.0.1', prefixBits: 8, internal: true }, { nic: 'eth1', address: '192.168.1.10', prefixBits: 24, internal: false }],
      captureLine, readCapture, serveReplay, serveOneFile, testSwitch, auditSwitch, verifyAuditFile, exportAudit, registry: registryTools, approvals: async (folder) => createApprovals(folder, () => 0), doorTokens: async (folder) => createDoorTokens(folder, () => 0), batch: batchTools, fleet: fleetTools,
      releases: { makeManifest: makeReleaseManifest, makeDelta: makeReleaseDelta, makeDeltas: makeReleaseDeltas, serve: serveReleases, makePackage, makePackageOfChanges }, mpy: { update: updateMpyBoard, recover: recoverMpyBoard },
      deployOverSsh,
      tellServiceFailed: async (request, signal) => tellServiceFailed(request, {}, signal),
      runFleetAgent: async (request, signal) => runFleetAgent(request, {}, signal),
      checkAppliance, makeFactory,
      runUpdater: async (options, signal) => runUpdater(options, fetch, signal),
      deployPackage: async (request, signal) => deployPackage(request, fetch, signal),
      detect: async (request) => {
        if (story.failDetect !== undefined) throw story.failDetect as Error
        fake.calls.push(`detect ${request.url} ${String(request.budgetMs)}`)
        return { protocol: 'v500', chipId: 0x35160500, evidence: 'its answer to our hello' }
      },
      makeTempFolder: async (name) => `/tmp/${name}-1`,
      simulator: {
        faults: () => [{ name: 'tftp-loss', sentence: 'Blocks get lost' }],
        run: async (options, say) => { fake.sims.push(options); say('{"pods":[]}') },
        startDemo: async () => {
          fake.calls.push('demo started')
          return { url: 'rack://127.0.0.1:9?api=8', chip: 'hi3516ev300', profilePath: '/p', ubootPath: '/u', imagesFolder: '/i', close: async () => { fake.calls.push('demo closed') } }
        },
      },
      serve: async ({ port }) => { fake.calls.push(`serve ${port}`) },
    },
  }
  const workbench: CliWorkbench = {
    addTarget: async (target) => { fake.targets.push(target); return camera },
    planRestore: async (request) => {
      if (story.failPlan !== undefined) throw story.failPlan as Error
      fake.calls.push(`plan ${JSON.stringify(request)}`)
      return { ...fixturePlan, ...story.plan }
    },
    startRestore: async () => {
      if (story.failStart !== undefined) throw story.failStart as Error
      fake.calls.push('start')
      return jobId('j1')
    },
    planInstall: async () => { throw new WorkbenchError('input/not-supported', 'No installations in this story') },
    startInstall: async () => { throw new WorkbenchError('input/not-supported', 'No installations in this story') },
    planDump: async () => { throw new WorkbenchError('input/not-supported', 'No dumps in this story') },
    startDump: async () => { throw new WorkbenchError('input/not-supported', 'No dumps in this story') },
    importProfiles: async (source) => {
      fake.calls.push(`import ${source}`)
      return { imported: ['hi3516ev200'], refused: [], warnings: [], ready: [] }
    },
    getUboot: async ({ chip, file, refresh }, _signal, tell) => {
      fake.calls.push(`uboot ${chip} ${file ?? refresh ?? ''}`)
      for (const doneBytes of [1000, 2000, 3000]) tell?.(doneBytes, 3000)
      return { path: '/data/uboot/u', sha256: 'ab'.repeat(32), from: 'download' }
    },
    planBurn: async () => { throw new WorkbenchError('input/not-supported', 'No U-Boot in this story') },
    startBurn: async () => { throw new WorkbenchError('input/not-supported', 'No U-Boot in this story') },
    planAgent: async () => { throw new WorkbenchError('input/not-supported', 'No flash agent in this story') },
    runScript: async () => { throw new WorkbenchError('input/not-supported', 'No scripts in this story') },
    startAgent: async () => { throw new WorkbenchError('input/not-supported', 'No flash agent in this story') },
    diff: async () => { throw new WorkbenchError('input/not-supported', 'No dumps in this story') },
    watch: async function* () {
      for (const event of numbered('j1', story.news ?? [])) {
        yield event
        story.between?.(event.type, fake)
      }
    },
    cancel: () => { fake.calls.push('cancel') },
    report: async (id) => {
      if (story.failReport !== undefined) throw story.failReport as Error
      return { htmlPath: `/data/reports/${id}.html`, jsonPath: `/data/reports/${id}.json` }
    },
    jobs: () => [],
    chips: async () => [{ name: 'hi3516ev300', protocol: 'standard', ready: false, needs: ['profile', 'U-Boot image'], hasPublicUboot: true }],
    captures: { sessions: async () => [], search: async () => ({ lines: [], isStopped: false, note: '' }), newLines: async () => [], caughtUp: async () => undefined, settings: async () => captureSettingsSchema.parse({}), changeSettings: async (change) => captureSettingsSchema.parse(change), export: async () => { throw new WorkbenchError('input/not-found', 'No captures in this story') } },
    pods: { addToFile: async () => { throw new WorkbenchError('input/not-found', 'No rack in this story') }, remove: async () => undefined },
    findPorts: { units: () => [], look: async () => { throw new WorkbenchError('input/not-found', 'No rack in this story') }, find: () => { throw new WorkbenchError('input/not-found', 'No rack in this story') }, assign: async () => undefined },
    inventories: { setPicture: async () => undefined, pictureOffer: async () => undefined, openCameras: async () => undefined, setMany: async () => [], planIdentify: () => { throw new WorkbenchError('input/not-found', 'No rack in this story') }, identify: () => { throw new WorkbenchError('input/not-found', 'No rack in this story') }, assignPower: async () => undefined, discover: async () => ({ places: [], adapters: [], problem: '' }), identity: () => ({ known: [], differences: [] }), board: async () => ({ facts: [], note: '' }), list: async () => [], change: async () => { throw new WorkbenchError('input/not-found', 'No rack in this story') }, exportYaml: async () => ({ text: '', pods: 0 }), planImport: async () => { throw new WorkbenchError('input/not-found', 'No rack in this story') }, importYaml: async () => { throw new WorkbenchError('input/not-found', 'No rack in this story') } },
    boots: { list: async () => ({ boots: [], isCut: false, note: '' }), compare: async () => { throw new WorkbenchError('input/not-found', 'No boots in this story') } },
    bundles: { plan: async () => { throw new WorkbenchError('input/not-found', 'No bundle in this story') }, make: async () => { throw new WorkbenchError('input/not-found', 'No bundle in this story') } },
    audit: { list: () => [], verify: () => ({ state: 'ok', entries: 0, head: '0'.repeat(64) }), lines: () => [] },
    secretsPlace: async () => ({ kind: 'file', isProtected: false, words: 'In a file', path: '/data/secrets/plain.json', count: 0, sealedCount: 0, notices: [] }),
    rackFilters: { list: async () => [], cameras: async () => { throw new WorkbenchError('input/not-found', 'No filter in this story') } },
    powerCameras: async () => [],
    batches: { work: noBatches, start: noBatches, choose: async () => ({ targets: [], aside: [], own: [] }), check: noBatches, engine: noBatches, watch: async function* () { /* none in this story */ }, report: noBatches, close: async () => undefined },
    openBatchRack: noBatches, chooseForBatch: noBatches, checkBatch: noBatches, demoNight: noBatches, batchSummary: batchFacts.summary, compareBatches: batchFacts.compare,
    powerMany: async function* () { /* no cameras in this story */ },
    close: async () => { fake.calls.push('close') },
    ...story.workbench,
  }
  return fake
}
