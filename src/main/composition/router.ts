import { implement } from '@orpc/server'
import { workbenchContract } from '../../shared/contracts/workbench.contract.ts'
import { defaultTyping } from '../../shared/consoles/consoles.schema.ts'
import type { MachineStatus } from '../../shared/rack/rackView.schema.ts'
import type { Soc } from '../../shared/devices/deviceProfile.schema.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { Job } from '../../shared/jobs/reduceJob.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import { typedBytes } from '../core/consoles/typedBytes.ts'
import { watchMarks } from '../core/consoles/watchMarks.ts'
import type { RackBook } from '../core/rack/rackBook.ts'
import { viewLayout } from '../core/workflows/restore/layoutTable.ts'
import { type SafetyDeps, safetyRoutes } from './safetyRoutes.ts'
import { auditSwitchWith, testSwitch } from './switchTools.ts'
import type { PortInUse } from './serialPorts.ts'
import type { ConsoleSettingsFile } from '../drivers/storage/consoleSettingsFile.ts'
import { listFolder } from '../drivers/files/listFolder.ts'
import type { AgentDesk } from './agentDesk.ts'
import { createBroadcastRoutes } from './broadcastRoutes.ts'
import type { BatchDesk } from './batchDesk.ts'
import { batchRoutes } from './batchRoutes.ts'
import type { BootsDesk } from './bootsDesk.ts'
import { bootsRoutes } from './bootsRoutes.ts'
import type { BundleDesk } from './bundleDesk.ts'
import { bundleRoutes } from './bundleRoutes.ts'
import type { BurnDesk } from './burnDesk.ts'
import type { CaptureDesk } from './captureDesk.ts'
import { captureSettingsRoutes } from './captureSettingsRoutes.ts'
import type { ChipDesk } from './chipDesk.ts'
import type { ConsoleDesk } from './consoleDesk.ts'
import { consoleToolRoutes } from './consoleToolRoutes.ts'
import type { DumpDesk } from './dumpDesk.ts'
import type { InstallDesk } from './installDesk.ts'
import type { FindPortsDesk } from './findPortsDesk.ts'
import { findPortsRoutes } from './findPortsRoutes.ts'
import type { InventoryDesk } from './inventoryDesk.ts'
import { inventoryRoutes } from './inventoryRoutes.ts'
import { viewerOf } from './linkContext.ts'
import type { RestoreDesk } from './restoreDesk.ts'
import type { RackSetup } from './rackSetup.ts'
import type { ReportDesk } from './reportDesk.ts'
import type { BoardReleasesDesk } from './boardReleasesDesk.ts'
import { boardReleasesRoutes } from './boardReleasesRoutes.ts'
import type { FleetDesk } from './fleetKeeper.ts'
import { fleetRoutes } from './fleetRoutes.ts'
import type { Approvals } from './approvals.ts'
import { approvalsRoutes } from './approvalsRoutes.ts'
import type { RegistryDesk } from './registryKeeper.ts'
import type { DeviceUpdateDesk } from './deviceUpdateDesk.ts'
import { deviceUpdateRoutes } from './deviceUpdateRoutes.ts'
import { registryRoutes } from './registryRoutes.ts'
import { pictureRoutes } from './picturesRoutes.ts'
import { rackFiltersRoutes } from './rackFiltersRoutes.ts'
import { resumeJob } from './resumeJob.ts'

export interface RouterDeps extends Pick<SafetyDeps, 'audit' | 'secrets'> {
  readonly clock: Clock
  readonly log: (line: string) => void
  readonly rack: RackBook
  readonly setup: RackSetup
  readonly jobs: JobBook
  readonly desk: RestoreDesk
  readonly installs: InstallDesk
  readonly dumps: DumpDesk
  readonly burns: BurnDesk
  readonly agents: AgentDesk
  readonly chips: ChipDesk
  readonly reports: ReportDesk
  readonly captures: CaptureDesk
  readonly inventories: InventoryDesk
  readonly findPorts: FindPortsDesk
  readonly boots: BootsDesk
  readonly bundles: BundleDesk
  readonly registry: RegistryDesk
  readonly boardReleases: BoardReleasesDesk
  readonly deviceUpdates: DeviceUpdateDesk
  readonly batches: BatchDesk
  readonly fleet: FleetDesk
  readonly approvals: Approvals
  readonly consoleSettings: ConsoleSettingsFile
  readonly consoles: ConsoleDesk
  readonly socs: ReadonlyMap<string, Soc>
  readonly status: () => Promise<MachineStatus>
  readonly homeFolder: string
  readonly dataFolder: string
  readonly ports: () => Promise<PortInUse[]>
}

