import type { ContractRouterClient } from '@orpc/contract'
import { createRouterClient } from '@orpc/server'
import { createWorkbench } from '../../composition/createWorkbench.ts'
import type { WorkbenchContract } from '../../../shared/contracts/workbench.contract.ts'
import type { CliWorkbench, OpenWorkbenchOptions } from './cliWorkbench.ts'

export interface LocalFacts {
  readonly version: string
  readonly homeFolder: string
  readonly resourcesFolder: string
}

/** The workbench of this process, with the one camera that the command names. */
export async function openLocalWorkbench({ version, homeFolder, resourcesFolder }: LocalFacts, { dataFolder, tftpPort, log, ask }: OpenWorkbenchOptions): Promise<CliWorkbench> {
  const { router, setup, desk, jobs, reports, close } = await createWorkbench({ host: 'cli', version, dataFolder, resourcesFolder, homeFolder, tftpPort, log }, { ask })
  // The router's own type forgets its methods; the contract, which it was made of, has them.
  const client = createRouterClient(router, { context: {} }) as unknown as ContractRouterClient<WorkbenchContract>
  return {
    addTarget: async ({ url, chip, name }) => setup.addForNow({ url, chip, name: '', cameraName: name }).cameraId,
    planRestore: async (request, signal) => desk.plan(request, signal),
    startRestore: async (plan, signal) => desk.start(plan.request, plan.hash, signal),
    watch: (jobId, after, signal) => jobs.events(jobId, after, signal),
    cancel: (jobId) => { jobs.cancel(jobId) },
    report: async (jobId) => {
      const [html, json] = [await reports.read(jobId, 'html'), await reports.read(jobId, 'json')]
      return { htmlPath: html.path, jsonPath: json.path }
    },
    jobs: () => jobs.list(),
    chips: async () => client.system.chips({}),
    close,
  }
}
