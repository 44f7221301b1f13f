import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createWorkbench } from '../../composition/createWorkbench.ts'
import { createDoorTokens } from '../../composition/doorTokens.ts'
import { jobsAtOnceOf } from '../../composition/jobsAtOnce.ts'
import { dataFolderOf } from '../../composition/userFolders.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { serveWeb } from './webHost.ts'

/** Serves the workbench to a browser on this computer until SIGINT or SIGTERM. The first line on stdout is the address. */
async function serve(root: string): Promise<void> {
  const log = (line: string): void => { process.stderr.write(`${line}\n`) }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  const homeFolder = homedir()
  const dataFolder = dataFolderOf({ platform: process.platform, homeFolder, variables: process.env })
  const tokens = createDoorTokens(dataFolder, Date.now)
  const workbench = await createWorkbench({
    host: 'web', version, homeFolder, log, commandEnvironment: process.env, fetch: globalThis.fetch, ubootUrl: process.env['RACKBENCH_UBOOT_URL'], redisUrl: process.env['RACKBENCH_REDIS'], demoCameras: Number(process.env['RACKBENCH_DEMO_CAMERAS']), jobsAtOnce: jobsAtOnceOf(process.env), tftpPort: Number(process.env['RACKBENCH_TFTP_PORT'] ?? 69),
    dataFolder,
    resourcesFolder: join(root, 'resources'),
  }, { loadRack: true })
  try {
    const web = await serveWeb({
      workbench, host: '127.0.0.1', port: Number(process.env['RACKBENCH_PORT'] ?? 0), rendererFolder: join(root, 'out/renderer'),
      newToken: () => randomBytes(32).toString('base64url'), log,
      doors: { version, approvals: workbench.approvals, roleOf: async (token) => (await tokens.find(token))?.role },
    })
    process.stdout.write(`${web.url}\n`)
    await new Promise<void>((resolve) => { for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => { resolve() }) })
    await web.close()
  } finally {
    await workbench.close()
  }
}

/** The process of the web host, of the program in this folder: its errors are told in words, and its exit code says whether there were any. */
export async function serveProcess(root: string): Promise<void> {
  try {
    await serve(root)
  } catch (error) {
    const text = error instanceof WorkbenchError ? [error.message, error.hint].filter(Boolean).join('. ') : String(error instanceof Error ? error.stack : error)
    process.stderr.write(`rackbench: ${text}\n`)
    process.exitCode = 1
  }
}