const statusEveryMs = 1_000
const noSignal = (): AbortSignal => new AbortController().signal

export const summaryOf = (job: Job): { id: Job['id']; workflow: Job['workflow']; title: string; camera: Job['camera']; pod: Job['pod']; state: Job['state']; verdict?: NonNullable<Job['verdict']>; queuedAtMs: number; elapsedMs?: number } => ({
  id: job.id, workflow: job.workflow, title: job.title, camera: job.camera, pod: job.pod, state: job.state, queuedAtMs: job.queuedAtMs,
  ...(job.verdict === undefined ? {} : { verdict: job.verdict }), ...(job.elapsedMs === undefined ? {} : { elapsedMs: job.elapsedMs }),
})

/** The contract's methods, one line each: nothing is decided here. Signals end with the link; jobs never hold one. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's, and half a page long
export function createRouter({ clock, log, rack, setup, jobs, desk, installs, dumps, burns, agents, chips, reports, captures, inventories, findPorts, boots, bundles, registry, boardReleases, deviceUpdates, batches, fleet, approvals, consoleSettings, consoles, socs, status, homeFolder, dataFolder, ports, audit, secrets }: RouterDeps) {
  const contract = implement(workbenchContract)
  const safety = safetyRoutes({ rack, clock, audit, secrets, dataFolder })
  return contract.router({
    system: {
      watchStatus: contract.system.watchStatus.handler(async function* ({ signal = noSignal() }) {
        while (!signal.aborted) {
          yield await status()
          await clock.sleep(statusEveryMs, signal).catch(() => undefined)
        }
      }),
      listFolder: contract.system.listFolder.handler(async ({ input, signal = noSignal() }) => listFolder(input.path === '' ? homeFolder : input.path, signal)),
      ports: contract.system.ports.handler(async () => ports()),
      here: contract.system.here.handler(() => ({})),
      chips: contract.system.chips.handler(() => [...socs.values()].flatMap(({ name, loadAddress }) => (loadAddress === undefined ? [] : [{ name, loadAddress }]))),
    },
    rack: {
      watch: contract.rack.watch.handler(async function* ({ signal = noSignal() }) {
        try {
          yield* rack.watch(signal)
        } catch (error) {
          // The viewer went away; that is how such a stream ends.
          if (!signal.aborted) throw error
        }
      }),
      addPod: contract.rack.addPod.handler(async ({ input, signal = noSignal() }) => ({ podId: (await setup.add(input, signal)).id })),
      setPower: contract.rack.setPower.handler(async ({ input, signal = noSignal() }) => { await setup.setPower(input.podId, input, signal); return {} }),
      removePod: contract.rack.removePod.handler(async ({ input }) => { await setup.remove(input.podId); return {} }),
      openDemo: contract.rack.openDemo.handler(async () => ({ pods: await setup.openDemo() })),
      closeDemo: contract.rack.closeDemo.handler(async () => { await setup.closeDemo(); return {} }),
      draw: contract.rack.draw.handler(({ input }) => rack.draw(input.cameraId)),
      power: contract.rack.power.handler(async ({ input }) => { await rack.power(input.cameraId, input.action, noSignal(), input.force); return {} }),
    },
    rackFilters: rackFiltersRoutes(dataFolder),
    inventory: inventoryRoutes(inventories),
    findPorts: findPortsRoutes(findPorts),
    registry: registryRoutes(registry),
    boardReleases: boardReleasesRoutes(boardReleases),
    deviceUpdates: deviceUpdateRoutes(deviceUpdates),
    batch: batchRoutes(batches, () => rack.pods()),
    fleet: fleetRoutes(fleet),
    approvals: approvalsRoutes(approvals, clock),
    pictures: pictureRoutes({ setup }),
    power: {
      testSwitch: contract.power.testSwitch.handler(async ({ input, signal = noSignal() }) => testSwitch(input, signal)),
      auditSwitch: contract.power.auditSwitch.handler(async ({ input, signal = noSignal() }) => auditSwitchWith(input, dataFolder, signal, audit)),
      ...safety.power,
    },
    audit: safety.audit,
    secrets: safety.secrets,
    consoles: {
      ...consoleToolRoutes(consoles, quietly),
      ...createBroadcastRoutes({ clock, consoles, consoleSettings, log }),
      type: contract.consoles.type.handler(async ({ input, context, signal = noSignal() }) => {
        await consoles.mayType(input.cameraId, input.viewer && viewerOf(context, input.viewer)).type(typedBytes(input.text, input.encoding), signal)
        return {}
      }),
      abilities: contract.consoles.abilities.handler(({ input }) => rack.camera(input.cameraId).console.abilities()),
      setLine: contract.consoles.setLine.handler(async ({ input: { cameraId, viewer, ...wish }, context, signal = noSignal() }) => { await consoles.mayType(cameraId, viewer && viewerOf(context, viewer)).setLine(wish, signal); return {} }),
      typing: contract.consoles.typing.handler(async ({ input }) => (await consoleSettings.read()).typing[input.cameraId] ?? defaultTyping),
      setTyping: contract.consoles.setTyping.handler(async ({ input: { cameraId, ...typing } }) => {
        await consoleSettings.change((settings) => ({ ...settings, typing: { ...settings.typing, [rack.camera(cameraId).spec.cameraId]: typing } }))
        return {}
      }),
      watchMarks: contract.consoles.watchMarks.handler(({ input, signal = noSignal() }) => quietly(watchMarks(rack.camera(input.cameraId).console, input.after, clock, signal), signal)),
    },
    captures: {
      sessions: contract.captures.sessions.handler(async ({ input }) => captures.sessions(input ?? {})),
      status: contract.captures.status.handler(() => captures.status()),
      search: contract.captures.search.handler(async ({ input, signal = noSignal() }) => captures.search(input, signal)),
      newLines: contract.captures.newLines.handler(async ({ input, signal = noSignal() }) => captures.newLines(input, signal)),
      read: contract.captures.read.handler(async ({ input, signal = noSignal() }) => captures.read(input, signal)),
      timeline: contract.captures.timeline.handler(async ({ input, signal = noSignal() }) => captures.timeline(input.session, jobs.list(), signal)),
      export: contract.captures.export.handler(async ({ input, signal = noSignal() }) => captures.export(input, signal)),
    },
    boots: bootsRoutes(boots),
    bundle: bundleRoutes(bundles),
    captureSettings: captureSettingsRoutes(captures),
    restore: {
      plan: contract.restore.plan.handler(async ({ input, signal = noSignal() }) => desk.plan(input, signal)),
      start: contract.restore.start.handler(async ({ input }) => ({ jobId: await desk.start(input.request, input.planHash, noSignal()) })),
      resume: contract.restore.resume.handler(async ({ input }) => ({ jobId: await resumeJob({ jobs, desk, installs }, input.jobId, noSignal()) })),
    },
    install: {
      plan: contract.install.plan.handler(async ({ input, signal = noSignal() }) => installs.plan(input, signal)),
      start: contract.install.start.handler(async ({ input }) => ({ jobId: await installs.start(input.request, input.planHash, noSignal()) })),
    },
    layout: { view: contract.layout.view.handler(({ input }) => viewLayout(input)) },
    chips: {
      list: contract.chips.list.handler(async ({ signal = noSignal() }) => [...await chips.list(signal)]),
      importProfiles: contract.chips.importProfiles.handler(async ({ input, signal = noSignal() }) => chips.importProfiles(input.source, signal)),
      getUboot: contract.chips.getUboot.handler(async ({ input, signal = noSignal() }) => chips.getUboot(input, signal)),
    },
    dump: {
      plan: contract.dump.plan.handler(async ({ input, signal = noSignal() }) => dumps.plan(input, signal)),
      start: contract.dump.start.handler(async ({ input }) => ({ jobId: await dumps.start(input.request, input.planHash, noSignal()) })),
    },
    burn: {
      plan: contract.burn.plan.handler(async ({ input }) => burns.plan(input)),
      start: contract.burn.start.handler(async ({ input }) => ({ jobId: await burns.start(input.request, input.planHash) })),
    },
    agent: {
      plan: contract.agent.plan.handler(async ({ input }) => agents.plan(input)),
      start: contract.agent.start.handler(async ({ input }) => ({ jobId: await agents.start(input.request, input.planHash) })),
    },
    diff: {
      compare: contract.diff.compare.handler(async ({ input, signal = noSignal() }) => dumps.diff(input, signal)),
    },
    jobs: {
      list: contract.jobs.list.handler(() => jobs.list().map(summaryOf)),
      watch: contract.jobs.watch.handler(({ input, signal = noSignal() }) => quietly(jobs.events(input.jobId, input.after, signal), signal)),
      watchList: contract.jobs.watchList.handler(async function* ({ signal = noSignal() }) {
        for await (const job of quietly(jobs.watchList(signal), signal)) yield summaryOf(job)
      }),
      cancel: contract.jobs.cancel.handler(({ input }) => { jobs.cancel(input.jobId); return {} }),
      report: contract.jobs.report.handler(async ({ input }) => reports.read(input.jobId, input.format)),
    },
  })
}

/** A stream whose viewer has left ends; it has not failed. */
async function* quietly<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, void> {
  try {
    yield* items
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
