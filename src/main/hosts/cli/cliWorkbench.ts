import type { captureLine, readCapture } from '../../composition/captureTools.ts'
import type { auditSwitch, testSwitch } from '../../composition/switchTools.ts'
import type { recoverMpyBoard, updateMpyBoard } from '../../composition/mpyTools.ts'
import type { makePackage, makePackageOfChanges } from '../../composition/packageTools.ts'
import type { makeReleaseDelta, makeReleaseDeltas, makeReleaseManifest, serveReleases } from '../../composition/releaseTools.ts'
import type { SshDeployRequest } from '../../composition/deployOverSsh.ts'
import type { DeployRequest, Deployed } from '../../composition/deployPackage.ts'
import type { FleetAgentRequest, ServiceFailedRequest } from '../../composition/fleetAgentService.ts'
import type { checkAppliance, makeFactory } from '../../composition/applianceVersions.ts'
import type { UpdaterServiceOptions } from '../../composition/updaterService.ts'
import type { exportAudit, verifyAuditFile } from '../../composition/auditTools.ts'
import type { OpenAudit } from '../../composition/auditDesk.ts'
import type { PowerMany, PowerStep } from '../../../shared/rack/powerAct.schema.ts'
import type { SecretsPlace } from '../../../shared/secrets/secrets.schema.ts'
import type { serveReplay } from '../../composition/replayLine.ts'
import type { Approvals } from '../../composition/approvals.ts'
import type { DoorTokens } from '../../composition/doorTokens.ts'
import type { FleetTools } from '../../composition/fleetTools.ts'
import type { RegistryTools } from '../../composition/registryTools.ts'
import type { hostAddresses } from '../../composition/hostAddresses.ts'
import type { serveOneFile } from '../../composition/oneFileServer.ts'
import type { DetectRequest } from '../../composition/lineTools.ts'
import type { AgentPlan, AgentRequest } from '../../../shared/agent/agent.schema.ts'
import type { FindPortsDesk } from '../../composition/findPortsDesk.ts'
import type { RackFilterTools } from '../../composition/rackFilterTools.ts'
import type { InventoryDesk } from '../../composition/inventoryDesk.ts'
import type { RackSetup } from '../../composition/rackSetup.ts'
import type { BatchDesk, BatchTools } from '../../composition/batchDesk.ts'
import type { batchFacts } from '../../composition/batchFacts.ts'
import type { BatchPlan } from '../../../shared/batch/batchPlan.schema.ts'
import type { BootsDesk } from '../../composition/bootsDesk.ts'
import type { BundleDesk } from '../../composition/bundleDesk.ts'
import type { CaptureDesk } from '../../composition/captureDesk.ts'
import type { ChipDesk } from '../../composition/chipDesk.ts'
import type { BurnPlan, BurnRequest } from '../../../shared/burn/burn.schema.ts'
import type { ChipView } from '../../../shared/devices/chipView.schema.ts'
import type { CameraId, JobId } from '../../../shared/devices/ids.ts'
import type { ScriptView } from '../../../shared/consoles/consoleTools.schema.ts'
import type { DiffRequest, DumpDiff } from '../../../shared/dump/diff.schema.ts'
import type { DumpPlan, DumpRequest } from '../../../shared/dump/dump.schema.ts'
import type { InstallPlan, InstallRequest } from '../../../shared/install/install.schema.ts'
import type { JobEvent } from '../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import type { RestorePlan, RestoreRequest } from '../../../shared/restore/restore.schema.ts'

export interface CliTarget {
  readonly url: string
  readonly chip: string
  readonly name: string
  /** `rack`: the pod cycles the power. `environment`: what the DEFIB_ variables name does. `manual`: a person does. */
  readonly power: 'rack' | 'environment' | 'manual'
  /** Of the switch, as it was named. */
  readonly poePort?: string | undefined
}

export type CliRestoreRequest = RestoreRequest

