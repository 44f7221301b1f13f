import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as after } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { watchFirstCamera } from './wallPage.ts'

const rounds = 3
const settleMs = 1_000
const lineLimitMs = 60_000

export interface ServeTimes { readonly addressMs: number; readonly paintMs: number }

/**
 * `rackbench serve` as a person starts it, of a rack of these consoles, until its first cards are on the screen. The first start compiles, which
 * the later ones need not; told are the first one, and of the others the middle one.
 */
export async function timeServe(browser: Browser, folder: string, ports: readonly number[]): Promise<{ readonly first: ServeTimes; readonly later: ServeTimes }> {
  const data = join(folder, 'serve')
  await mkdir(data, { recursive: true })
  const pods = ports.map((port, index) => ({ id: `pod-${index}`, name: 'bench', url: `tcp://127.0.0.1:${port}`, cameraId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`, cameraName: `cam-${String(index + 1).padStart(3, '0')}`, chip: 'hi3516ev300' }))
  await writeFile(join(data, 'rack.json'), JSON.stringify({ version: 1, pods }))
  const one = async (): Promise<ServeTimes> => serveOnce(browser, data, join(folder, 'cache'))
  const first = await one()
  const later: ServeTimes[] = []
  for (let round = 0; round < rounds; round += 1) later.push(await one())
  return { first, later: later.sort((a, b) => a.paintMs - b.paintMs)[Math.floor(rounds / 2)] ?? first }
}

async function serveOnce(browser: Browser, data: string, cache: string): Promise<ServeTimes> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  // The browser is open and at rest, as a person's is: starting a page takes it a third of a second of the processor that the command wants.
  const firstCamera = await watchFirstCamera(page)
  await page.goto('about:blank')
  await after(settleMs)
  const startedMs = Date.now()
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/main/hosts/cli/bin.mjs'), 'serve', '--data', data], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, XDG_CACHE_HOME: cache } })
  const ended = once(child, 'exit')
  try {
    const [address] = await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(lineLimitMs) }) as [string]
    const addressMs = Date.now() - startedMs
    await page.goto(address, { waitUntil: 'commit' })
    return { addressMs, paintMs: await firstCamera() - startedMs }
  } finally {
    child.kill('SIGTERM')
    await ended
    await page.close()
  }
}
