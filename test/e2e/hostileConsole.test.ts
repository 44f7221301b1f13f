import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { openFixtureServer } from '../support/fixtureServer.ts'
import { chromiumFlags, chromiumPath } from '../support/chromium.ts'
import { missingForWindow } from './openWindow.ts'

const camera = cameraIdSchema.parse('cam-01')
const esc = '\u001b'

async function openConsole() {
  const server = await openFixtureServer(join(import.meta.dirname, '../../out/renderer'), { cameras: 12, nowMs: () => Date.now() })
  onTestFinished(async () => server.close())
  const browser = await chromium.launch({ ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }), args: chromiumFlags })
  onTestFinished(async () => browser.close())
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'] })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => { complaints.push(error.message) })
  await page.goto(server.url)
  await page.locator('[data-camera="cam-01"]').click()
  await page.getByRole('tab', { name: 'Console' }).click()
  await page.locator('.console .xterm-rows').getByText('login:').waitFor()
  return { server, page, context, complaints, say: (text: string) => { server.workbench.say(camera, text) } }
}
const shown = (page: Page) => page.locator('.console .xterm-rows')
/** The page goes on drawing; one that hangs never gets there. */
const drawsOn = async (page: Page): Promise<void> => { await page.evaluate('(async () => { for (let frame = 0; frame < 10; frame += 1) await new Promise((resolve) => { requestAnimationFrame(resolve) }) })()') }

describe.skipIf(missingForWindow() !== undefined)('what a camera prints is hostile until shown otherwise', () => {
  test('it writes no clipboard, sets no title and types nothing back', async () => {
    const { server, page, say, complaints } = await openConsole()
    await page.evaluate("navigator.clipboard.writeText('mine')")
    const title = await page.title()
    say(`${esc}]52;c;cm0gLXJmIC8=\u0007${esc}]0;owned\u0007${esc}]2;owned${esc}\\`)
    say(`${esc}[c${esc}[>c${esc}[=c${esc}[5n${esc}[6n${esc}[?6n${esc}[>q${esc}Z${esc}[18t${esc}[?2026$p${esc}]10;?\u0007${esc}]4;1;?\u0007${esc}P$qm${esc}\\${esc}[?1003h${esc}[?1006h${esc}[?1004h\u009b6n`)
    say('\r\nafter it all\r\n')
    await shown(page).getByText('after it all').waitFor()
    await page.mouse.move(1200, 400)
    await page.mouse.click(1200, 420)
    await page.mouse.move(1250, 500)
    await page.locator('body').click({ position: { x: 700, y: 20 } })
    expect(await page.title()).toBe(title)
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('mine')
    expect(server.workbench.calls.filter((call) => call.startsWith('type'))).toEqual([])
    expect(complaints).toEqual([])
  })
  test('an address opens after a question only', async () => {
    const { page, context, say } = await openConsole()
    say(`${esc}[2J${esc}[Hhttps://openipc.org/wiki\r\n`)
    await shown(page).getByText('https://openipc.org/wiki').waitFor()
    const place = await shown(page).getByText('https://openipc.org/wiki').boundingBox()
    await page.mouse.move(place!.x + 30, place!.y + 8)
    await page.mouse.move(place!.x + 40, place!.y + 8)
    await page.mouse.click(place!.x + 40, place!.y + 8)
    await page.getByRole('dialog', { name: 'An address from a console' }).getByText('leads to openipc.org').waitFor()
    expect(context.pages()).toHaveLength(1)
  })
  test('bombs, 1 MB lines and bursts do not stop the page, and what is not drawn is told', async () => {
    const { page, say, complaints } = await openConsole()
    const bombs = [`${esc}[2147483647L`.repeat(5_000), `${esc}[2147483647b`.repeat(5_000), `${esc}c`.repeat(20_000), `e${'\u0301'.repeat(60_000)}`, 'x'.repeat(1_000_000), `${esc}[?1049h${esc}[?1049l`.repeat(3_000), `${esc}]${'a'.repeat(60_000)}`]
    for (const bomb of bombs) {
      for (let at = 0; at < bomb.length; at += 32_768) say(bomb.slice(at, at + 32_768))
      await drawsOn(page)
    }
    say('burst '.repeat(500_000))
    say('\r\nthe end\r\n')
    await drawsOn(page)
    await shown(page).getByText('the end').waitFor()
    await page.locator('.console header').getByText(/skipped/).waitFor()
    expect(complaints).toEqual([])
  })
})
