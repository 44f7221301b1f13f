import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { captureLine, readCapture } from '../../composition/captureTools.ts'
import { recoverMpyBoard, updateMpyBoard } from '../../composition/mpyTools.ts'
import { makeReleaseDelta, makeReleaseDeltas, makeReleaseManifest, serveReleases } from '../../composition/releaseTools.ts'
import { auditSwitch, testSwitch } from '../../composition/switchTools.ts'
import { exportAudit, verifyAuditFile } from '../../composition/auditTools.ts'
import { serveReplay } from '../../composition/replayLine.ts'
import { registryTools } from '../../composition/registryTools.ts'
import { serveOneFile } from '../../composition/oneFileServer.ts'
import { deployOverSsh } from '../../composition/deployOverSsh.ts'
import { deployPackage } from '../../composition/deployPackage.ts'
import { runUpdater } from '../../composition/updaterService.ts'
import { detectOnLine } from '../../composition/lineTools.ts'
import { listPorts } from '../../composition/serialPorts.ts'
import { listFaults, runSimulator, startLoopbackRack } from '../../composition/simulator.ts'
import { dataFolderOf } from '../../composition/userFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { CliDeps, DemoTarget } from './cliWorkbench.ts'
import { listenForInterrupts } from './interrupts.ts'
import { openLocalWorkbench } from './localWorkbench.ts'
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

function depsOfProcess(): CliDeps {
  const root = join(import.meta.dirname, '../../../..')
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  const homeFolder = homedir()
  const nowMs = (): number => performance.now()
  const makeTempFolder = async (name: string): Promise<string> => mkdtemp(join(tmpdir(), `${name}-`))
  return {
    version, nowMs, makeTempFolder, listPorts, detect: detectOnLine, captureLine, readCapture, serveReplay, serveOneFile, testSwitch, auditSwitch, verifyAuditFile, exportAudit, registry: registryTools,
    releases: { makeManifest: makeReleaseManifest, makeDelta: makeReleaseDelta, makeDeltas: makeReleaseDeltas, serve: serveReleases }, mpy: { update: updateMpyBoard, recover: recoverMpyBoard },
    deployOverSsh,
    runUpdater: async (options, signal) => runUpdater(options, fetch, signal),
    deployPackage: async (request, signal) => deployPackage(request, fetch, signal),
    environment: process.env,
    dataFolder: dataFolderOf({ platform: process.platform, homeFolder, variables: process.env }),
    out: createLineWriter(process.stdout),
    err: createLineWriter(process.stderr),
    interrupt: listenForInterrupts(process, nowMs),
    openWorkbench: async (options) => openLocalWorkbench({ version, homeFolder, environment: process.env, resourcesFolder: join(root, 'resources') }, options),
    simulator: {
      faults: listFaults,
      run: async (options, out, log, signal) => {
        const folder = await makeTempFolder('rackbench-sim')
        try {
          await runSimulator({ ...options, folder }, out, log, signal)
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
  await mkdir(dataFolder, { recursive: true })
  const folder = await mkdtemp(join(dataFolder, 'simulator-'))
  const { urls: [url], ...rack } = await startLoopbackRack(folder, log)
  if (url === undefined) throw new WorkbenchError('internal/bug', 'The simulated rack has no pod')
  return { ...rack, url, close: async () => { await rack.close(); await rm(folder, { recursive: true, force: true }) } }
}
