import { readFile } from 'node:fs/promises'
import { BrowserWindow, type Protocol, type Session } from 'electron'
import { guardHeaders, type PageFile } from '../../composition/pageFiles.ts'

export const pageScheme = 'rackbench'
export const pageOrigin = `${pageScheme}://app`
export const pageUrl = `${pageOrigin}/index.html`

/** Answers for our own scheme from the fixed list and for nothing else. */
export function servePage(protocol: Protocol, files: ReadonlyMap<string, PageFile>, log: (line: string) => void): void {
  protocol.handle(pageScheme, async (request) => {
    const { host, pathname } = new URL(request.url)
    const found = host === 'app' && request.method === 'GET' ? files.get(pathname) : undefined
    const missing = new Response('Not here\n', { status: 404, headers: { ...guardHeaders, 'content-type': 'text/plain' } })
    if (!found) return missing
    try {
      return new Response(new Uint8Array(await readFile(found.file)), { status: 200, headers: found.headers })
    } catch (error) {
      log(`page file: ${String(error)}`)
      return missing
    }
  })
}

/** Our page may tell the desktop of an alarm. Nothing else is granted, and nothing to anybody else. */
export function limitPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, decide, { requestingUrl }) => { decide(permission === 'notifications' && isOurPage(requestingUrl)) })
  session.setPermissionCheckHandler((_contents, permission, origin) => permission === 'notifications' && origin.replace(/\/$/, '') === pageOrigin)
  session.setDevicePermissionHandler(() => false)
}

export function isOurPage(url: string): boolean {
  return url === pageUrl || url.startsWith(`${pageUrl}#`) || url.startsWith(`${pageUrl}?`)
}

/** One page for its whole life: it goes nowhere, opens nothing, and has no Node. */
export function createPageWindow(preload: string, icon: string): BrowserWindow {
  const window = new BrowserWindow({
    width: 1440, height: 900, minWidth: 900, minHeight: 600, show: false, backgroundColor: '#0e1216', title: 'Rackbench', icon,
    autoHideMenuBar: true,
    webPreferences: {
      preload, sandbox: true, contextIsolation: true, nodeIntegration: false, nodeIntegrationInSubFrames: false, nodeIntegrationInWorker: false,
      webSecurity: true, webviewTag: false, spellcheck: false, navigateOnDragDrop: false,
    },
  })
  const { webContents } = window
  for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect'] as const) {
    webContents.on(name as 'will-navigate', (event) => { if (!isReload(event) && !isReportFrame(event)) event.preventDefault() })
  }
  webContents.on('will-attach-webview', (event) => { event.preventDefault() })
  webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  window.once('ready-to-show', () => { window.show() })
  return window
}

const isReload = (event: { readonly url?: string; readonly isMainFrame?: boolean }): boolean =>
  event.isMainFrame === true && event.url !== undefined && isOurPage(event.url)

/** A report is shown in a frame from a blob that the page made itself. */
const isReportFrame = (event: { readonly url?: string; readonly isMainFrame?: boolean }): boolean =>
  event.isMainFrame === false && event.url?.startsWith(`blob:${pageOrigin}/`) === true