/** What the command line needs of the workbench, in one process and without a link. */
export interface CliWorkbench {
  /** For this run only: it is not remembered. */
  addTarget(target: CliTarget): Promise<CameraId>
  /** Touches neither camera nor flash; what stands in the way is in `refusals`. */
  planRestore(request: CliRestoreRequest, signal: AbortSignal): Promise<RestorePlan>
  startRestore(plan: RestorePlan, signal: AbortSignal): Promise<JobId>
  planInstall(request: InstallRequest, signal: AbortSignal): Promise<InstallPlan>
  startInstall(plan: InstallPlan, signal: AbortSignal): Promise<JobId>
  planDump(request: DumpRequest, signal: AbortSignal): Promise<DumpPlan>
  startDump(plan: DumpPlan, signal: AbortSignal): Promise<JobId>
  planBurn(request: BurnRequest): Promise<BurnPlan>
  startBurn(plan: BurnPlan): Promise<JobId>
  planAgent(request: AgentRequest): Promise<AgentPlan>
  startAgent(plan: AgentPlan): Promise<JobId>
  diff(request: DiffRequest, signal: AbortSignal): Promise<DumpDiff>
  /** Until it ends; the signal stops it. Each entry of its log is told once. */
  runScript(cameraId: CameraId, script: { readonly name: string; readonly text: string }, tell: (entry: ScriptView['log'][number]) => void, signal: AbortSignal): Promise<ScriptView>
  /** Events after `after`, replay first, then live; ends when the job has ended. */
  watch(jobId: JobId, after: number, signal: AbortSignal): AsyncIterable<JobEvent>
  cancel(jobId: JobId): void
  report(jobId: JobId): Promise<{ readonly htmlPath: string; readonly jsonPath: string }>
  /** Newest first, of every earlier run too. */
  jobs(): readonly Job[]
  chips(signal: AbortSignal): Promise<readonly ChipView[]>
  readonly importProfiles: ChipDesk['importProfiles']
  readonly getUboot: ChipDesk['getUboot']
  readonly captures: Pick<CaptureDesk, 'sessions' | 'search' | 'newLines' | 'caughtUp' | 'export' | 'settings' | 'changeSettings'>
  /** The rack that is remembered; no console is opened for it. */
  readonly inventories: InventoryDesk
  /** Changes the remembered rack, as the window's dialogs do. */
  readonly pods: Pick<RackSetup, 'addToFile' | 'remove'>
  readonly findPorts: FindPortsDesk
  readonly rackFilters: RackFilterTools
  readonly boots: BootsDesk
  readonly bundles: BundleDesk
  readonly batches: BatchDesk
  /** Opens the consoles of the cameras that the plan means, or the simulated rack. */
  openBatchRack(plan: BatchPlan, isDemo: boolean, signal: AbortSignal): Promise<{ readonly cameras: number }>
  /** Those cameras, with nothing opened. */
  chooseForBatch(plan: BatchPlan, isDemo: boolean): ReturnType<BatchDesk['choose']>
  /** The plan that lies beside the demo rack, which is open then. */
  demoNight(): Promise<BatchPlan>
  /** After one of these two. */
  checkBatch(plan: BatchPlan, isDemo: boolean, signal: AbortSignal): ReturnType<BatchDesk['check']>
  readonly batchSummary: typeof batchFacts.summary
  readonly compareBatches: typeof batchFacts.compare
  readonly audit: Pick<OpenAudit, 'list' | 'verify' | 'lines'>
  secretsPlace(): Promise<SecretsPlace>
  /** Of the remembered rack. */
  powerCameras(): Promise<readonly { readonly id: CameraId; readonly name: string }[]>
  powerMany(request: PowerMany, signal: AbortSignal, force?: string): AsyncIterable<PowerStep>
  close(): Promise<void>
}

