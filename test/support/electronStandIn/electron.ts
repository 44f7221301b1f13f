/**
 * A stand-in for the part of Electron that the host uses, in one process: both sides of its IPC, ports that are Node's, and a
 * record of everything that was set. It decides nothing; the test looks at the record.
 */
import { EventEmitter } from 'node:events'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

type Handler = (request: Request) => Promise<Response>
type Decide = (granted: boolean) => void

export const record = {
  windows: [] as BrowserWindow[],
  schemes: [] as unknown[],
  handlers: new Map<string, Handler>(),
  permission: undefined as ((contents: unknown, permission: string, decide: Decide, details: { readonly requestingUrl: string }) => void) | undefined,
  permissionCheck: undefined as ((contents: unknown, permission: string, origin: string) => boolean) | undefined,
  bridges: new Map<string, Record<string, () => void>>(),
  errors: [] as string[],
  menu: [] as MenuItem[],
  exitCode: undefined as number | undefined,
}

interface MenuItem { readonly label?: string; readonly role?: string; readonly submenu?: readonly MenuItem[]; readonly click?: () => void }
export const Menu = {
  buildFromTemplate: (template: MenuItem[]): MenuItem[] => template,
  setApplicationMenu: (menu: MenuItem[]): void => { record.menu = menu },
}

class StandInApp extends EventEmitter {
  readonly isPackaged = false
  async whenReady(): Promise<void> { await Promise.resolve() }
  requestSingleInstanceLock(): boolean { return true }
  getVersion(): string { return '0.0.0' }
  quit(): void {
    let prevented = false
    this.emit('before-quit', { preventDefault: () => { prevented = true } })
    if (!prevented) this.exit(0)
  }
  exit(code: number): void { record.exitCode = code; this.emit('exited') }
}
export const app = new StandInApp()
export const ipcMain = new EventEmitter()
export const dialog = { showErrorBox: (_title: string, text: string): void => { record.errors.push(text) } }
export const protocol = {
  registerSchemesAsPrivileged: (schemes: unknown[]): void => { record.schemes.push(...schemes) },
  handle: (scheme: string, handler: Handler): void => { record.handlers.set(scheme, handler) },
}
export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: typeof record.permission): void => { record.permission = handler },
    setPermissionCheckHandler: (handler: typeof record.permissionCheck): void => { record.permissionCheck = handler },
    setDevicePermissionHandler: (): void => undefined,
  },
}

/** A computer without a keyring. */
export const safeStorage = { isEncryptionAvailable: (): boolean => false }

class PortMain extends EventEmitter {
  readonly raw: MessagePort
  constructor(raw: MessagePort) {
    super()
    this.raw = raw
    raw.on('close', () => { this.emit('close') })
  }
  start(): void { this.raw.on('message', (data: unknown) => { this.emit('message', { data, ports: [] }) }) }
  postMessage(data: unknown): void { this.raw.postMessage(data) }
  close(): void { this.raw.close() }
}
export class MessageChannelMain {
  readonly port1: PortMain
  readonly port2: PortMain
  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port1 = new PortMain(port1)
    this.port2 = new PortMain(port2)
  }
}

class Frame {
  url = ''
  readonly parent = null
  postMessage(channel: string, message: unknown, ports: readonly PortMain[] = []): void {
    ipcRenderer.emit(channel, { ports: ports.map(({ raw }) => raw) }, message)
  }
}
class WebContents extends EventEmitter {
  readonly mainFrame = new Frame()
  openHandler: ((details: { url: string }) => { action: string }) | undefined
  setWindowOpenHandler(handler: typeof this.openHandler): void { this.openHandler = handler }
}
export class BrowserWindow extends EventEmitter {
  readonly webContents = new WebContents()
  readonly options: { readonly webPreferences: Record<string, unknown> }
  loaded: Response | undefined
  constructor(options: { readonly webPreferences: Record<string, unknown> }) {
    super()
    this.options = options
    record.windows.push(this)
  }
  async loadURL(url: string): Promise<void> {
    this.webContents.mainFrame.url = url
    this.loaded = await record.handlers.get(new URL(url).protocol.slice(0, -1))?.(new Request(url))
    this.emit('ready-to-show')
    app.emit('loaded')
  }
  show(): void { this.emit('shown') }
  isMinimized(): boolean { return false }
  restore(): void { this.emit('restored') }
  focus(): void { this.emit('focused') }
}

/** The page's side, as the preload script sees it. */
class RendererIpc extends EventEmitter {
  send(channel: string): void {
    const { webContents } = record.windows[0]!
    ipcMain.emit(channel, { sender: webContents, senderFrame: webContents.mainFrame })
  }
}
export const ipcRenderer = new RendererIpc()
export const contextBridge = {
  exposeInMainWorld: (name: string, bridge: Record<string, () => void>): void => { record.bridges.set(name, bridge) },
}
