import { readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { CameraId, JobId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Job } from '../../shared/jobs/reduceJob.ts'
import type { PowerMany, PowerStep } from '../../shared/rack/powerAct.schema.ts'
import type { MachineStatus } from '../../shared/rack/rackView.schema.ts'
import { auditLostJobs, createJobAudit } from '../core/audit/jobAudit.ts'
import { serveByteLane } from '../core/consoles/laneServer.ts'
import { createJobBook, type JobBook } from '../core/jobs/jobBook.ts'
import { createJobTurns } from '../core/jobs/jobTurns.ts'
import { createLeases } from '../core/rack/leases.ts'
import { createPictureBook } from '../core/pictures/pictureBook.ts'
import { type CameraEntry, createRackBook, type RackBook } from '../core/rack/rackBook.ts'
import { parseYaml } from '../drivers/files/yamlText.ts'
import { hashHex, newJobId, newShare, newToken } from '../drivers/host/randomness.ts'
import { isUnitSpec, unitIdOf } from '../drivers/power/openPortUnit.ts'
import { createScaledClock, createSystemClock } from '../drivers/host/systemClock.ts'
import { fetchSnapshot } from '../drivers/http/snapshotSource.ts'
import { systemFacts } from '../drivers/host/systemFacts.ts'
import { openSqliteJournal } from '../drivers/storage/sqliteJournal.ts'
import { createConsoleSettingsFile } from '../drivers/storage/consoleSettingsFile.ts'
import { sharedPorts } from '../drivers/transports/listSerialPorts.ts'
import { createSecretsBox, type SecretsBox } from '../drivers/storage/secretsBox.ts'
import { openSqliteLeases } from '../drivers/storage/sqliteLeases.ts'
import { createPodTftpBackend } from '../drivers/tftp/podTftpBackend.ts'
import { createUdpNetwork } from '../drivers/tftp/udpNetwork.ts'
import { type AgentDesk, createAgentDesk } from './agentDesk.ts'
import { type Approvals, createApprovals } from './approvals.ts'
import { type OpenAudit, openAudit } from './auditDesk.ts'
import { type BatchDesk, createBatchDesk } from './batchDesk.ts'
import { type BootsDesk, createBootsDesk } from './bootsDesk.ts'
import { type BoardReleasesDesk, createBoardReleasesDesk } from './boardReleasesDesk.ts'
import { type BundleDesk, createBundleDesk } from './bundleDesk.ts'
import { auditedSecrets } from './auditedSecrets.ts'
import { type BurnDesk, createBurnDesk } from './burnDesk.ts'
import { type CaptureDesk, createCaptureDesk } from './captureDesk.ts'
import { trackFlashSizes } from './cameraUse.ts'
import { type ChipDesk, createChipDesk } from './chipDesk.ts'
import { type ConsoleDesk, createConsoleDesk } from './consoleDesk.ts'
import { createApplianceWay } from './applianceUpdates.ts'
import { applianceWays, createSshWay } from './sshApplianceUpdates.ts'
import { createBoardWay } from './boardUpdates.ts'
import { createDeviceUpdateDesk, type DeviceUpdateDesk } from './deviceUpdateDesk.ts'
import { createDumpDesk, type DumpDesk } from './dumpDesk.ts'
import { createInstallDesk, type InstallDesk } from './installDesk.ts'
import { createFindPortsDesk, type FindPortsDesk } from './findPortsDesk.ts'
import { createInventoryDesk, type InventoryDesk } from './inventoryDesk.ts'
import { journalHealth } from './journalHealth.ts'
import { powerMany } from './powerMany.ts'
import { createRackSetup, type RackSetup } from './rackSetup.ts'
import { createRackStore } from './rackStore.ts'
import { createClientPower } from './clientPower.ts'
import { createFleetDesk, type FleetDesk } from './fleetKeeper.ts'
import { createRegistryDesk, type RegistryDesk } from './registryKeeper.ts'
import { prepareFolder } from './prepareFolder.ts'
import { createReportDesk, type ReportDesk } from './reportDesk.ts'
import { createRestoreDesk, readSocs, type RestoreDesk, type RestoreDeskDeps } from './restoreDesk.ts'
import { createRouter } from './router.ts'
import { listPortsWithUse } from './serialPorts.ts'
import { watchSlowBoots } from './slowBoots.ts'
import { createStartFacts } from './startFacts.ts'
import { createTftpDoor } from './tftpDoor.ts'
import type { HostEnvironment, Workbench } from './workbench.ts'

/** The inside, for the command line, which needs no link. */
export interface OpenWorkbench extends Workbench {
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
  readonly audit: OpenAudit
  readonly consoles: ConsoleDesk
  readonly boots: BootsDesk
  readonly bundles: BundleDesk
  readonly registry: RegistryDesk
  readonly boardReleases: BoardReleasesDesk
  readonly deviceUpdates: DeviceUpdateDesk
  readonly batches: BatchDesk
  readonly fleet: FleetDesk
  /** One for all doors of this process: two would write over each other. */
  readonly approvals: Approvals
  readonly secrets: SecretsBox
  readonly many: (request: PowerMany, signal: AbortSignal, force?: string) => AsyncIterable<PowerStep>
}

export interface WorkbenchOptions {
  /** Who answers "switch the camera off and on now". A window shows the phase; a terminal prints. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<void>
  /** Pods that were set up before; the command line works with the one it was given. */
  readonly loadRack?: boolean
}

/** A start has more urgent things to do than to read what was captured. */
const indexAfterMs = 2_000
/** Until the camera has been seen to start, which the caller's signal tells. */
const waitForSignal = async (signal: AbortSignal): Promise<void> => {
  await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
}

const offline: typeof globalThis.fetch = async () => Promise.reject(new WorkbenchError('link/unreachable', 'This host does not reach the network'))

/** The only place that makes everything. Opens the journal and, with `loadRack`, every console of the rack. */
export async function createWorkbench(environment: HostEnvironment, options: WorkbenchOptions = {}): Promise<OpenWorkbench> {
  const { log, dataFolder, resourcesFolder } = environment
  const clock = createSystemClock()
  prepareFolder(dataFolder)
  const socs = readSocs(JSON.parse(await readFile(join(resourcesFolder, 'soc.json'), 'utf8')))
  const file = join(dataFolder, 'journal.sqlite')
  const journal = openSqliteJournal(file, { log })
  const audit = openAudit(environment, clock)
  const leaseStore = openSqliteLeases(file)
  const leases = createLeases({ store: leaseStore, clock, log })
  const jobAudit = createJobAudit(audit, (job) => rack.find(job.camera)?.spec.cameraName ?? (job.workflow === 'update' ? job.plan.cameraName : job.camera))
  const jobs = createJobBook({ journal, clock, log, newJobId: () => newJobId(clock.wallMs()), turns: createJobTurns({ clock, supplyOf: (camera) => supplyOf(rack.find(camera)), inAll: environment.jobsAtOnce }), beforeStart: (job) => { jobAudit.before(job) } })
  auditLostJobs(audit, jobs.list())
  jobs.listen((job) => { jobAudit.after(job) })
  const jobOf = trackNewestJobs(jobs)
  const captures = createCaptureDesk({ clock, dataFolder, log, leases: leaseStore, audit })
  const pictures = createPictureBook({ clock, fetch: fetchSnapshot, log })
  const consoleSettings = createConsoleSettingsFile(join(dataFolder, 'consoles.json'))
  const consoles = createConsoleDesk({ clock, dataFolder, log, leases, jobs, consoleSettings, rack: () => rack, dumps: () => dumps })
  await consoles.load()
  const rack: RackBook = createRackBook({ pictures, clock, log, leases, audit, breakOff: (job, error) => { jobs.breakOff(job.id, error) }, jobOf, flashBytesOf: trackFlashSizes(jobs), findJob: (id) => jobs.find(id), captures: captures.store, alarmsOf: consoles.rules.alarms, powerTrouble: consoles.rules.powerTrouble, watchBytes: consoles.rules.received, watchJobs: (listener) => { jobs.listen(listener) }, startFactsOf: createStartFacts({ clock, socs, log, chips: () => chips }) })
  const network = createUdpNetwork()
  const tftp = createTftpDoor({ network, clock, port: environment.tftpPort, log })
  const ask = options.ask ?? (async (_question: string, signal: AbortSignal) => waitForSignal(signal))
  const store = createRackStore({ path: join(dataFolder, 'rack.json'), leases, clock })
  const secrets = await auditedSecrets(createSecretsBox({ folder: join(dataFolder, 'secrets'), oldFile: join(dataFolder, 'secrets.json'), vault: environment.keyVault, log }), audit, log)
  const setup = createRackSetup({ clock, rack, socs, dataFolder, demoCameras: environment.demoCameras, store, leases, log, ask, secrets, audit, environment: environment.commandEnvironment ?? {}, serialPorts: sharedPorts(environment.serialPorts),
    // Simulators are loaded for a demonstration, not for a rack.
    openNodes: async (signal) => { const { demoNodesPace, openDemoNodes } = await import('./demoNodes.ts'); return openDemoNodes({ registry: await registry.registry(), clock: createScaledClock(clock, demoNodesPace), hostClock: clock, random: newShare, log }, signal) },
    openDevices: async (signal) => (await import('./demoDevices.ts')).openDemoDevices({ desk: deviceUpdates, fetch: environment.fetch ?? offline, clock, audit, log }, signal),
    openScreens: async () => ({ close: await fleet.invite((await import('./demoScreens.ts')).demoScreens(clock)) }) })
  const writing: Omit<RestoreDeskDeps, 'tools'> = {
    clock, rack, jobs, leases, audit, socs, dataFolder, ask, tftpPort: environment.tftpPort,
    openTftp: async (plan, camera, signal) => {
      const { pod } = camera.devices
      if (plan.tftp.via === 'host' || !pod) return tftp.open(plan, newToken(), signal)
      return { backend: createPodTftpBackend({ pod, serverAddress: plan.tftp.serverAddress, cameraAddress: plan.tftp.cameraAddress }), close: async () => undefined }
    },
  }
  const desk = createRestoreDesk({ ...writing, tools: { hashHex, parseYaml } })
  const installs = createInstallDesk(writing)
  const dumps: DumpDesk = createDumpDesk({
    clock, rack, jobs, leases, socs, dataFolder, ask, tftpPort: environment.tftpPort,
    tools: { hashHex, parseYaml }, openUploads: async (plan, signal) => tftp.openUploads(plan, signal),
  })
  const burns = createBurnDesk({ clock, rack, jobs, leases, socs, dataFolder, ask })
  const agents = createAgentDesk({ clock, rack, jobs, leases, audit, socs, dataFolder, ask })
  const chips = createChipDesk({ clock, socs, dataFolder, fetch: environment.fetch ?? offline, ubootUrl: environment.ubootUrl })
  const inventories = createInventoryDesk({ clock, store, rack, setup, jobs, leases, audit, captures, ports: async () => listPortsWithUse(rack, leases, environment.serialPorts), mdns: environment.mdns, isLoaded: options.loadRack === true })
  const findPorts = createFindPortsDesk({ clock, rack, setup, secrets, leases, audit })
  const boots = createBootsDesk(captures)
  const bundles = createBundleDesk({ clock, captures, jobs, rack, dataFolder, versions: { Rackbench: environment.version, Host: environment.host, ...systemFacts() } })
  const registry = createRegistryDesk({ clock, dataFolder, audit, secrets, who: environment.host, log })
  const boardReleases = createBoardReleasesDesk({ clock, dataFolder, leases, audit, log })
  const deviceUpdates = createDeviceUpdateDesk({ clock, dataFolder, jobs, leases, ways: { appliance: applianceWays(createApplianceWay({ clock, fetch: environment.fetch ?? offline }), createSshWay({ clock, dataFolder, audit })), board: createBoardWay({ dataFolder }) } })
  const batches = createBatchDesk({ clock, dataFolder, redisUrl: environment.redisUrl, log, rack, jobs, desk, installs })
  const fleet = createFleetDesk({ clock, dataFolder, secrets, log, audit, power: createClientPower({ rack, audit }) })
  const approvals = createApprovals(dataFolder, clock.wallMs)
  const reports = createReportDesk({ jobs, folder: join(dataFolder, 'reports') })
  const reportWriter = writeReportsAtTheEnd(jobs, reports, log)
  const status = statusOf({ environment, clock: () => clock.wallMs(), rack, tftp: () => tftp.state(), journal })
  const stop = new AbortController()
  if (options.loadRack === true) {
    // A search before that starts it at once.
    clock.sleep(indexAfterMs, stop.signal).then(() => { captures.startIndex() }, () => undefined)
    watchSlowBoots({ boots, rules: consoles.rules, clock, log }, stop.signal).catch((error: unknown) => { log(`boots are no longer compared: ${String(error)}`) })
    await registry.start()
    await boardReleases.start()
    await fleet.start()
    await setup.load()
    // A file that cannot be read keeps nobody from the cameras.
    await batches.work().catch((error: unknown) => { log(`batches do not go on: ${String(error)}`) })
    // A command on this computer changes the same rack.
    store.follow(async () => setup.takeUp(), stop.signal).catch((error: unknown) => { if (!stop.signal.aborted) log(`the rack file is no longer followed: ${String(error)}`) })
  }
  let closing: Promise<void> | undefined

  return {
    router: createRouter({ clock, log, rack, setup, jobs, desk, installs, dumps, burns, agents, chips, reports, captures, boots, bundles, registry, boardReleases, deviceUpdates, batches, fleet, approvals, inventories, findPorts, consoleSettings, consoles, socs, status, homeFolder: environment.homeFolder, dataFolder, audit, secrets, ports: async () => listPortsWithUse(rack, leases, environment.serialPorts) }),
    serveLane: (end) => { serveByteLane({ end, clock, pictures, consoleOf: (camera) => rack.find(camera)?.console }) },
    rack, setup, jobs, desk, installs, dumps, burns, agents, chips, reports, captures, inventories, findPorts, audit, consoles, boots, bundles, registry, boardReleases, deviceUpdates, batches, fleet, approvals, secrets,
    many: (request, signal, force) => powerMany({ rack, clock }, request, signal, force),
    close: async () => {
      closing ??= (async () => {
        // A script gives its console back first.
        await consoles.close()
        // Before the jobs: an attempt that is cut ends as interrupted, and its result is kept.
        await batches.close()
        await jobs.close()
        // The last job ended a moment ago; a program that exits now would leave half a report.
        await reportWriter.settled()
        stop.abort()
        // Its nodes ask the registry to the last.
        await setup.closeDemo()
        await registry.close()
        await boardReleases.close()
        await fleet.close()
        await rack.close()
        pictures.close()
        await tftp.close()
        // After the consoles: what they said last is still to be kept.
        await captures.close()
        leaseStore.close()
        audit.close()
        journal.close()
      })()
      return closing
    },
  }
}

/** A switch or a unit with several outlets; a pod and a person feed one camera each. */
const supplyOf = (entry: CameraEntry | undefined): string | undefined => (isUnitSpec(entry?.spec.power) ? unitIdOf(entry.spec.power) : undefined)

function trackNewestJobs(jobs: JobBook): (camera: CameraId) => Job | undefined {
  const newest = new Map<CameraId, Job>()
  for (const job of jobs.list().reverse()) newest.set(job.camera, job)
  jobs.listen((job) => {
    const known = newest.get(job.camera)
    if (!known || known.id === job.id || job.queuedAtMs >= known.queuedAtMs) newest.set(job.camera, job)
  })
  return (camera) => newest.get(camera)
}

function writeReportsAtTheEnd(jobs: JobBook, reports: ReportDesk, log: (line: string) => void): { settled(): Promise<void> } {
  const writing = new Set<Promise<void>>()
  const write = async (id: JobId): Promise<void> => {
    try {
      await reports.read(id, 'html')
      await reports.read(id, 'json')
    } catch (error) {
      log(`report of ${id}: ${String(error)}`)
    }
  }
  jobs.listen((job, event) => {
    if (!event.type.startsWith('job-') || event.type === 'job-queued' || event.type === 'job-started') return
    const one = write(job.id as JobId).finally(() => { writing.delete(one) })
    writing.add(one)
  })
  return { settled: async () => { await Promise.all(writing) } }
}

interface StatusDeps {
  readonly environment: HostEnvironment
  readonly clock: () => number
  readonly rack: RackBook
  readonly tftp: () => MachineStatus['tftp']
  readonly journal: { count(): number; damaged(): number }
}

function statusOf({ environment, clock, rack, tftp, journal }: StatusDeps): () => Promise<MachineStatus> {
  return async () => {
    const cameras = rack.view().pods.flatMap((pod) => pod.cameras)
    const disk = await statfs(environment.dataFolder)
    const freeBytes = disk.bavail * disk.bsize
    return {
      version: environment.version, host: environment.host, dataFolder: environment.dataFolder,
      journal: { ...journalHealth(journal.damaged(), freeBytes), events: journal.count() },
      tftp: tftp(), consoles: cameras.filter((camera) => camera.console === 'open' || camera.console === 'lent').length,
      consoleBytesPerSecond: cameras.reduce((sum, camera) => sum + (camera.activity.at(-1) ?? 0), 0),
      bytesLost: cameras.reduce((sum, camera) => sum + camera.bytesLost, 0),
      freeBytes, atMs: clock(),
    }
  }
}
