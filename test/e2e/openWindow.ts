import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import { createWorkbench, type OpenWorkbench } from '../../src/main/composition/createWorkbench.ts'
import type { MdnsPlace } from '../../src/main/drivers/network/mdnsBrowse.ts'
import { newToken } from '../../src/main/drivers/host/randomness.ts'
import { chromiumFlags, chromiumPath } from '../support/chromium.ts'
import { openFarCamera } from '../support/consoleBench.ts'
import { serveWeb, type WebHost } from '../../src/main/hosts/web/webHost.ts'

const rendererFolder = join(import.meta.dirname, '../../out/renderer')
/** Where the browser or the built page is missing the story cannot be told; in CI that is a failure. */
export function missingForWindow(): string | undefined {
  const missing = chromiumPath === undefined ? 'no Chromium on this machine' : existsSync(join(rendererFolder, 'index.html')) ? undefined : 'the page is not built: npm run build'
  if (missing !== undefined && process.env['CI'] === 'true') throw new Error(`CI must run this: ${missing}`)
  if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`)
  return missing
}

export interface OpenWindow {
  readonly page: Page
  readonly browser: Browser
  readonly workbench: OpenWorkbench
  readonly web: WebHost
  readonly folder: string
  /** Errors and refusals that the page has met. */
  readonly complaints: string[]
  /** Another window on the same workbench. */
  newPage(): Promise<Page>
  /** The web host again, where it was and with the token that the page has. Only after `web.close()`. */
  serveAgain(): Promise<void>
}

export interface OpenWindowOptions {
  readonly width?: number
  readonly height?: number
  readonly colour?: 'light' | 'dark'
  readonly tftpPort?: number
  readonly demoCameras?: number
  readonly mdns?: MdnsPlace
  /** As an earlier run left it. */
  readonly captureSettings?: Readonly<Record<string, unknown>>
  /** An earlier run on the same data, which has ended when the window opens. */
  readonly earlier?: (workbench: OpenWorkbench) => Promise<void>
  /** Absent: the host does not reach the network. */
  readonly fetch?: typeof globalThis.fetch
}

/** The whole product: workbench, web host, browser. */
export async function openWindow({ width = 1440, height = 900, colour = 'dark', tftpPort = 69, demoCameras, mdns, captureSettings, earlier, fetch }: OpenWindowOptions = {}): Promise<OpenWindow> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-e2e-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  if (captureSettings) {
    await mkdir(join(folder, 'data'), { recursive: true })
    await writeFile(join(folder, 'data/captures.json'), JSON.stringify(captureSettings))
  }
  const complaints: string[] = []
  const openWorkbench = async (): Promise<OpenWorkbench> => createWorkbench({
    host: 'web', version: '0.0.0-test', dataFolder: join(folder, 'data'), homeFolder: folder, tftpPort, demoCameras, mdns,
    resourcesFolder: join(import.meta.dirname, '../../resources'), log: (line) => { complaints.push(`log: ${line}`) }, ...(fetch ? { fetch } : {}),
  }, { loadRack: true })
  if (earlier) {
    const before = await openWorkbench()
    await earlier(before).finally(async () => before.close())
  }
  const workbench = await openWorkbench()
  onTestFinished(async () => workbench.close())
  const token = newToken().repeat(8)
  const serve = async (port: number): Promise<WebHost> => {
    const host = await serveWeb({ workbench, host: '127.0.0.1', port, rendererFolder, newToken: () => token, log: (line) => { complaints.push(`web: ${line}`) } })
    onTestFinished(async () => host.close())
    return host
  }
  const web = await serve(0)
  const browser = await chromium.launch({ ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }), args: chromiumFlags })
  onTestFinished(async () => browser.close())
  const newPage = async (): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: colour })
    page.on('pageerror', (error) => { complaints.push(`page: ${error.message}`) })
    page.on('console', (message) => { if (message.type() === 'error') complaints.push(`console: ${message.text()}`) })
    await page.goto(web.url)
    // The page is loaded before its window stands in it: a key pressed between the two goes to nobody.
    await page.locator('.bench').waitFor()
    return page
  }
  return { page: await newPage(), browser, workbench, web, folder, complaints, newPage, serveAgain: async () => { await serve(web.port) } }
}

/** A picture for the documentation, only where somebody asks for one: `RACKBENCH_PICTURES=DIR`. */
export async function takePicture(page: Page, name: string, ready: () => Promise<void> = async () => undefined): Promise<void> {
  const folder = process.env['RACKBENCH_PICTURES']
  if (folder === undefined) return
  await ready()
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
}

export async function openDemo(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open the demo rack' }).click()
  await page.getByRole('option', { name: /cam-12/ }).waitFor()
}

/** The whole product with one camera that is a line: what it says and what it is told are all that there is. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- all of a window, and what belongs to its one camera
export async function openGateAt(url: string, options: OpenWindowOptions = {}) {
  const window = await openWindow(options)
  const { cameraId } = window.workbench.setup.addForNow({ url, name: '', cameraName: 'Gate', chip: 'hi3516ev300' })
  const { console } = window.workbench.rack.camera(cameraId)
  await expect.poll(() => console.stats().state, { timeout: 30_000 }).toBe('open')
  const pane = window.page.getByRole('region', { name: 'Console of Gate' })
  return {
    ...window, console, pane, screen: pane.locator('.xterm-rows'),
    openPane: async () => {
      await window.page.getByRole('option', { name: /Gate/ }).click()
      await window.page.getByRole('tab', { name: 'Console', exact: true }).click()
      await pane.waitFor()
    },
    closePane: async () => { await window.page.getByRole('button', { name: 'Close the panel' }).click() },
  }
}

/** As a TCP port, whose other end hears each byte. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- as above
export async function openGate(options: OpenWindowOptions = {}) {
  const far = await openFarCamera()
  return { far, ...await openGateAt(far.url, options) }
}
