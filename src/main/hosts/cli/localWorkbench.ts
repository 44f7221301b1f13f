import { join } from 'node:path'
import { createWorkbench } from '../../composition/createWorkbench.ts'
import { batchTools } from '../../composition/batchDesk.ts'
import { batchFacts } from '../../composition/batchFacts.ts'
import { createRackFilterTools } from '../../composition/rackFilterTools.ts'
import { jobsAtOnceOf } from '../../composition/jobsAtOnce.ts'
import type { CliWorkbench, OpenWorkbenchOptions } from './cliWorkbench.ts'

export interface LocalFacts {
  readonly version: string
  readonly homeFolder: string
  readonly resourcesFolder: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The workbench of this process, with the one camera that the command names. */
export async function openLocalWorkbench({ version, homeFolder, resourcesFolder, environment }: LocalFacts, { dataFolder, tftpPort, redisUrl, log, ask }: OpenWorkbenchOptions): Promise<CliWorkbench> {
  const { setup, desk, installs, dumps, burns, agents, chips, jobs, reports, captures, inventories, findPorts, boots, bundles, consoles, close, audit, secrets, rack, many, batches } = await createWorkbench({ host: 'cli', version, dataFolder, resourcesFolder, homeFolder, tftpPort, log, commandEnvironment: environment, fetch: globalThis.fetch, ubootUrl: environment['RACKBENCH_UBOOT_URL'], redisUrl: redisUrl ?? environment['RACKBENCH_REDIS'], demoCameras: Number(environment['RACKBENCH_DEMO_CAMERAS']), jobsAtOnce: jobsAtOnceOf(environment) }, { ask })
  return {
    addTarget: async ({ url, chip, name, power, poePort }) => {
      const lineName = await setup.nameOfLine(url)
      // A camera of the rack stays that camera: what was learnt and said of it counts here, too.
      const known = await setup.knownOn(lineName)
      return setup.addForNow({ url, chip, name: '', cameraName: known?.cameraName ?? name }, power === 'environment' ? { environment, poePort, linePath: url } : undefined, lineName, known).cameraId
    },
    planRestore: async (request, signal) => desk.plan(request, signal),
    startRestore: async (plan, signal) => desk.start(plan.request, plan.hash, signal),
    planInstall: async (request, signal) => installs.plan(request, signal),
    startInstall: async (plan, signal) => installs.start(plan.request, plan.hash, signal),
    planDump: async (request, signal) => dumps.plan(request, signal),
    startDump: async (plan, signal) => dumps.start(plan.request, plan.hash, signal),
    planBurn: async (request) => burns.plan(request),
    startBurn: async (plan) => burns.start(plan.request, plan.hash),
    planAgent: async (request) => agents.plan(request),
    startAgent: async (plan) => agents.start(plan.request, plan.hash),
    diff: async (request, signal) => dumps.diff(request, signal),
    runScript: async (cameraId, script, tell, signal) => {
      await consoles.startScript(cameraId, script, { id: 'command-line', name: 'the command line' })
      return consoles.scripts.follow(cameraId, tell, signal)
    },
    watch: (jobId, after, signal) => jobs.events(jobId, after, signal),
    cancel: (jobId) => { jobs.cancel(jobId) },
    report: async (jobId) => {
      const [html, json] = [await reports.read(jobId, 'html'), await reports.read(jobId, 'json')]
      return { htmlPath: html.path, jsonPath: json.path }
    },
    jobs: () => jobs.list(),
    chips: async (signal) => chips.list(signal),
    importProfiles: chips.importProfiles, getUboot: chips.getUboot,
    captures, inventories, pods: setup, findPorts, boots, bundles, close, audit, rackFilters: createRackFilterTools(dataFolder, inventories),
    secretsPlace: async () => secrets.where(),
    powerCameras: async () => {
      await setup.loadSwitches()
      return rack.pods().map(({ cameraId, cameraName }) => ({ id: cameraId, name: cameraName }))
    },
    powerMany: many,
    batches, batchSummary: batchFacts.summary, compareBatches: batchFacts.compare,
    openBatchRack: async (plan, isDemo, signal) => {
      if (isDemo) await setup.openDemo()
      const { targets, own } = await batches.choose(plan, isDemo ? rack.pods() : await inventories.list())
      // Another bench has the consoles of the others open.
      if (!isDemo) await inventories.openCameras(targets.map(({ camera }) => camera).filter((camera) => own.includes(camera)), signal)
      return { cameras: targets.length }
    },
    demoNight: async () => {
      await setup.openDemo()
      return batchTools.readPlan(join(dataFolder, 'demo', 'night.yaml'))
    },
    checkBatch: async (plan, isDemo, signal) => batches.check(plan, isDemo ? rack.pods() : await inventories.list(), signal),
    chooseForBatch: async (plan, isDemo) => {
      if (isDemo) await setup.openDemo()
      return batches.choose(plan, isDemo ? rack.pods() : await inventories.list())
    },
  }
}