export interface OpenWorkbenchOptions {
  readonly dataFolder: string
  readonly tftpPort: number
  /** Instead of `RACKBENCH_REDIS`. */
  readonly redisUrl?: string | undefined
  readonly log: (line: string) => void
  /** Shown to the person; the signal takes the question away. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
}

export interface SimOptions {
  readonly pods: number
  readonly portBase: number
  readonly rfc2217Base?: number | undefined
  readonly speed: 'fast' | 'real'
  readonly flashMb: 8 | 16 | 32
  readonly faults: readonly string[]
  readonly host: string
}

/** One simulated pod on loopback, with everything that a restore of its camera needs. */
export interface DemoTarget {
  readonly url: string
  readonly chip: string
  readonly profilePath: string
  readonly ubootPath: string
  readonly imagesFolder: string
  close(): Promise<void>
}

/** The world of a command: all that is outside comes in here, so that tests can be the outside. */
export interface CliDeps {
  readonly version: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly dataFolder: string
  readonly out: LineWriter
  readonly err: LineWriter
  /** Aborts at the first SIGINT; `onAgain` hears of every later one. */
  readonly interrupt: { readonly signal: AbortSignal; readonly onAgain: (listener: () => void) => void }
  readonly nowMs: () => number
  readonly openWorkbench: (options: OpenWorkbenchOptions) => Promise<CliWorkbench>
  readonly listPorts: () => Promise<readonly {
    readonly openPath: string; readonly device: string; readonly adapter: string; readonly identity: string | undefined
    /** For scripts. */
    readonly json: Readonly<Record<string, string | number | null>>
  }[]>
  readonly detect: (request: DetectRequest, signal: AbortSignal) => Promise<{ readonly protocol: string; readonly chipId?: number; readonly evidence: string }>
  readonly captureLine: typeof captureLine
  readonly readCapture: typeof readCapture
  readonly serveReplay: typeof serveReplay
  readonly testSwitch: typeof testSwitch
  readonly auditSwitch: typeof auditSwitch
  readonly serveOneFile: typeof serveOneFile
  readonly hostAddresses: typeof hostAddresses
  readonly registry: RegistryTools
  readonly approvals: (dataFolder: string) => Promise<Approvals>
  readonly doorTokens: (dataFolder: string) => Promise<DoorTokens>
  readonly batch: Omit<BatchTools, 'render'> & { readonly render: (...given: Parameters<BatchTools['render']>) => string | Promise<string> }
  readonly fleet: FleetTools
  readonly checkAppliance: typeof checkAppliance
  readonly makeFactory: typeof makeFactory
  readonly runUpdater: (options: UpdaterServiceOptions, signal: AbortSignal) => Promise<void>
  readonly runFleetAgent: (request: FleetAgentRequest, signal: AbortSignal) => Promise<void>
  readonly tellServiceFailed: (request: ServiceFailedRequest, signal: AbortSignal) => Promise<void>
  readonly deployOverSsh: (request: SshDeployRequest, signal: AbortSignal) => Promise<Deployed>
  readonly deployPackage: (request: DeployRequest, signal: AbortSignal) => Promise<Deployed>
  readonly verifyAuditFile: typeof verifyAuditFile
  readonly exportAudit: typeof exportAudit
  readonly releases: { readonly makeManifest: typeof makeReleaseManifest; readonly makeDelta: typeof makeReleaseDelta; readonly makeDeltas: typeof makeReleaseDeltas; readonly serve: typeof serveReleases; readonly makePackage: typeof makePackage; readonly makePackageOfChanges: typeof makePackageOfChanges }
  readonly mpy: { readonly update: typeof updateMpyBoard; readonly recover: typeof recoverMpyBoard }
  readonly makeTempFolder: (name: string) => Promise<string>
  readonly simulator: {
    readonly faults: () => readonly { readonly name: string; readonly sentence: string }[]
    readonly run: (options: SimOptions, out: (line: string) => void, log: (line: string) => void, signal: AbortSignal) => Promise<void>
    readonly startDemo: (folder: string, log: (line: string) => void) => Promise<DemoTarget>
  }
  /** Serves the window to a browser until the signal aborts. */
  readonly serve: (options: ServeOptions, signal: AbortSignal) => Promise<void>
}

export interface ServeOptions {
  readonly port: number
  readonly open: boolean
  readonly dataFolder: string
  readonly redisUrl?: string | undefined
  readonly log: (line: string) => void
  readonly out: (line: string) => void
}

export interface LineWriter {
  readonly isTerminal: boolean
  readonly columns: number
  line(text: string): void
  /** Replaces the last status on a terminal; nothing elsewhere. An empty text takes it away. */
  status(text: string): void
}
