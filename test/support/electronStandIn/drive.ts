/** Run as a program with the root of a built tree: starts its main against the stand-in, is its page, and prints what it saw as JSON. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { MessagePort } from 'node:worker_threads'
import { createORPCClient } from '@orpc/client'
import { RPCLink, type SupportedMessagePort } from '@orpc/client/message-port'
import type { ContractRouterClient } from '@orpc/contract'
import type { WorkbenchContract } from '../../../src/shared/contracts/workbench.contract.ts'
import type * as StandIn from './electron.ts'

const root = process.argv[2] ?? ''
const fromMain = createRequire(`${root}/out/main/index.js`)
// The very instance that the built code will import.
const { app, ipcMain, record } = fromMain('electron') as typeof StandIn
const asked = async (url: string): Promise<Response> => record.handlers.get('rackbench')!(new Request(url))

app.on('exited', () => { if (record.errors.length > 0) { process.stderr.write(record.errors.join('\n')); process.exit(1) } })
const loaded = once(app, 'loaded')
await import(pathToFileURL(`${root}/out/main/index.js`).href)
await loaded
const window = record.windows[0]!
const { webContents } = window

const chosen: string[] = []
const pagePorts = new Promise<readonly MessagePort[]>((resolve) => {
  ;(globalThis as unknown as { window: unknown }).window = {
    location: { origin: 'rackbench://app' },
    postMessage: (message: { type: string; id?: string }, origin: string, ports: readonly MessagePort[] = []) => {
      if (message.type === 'rackbench-command' && origin === 'rackbench://app') chosen.push(message.id ?? '')
      else if (message.type === 'rackbench-ports' && origin === 'rackbench://app') resolve(ports)
    },
  }
})
fromMain(String(window.options.webPreferences['preload']))

const prevented = (name: string, event: object): boolean => {
  let was = false
  webContents.emit(name, { ...event, preventDefault: () => { was = true } })
  return was
}
const granted = (permission: string, requestingUrl: string): boolean => { let was = true; record.permission!(webContents, permission, (yes) => { was = yes }, { requestingUrl }); return was }
const elsewhere = 'https://evil.example/'
const permissions = (['geolocation', 'notifications'] as const).map((name) => [name, granted(name, 'rackbench://app/index.html'), record.permissionCheck!(webContents, name, 'rackbench://app/'), granted(name, elsewhere), record.permissionCheck!(webContents, name, elsewhere)])

// A stranger first: another frame, then our window showing something else.
let strangerPorts = 0
const stranger = { url: 'rackbench://app/index.html', parent: webContents.mainFrame as unknown, postMessage: () => { strangerPorts += 1 } }
ipcMain.emit('rackbench-ports', { sender: webContents, senderFrame: stranger })
ipcMain.emit('rackbench-ports', { sender: {}, senderFrame: { ...stranger, parent: null } })
webContents.mainFrame.url = 'https://evil.example/'
const seenBefore = record.bridges.size
record.bridges.get('rackbench')!['requestPorts']!()
webContents.mainFrame.url = 'rackbench://app/index.html'
record.bridges.get('rackbench')!['requestPorts']!()
const [rpcPort, bytesPort] = await pagePorts

const client = createORPCClient<ContractRouterClient<WorkbenchContract>>(new RPCLink({ port: rpcPort as unknown as SupportedMessagePort }))
const chips = await client.system.chips({})
const error = await client.rack.power({ cameraId: 'nobody' as never, action: 'on' }).catch((caught: unknown) => (caught as { data?: unknown }).data)
bytesPort!.postMessage('{"do":"nonsense"}')

record.menu.find(({ label }) => label === 'View')?.submenu?.find(({ label }) => label === 'Jobs')?.click?.()

const [page, missing, outside, otherHost] = [await asked('rackbench://app/'), await asked('rackbench://app/nope'), await asked('rackbench://app/..%2f..%2fpackage.json'), await asked('rackbench://other/index.html')]
const seen = {
  webPreferences: window.options.webPreferences, schemes: record.schemes, bridges: [...record.bridges.keys()], bridgeKeys: Object.keys(record.bridges.get('rackbench')!),
  csp: window.loaded?.headers.get('content-security-policy'), status: [window.loaded?.status, page.status, missing.status, outside.status, otherHost.status],
  navigation: {
    away: prevented('will-navigate', { url: 'https://evil.example/', isMainFrame: true }), file: prevented('will-navigate', { url: 'file:///etc/passwd', isMainFrame: true }),
    frame: prevented('will-frame-navigate', { url: 'https://evil.example/', isMainFrame: false }), redirect: prevented('will-redirect', { url: 'https://evil.example/', isMainFrame: true }),
    reload: prevented('will-navigate', { url: 'rackbench://app/index.html', isMainFrame: true }), report: prevented('will-frame-navigate', { url: 'blob:rackbench://app/1-2', isMainFrame: false }),
    webview: prevented('will-attach-webview', {}),
  },
  open: webContents.openHandler?.({ url: 'https://evil.example/' }).action, permissions,
  ports: [rpcPort !== undefined, bytesPort !== undefined], strangerPorts, seenBefore, chips, error, chosen, menu: record.menu.map(({ label, role }) => label ?? role),
}
// SQLite takes its write-ahead file away when the last connection closes, and not before.
const log = `${process.env['RACKBENCH_DATA'] ?? ''}/journal.sqlite-wal`
const journal = { openBefore: existsSync(log), openAtExit: true }
app.once('exited', () => { journal.openAtExit = existsSync(log) })
app.quit()
app.quit()
if (record.exitCode === undefined) await once(app, 'exited')
process.stdout.write(`\n@@${JSON.stringify({ ...seen, journal, exitCode: record.exitCode })}\n`)
process.exit(0)
