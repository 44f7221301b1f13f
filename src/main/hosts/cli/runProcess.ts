import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { hostAddresses } from '../../composition/hostAddresses.ts'
import { listFaults } from '../../composition/simulatorFaults.ts'
import { prepareFolder } from '../../composition/prepareFolder.ts'
import { dataFolderOf } from '../../composition/userFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { CliDeps, DemoTarget } from './cliWorkbench.ts'
import { listenForInterrupts } from './interrupts.ts'
import { runCli } from './main.ts'
import { createLineWriter } from './output/lineWriter.ts'
import { serveInBrowser } from './serveInBrowser.ts'

/** What is still open this long after the end is a leak, and no reason to keep a script waiting. */
const leaveAfterMs = 3_000

/** The command of this process; the outside world comes in here and nowhere else. */
export async function runProcess(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), depsOfProcess())
  setTimeout(() => { process.exit() }, leaveAfterMs).unref()
}

type Work<Given extends readonly unknown[], Result> = (...given: Given) => Promise<Result>
const late = <Given extends readonly unknown[], Result>(load: () => Promise<Work<Given, Result>>): Work<Given, Result> => async (...given) => (await load())(...given)

/** The greatest part of the program is loaded when it is asked for: an updater on a small computer never asks. */
const lateTools: Pick<CliDeps, 'batch' | 'registry' | 'releases' | 'serveOneFile' | 'verifyAuditFile' | 'exportAudit' | 'mpy' | 'runFleetAgent' | 'tellServiceFailed' | 'fleet' | 'deployOverSsh' | 'listPorts' | 'detect' | 'captureLine' | 'readCapture' | 'serveReplay' | 'testSwitch' | 'auditSwitch'> = {
  batch: {
    readPlan: late(async () => (await import('../../composition/batchFiles.ts')).readBatchPlan),
    render: async (batch, format) => (await import('../../composition/batchDesk.ts')).renderBatch(batch, format),
    checkReport: late(async () => (await import('../../composition/batchFiles.ts')).checkReportPath),
    writeReport: late(async () => (await import('../../composition/batchFiles.ts')).writeWhole),
  },
  registry: {
    withRegistry: async (place, work) => (await import('../../composition/registryTools.ts')).registryTools.withRegistry(place, work),
    serve: late(async () => (await import('../../composition/registryTools.ts')).registryTools.serve),
    send: late(async () => (await import('../../composition/registryTools.ts')).registryTools.send),
    firmwareFile: late(async () => (await import('../../composition/registryTools.ts')).registryTools.firmwareFile),
    readToken: late(async () => (await import('../../composition/registryTools.ts')).registryTools.readToken),
  },
  releases: {
    makeManifest: late(async () => (await import('../../composition/releaseTools.ts')).makeReleaseManifest),
    makeDelta: late(async () => (await import('../../composition/releaseTools.ts')).makeReleaseDelta),
    makeDeltas: late(async () => (await import('../../composition/releaseTools.ts')).makeReleaseDeltas),
    serve: late(async () => (await import('../../composition/releaseTools.ts')).serveReleases),
    makePackage: late(async () => (await import('../../composition/packageTools.ts')).makePackage),
    makePackageOfChanges: late(async () => (await import('../../composition/packageTools.ts')).makePackageOfChanges),
  },
  serveOneFile: late(async () => (await import('../../composition/oneFileServer.ts')).serveOneFile),
  verifyAuditFile: late(async () => (await import('../../composition/auditTools.ts')).verifyAuditFile),
  exportAudit: late(async () => (await import('../../composition/auditTools.ts')).exportAudit),
  mpy: {
    update: late(async () => (await import('../../composition/mpyTools.ts')).updateMpyBoard),
    recover: late(async () => (await import('../../composition/mpyTools.ts')).recoverMpyBoard),
  },
  runFleetAgent: async (request, signal) => (await import('../../composition/fleetAgentService.ts')).runFleetAgent(request, { random: Math.random }, signal),
  tellServiceFailed: async (request, signal) => (await import('../../composition/fleetAgentService.ts')).tellServiceFailed(request, { random: Math.random }, signal),
  fleet: {
    send: late(async () => (await import('../../composition/fleetTools.ts')).fleetTools.send),
    wait: late(async () => (await import('../../composition/fleetTools.ts')).fleetTools.wait),
    list: late(async () => (await import('../../composition/fleetTools.ts')).fleetTools.list),
  },
  deployOverSsh: late(async () => (await import('../../composition/deployOverSsh.ts')).deployOverSsh),
  listPorts: late(async () => (await import('../../composition/serialPorts.ts')).listPorts),
  detect: late(async () => (await import('../../composition/lineTools.ts')).detectOnLine),
  captureLine: late(async () => (await import('../../composition/captureTools.ts')).captureLine),
  readCapture: late(async () => (await import('../../composition/captureTools.ts')).readCapture),
  serveReplay: late(async () => (await import('../../composition/replayLine.ts')).serveReplay),
  testSwitch: late(async () => (await import('../../composition/switchTools.ts')).testSwitch),
  auditSwitch: late(async () => (await import('../../composition/switchTools.ts')).auditSwitch),
}

function depsOfProcess(): CliDeps {
  const root = join(import.meta.dirname, '../../../..')
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  const homeFolder = homedir()
  const nowMs = (): number => performance.now()
  const makeTempFolder = async (name: string): Promise<string> => mkdtemp(join(tmpdir(), `${name}-`))
  return {
    version, nowMs, makeTempFolder, hostAddresses, ...lateTools,
    approvals: async (folder) => (await import('../../composition/approvals.ts')).createApprovals(folder, Date.now),
    doorTokens: async (folder) => (await import('../../composition/doorTokens.ts')).createDoorTokens(folder, Date.now),
    checkAppliance: async (root, signal) => (await import('../../composition/applianceVersions.ts')).checkAppliance(root, signal),
    makeFactory: async (root, tell, signal) => (await import('../../composition/applianceVersions.ts')).makeFactory(root, tell, signal),
    runUpdater: async (options, signal) => (await import('../../composition/updaterService.ts')).runUpdaterProcess(options, fetch, signal),
    deployPackage: async (request, signal) => (await import('../../composition/deployPackage.ts')).deployPackage(request, fetch, signal),
    environment: process.env,
    dataFolder: dataFolderOf({ platform: process.platform, homeFolder, variables: process.env }),
    out: createLineWriter(process.stdout),
    err: createLineWriter(process.stderr),
    interrupt: listenForInterrupts(process, nowMs),
    openWorkbench: async (options) => (await import('./localWorkbench.ts')).openLocalWorkbench({ version, homeFolder, environment: process.env, resourcesFolder: join(root, 'resources') }, options),
    simulator: {
      faults: listFaults,
      run: async (options, out, log, signal) => {
        const folder = await makeTempFolder('rackbench-sim')
        try {
          await (await import('../../composition/simulator.ts')).runSimulator({ ...options, folder }, out, log, signal)
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
      },
      startDemo,
    },
    serve: serveInBrowser,
  }
}

/** Its images and stand-ins go with it; journal and report stay. */
async function startDemo(dataFolder: string, log: (line: string) => void): Promise<DemoTarget> {
  prepareFolder(dataFolder)
  const folder = await mkdtemp(join(dataFolder, 'simulator-'))
  const { urls: [url], ...rack } = await (await import('../../composition/simulator.ts')).startLoopbackRack(folder, log)
  if (url === undefined) throw new WorkbenchError('internal/bug', 'The simulated rack has no pod')
  return { ...rack, url, close: async () => { await rack.close(); await rm(folder, { recursive: true, force: true }) } }
}
