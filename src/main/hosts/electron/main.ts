import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { app, type BrowserWindow, dialog, ipcMain, protocol, safeStorage, session } from 'electron'
import { createWorkbench } from '../../composition/createWorkbench.ts'
import { jobsAtOnceOf } from '../../composition/jobsAtOnce.ts'
import { readPageFiles } from '../../composition/pageFiles.ts'
import { dataFolderOf } from '../../composition/userFolders.ts'
import type { Workbench } from '../../composition/workbench.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { keyVaultOf } from './keyVault.ts'
import { setAppMenu } from './appMenu.ts'
import { createPageWindow, pageScheme, pageUrl, limitPermissions, servePage } from './pageWindow.ts'
import { servePorts } from './portLinks.ts'

const log = (line: string): void => { process.stderr.write(`${line}\n`) }

async function openWorkbench(root: string): Promise<Workbench> {
  const homeFolder = homedir()
  return createWorkbench({
    host: 'electron', version: app.getVersion(), homeFolder, log, keyVault: keyVaultOf(safeStorage, process.platform), commandEnvironment: process.env, fetch: globalThis.fetch, ubootUrl: process.env['RACKBENCH_UBOOT_URL'], redisUrl: process.env['RACKBENCH_REDIS'], demoCameras: Number(process.env['RACKBENCH_DEMO_CAMERAS']), jobsAtOnce: jobsAtOnceOf(process.env), tftpPort: Number(process.env['RACKBENCH_TFTP_PORT'] ?? 69),
    dataFolder: dataFolderOf({ platform: process.platform, homeFolder, variables: process.env }),
    resourcesFolder: join(root, 'resources'),
  }, { loadRack: true })
}

/** Leaves only when jobs have reached a safe point: half an erase is worse than a slow goodbye. */
function leaveAfter(workbench: Workbench): void {
  let leaving = false
  app.on('before-quit', (event) => {
    event.preventDefault()
    if (leaving) return
    leaving = true
    workbench.close()
      .catch((error: unknown) => { log(`closing: ${String(error)}`) })
      .finally(() => { app.exit(0) })
  })
  app.on('window-all-closed', () => { app.quit() })
}

async function main(): Promise<void> {
  // The same folder in the tree and in the package: both hold out/ and resources/.
  const root = join(import.meta.dirname, '../..')
  let window: BrowserWindow | undefined
  app.on('second-instance', () => {
    if (window?.isMinimized()) window.restore()
    window?.focus()
  })
  await app.whenReady()
  limitPermissions(session.defaultSession)
  servePage(protocol, await readPageFiles(join(root, 'out/renderer')), log)
  const workbench = await openWorkbench(root)
  leaveAfter(workbench)
  servePorts({ ipcMain, workbench, window: () => window, log })
  setAppMenu(process.platform, () => window)
  window = createPageWindow(join(root, 'out/preload/index.cjs'), join(root, 'resources/icon.png'))
  await window.loadURL(pageUrl)
}

function start(): void {
  // Errors of a link's far end surface here; one broken message must not end the jobs of the rack.
  process.on('unhandledRejection', (error) => { log(`unhandled: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`) })
  protocol.registerSchemesAsPrivileged([{ scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }])
  if (!app.requestSingleInstanceLock()) { app.quit(); return }
  main().catch((error: unknown) => {
    const text = error instanceof WorkbenchError ? [error.message, error.hint].filter(Boolean).join('\n') : String(error instanceof Error ? error.stack : error)
    log(text)
    dialog.showErrorBox('Rackbench cannot start', text)
    app.exit(1)
  })
}

start()
