import { join } from 'node:path'
import { chromium, type Locator, type Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { chromiumFlags, chromiumPath } from '../support/chromium.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixtureServer.ts'
import { missingForWindow } from './openWindow.ts'

const renderer = join(import.meta.dirname, '../../out/renderer')
/** A window of 700 points has two dozen rows in sight, and some are kept on both sides for the next key. */
const mostDrawn = 60

async function openPage(view: string): Promise<{ readonly page: Page; readonly server: FixtureServer; readonly complaints: readonly string[] }> {
  const server = await openFixtureServer(renderer, { cameras: 12, perPod: 4, nowMs: () => Date.now() })
  onTestFinished(async () => server.close())
  const browser = await chromium.launch({ ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }), args: chromiumFlags })
  onTestFinished(async () => browser.close())
  const page = await browser.newPage({ viewport: { width: 1024, height: 700 } })
  const complaints: string[] = []
  page.on('pageerror', (error) => { complaints.push(error.message) })
  page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()) })
  await page.goto(server.url)
  await page.getByText('connected', { exact: true }).waitFor()
  await page.keyboard.press(view)
  return { page, server, complaints }
}

/** The row that the keys are on: it is drawn, and it lies wholly inside the list. */
async function onRow(list: Locator, words: RegExp): Promise<void> {
  await expect.poll(async () => list.evaluate((element) => {
    const row = element.ownerDocument.getElementById(element.getAttribute('aria-activedescendant') ?? '')
    if (!row) return 'no row'
    const [inner, outer] = [row.getBoundingClientRect(), element.getBoundingClientRect()]
    return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1 ? (row.textContent ?? '').replace(/\s+/g, ' ') : 'out of sight'
  }), { timeout: 10_000 }).toMatch(words)
}
const drawn = async (list: Locator): Promise<number> => list.getByRole('option').count()
const place = async (list: Locator): Promise<string> => JSON.stringify(await list.boundingBox(), (_key, value: unknown) => (typeof value === 'number' ? Math.round(value) : value))
async function press(page: Page, ...keys: readonly string[]): Promise<void> { for (const key of keys) await page.keyboard.press(key) }
/** Tab until the focus is there: nothing of it needs a mouse. */
async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let stop = 0; stop < 60; stop += 1) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press(key)
  }
  throw new Error('the focus never came there')
}

describe.skipIf(missingForWindow() !== undefined)('a thousand rows by keyboard', () => {
  test('Commands: arrows, pages and ends, a range with Shift, a filter, and a restart of what is selected', { timeout: 120_000 }, async () => {
    const { page, server, complaints } = await openPage('Alt+8')
    server.workbench.fleet.grow(1_000)
    await page.getByText('1000 of 1000', { exact: true }).waitFor()
    const list = page.getByRole('listbox', { name: 'Clients' })
    expect(await drawn(list)).toBeLessThan(mostDrawn)
    await tabTo(page, list)
    await press(page, 'Home')
    // The one whose service failed stands first.
    await onRow(list, /screen-10 ?service failed/)
    const [left, top] = [await list.boundingBox()].flatMap((box) => [box?.x, box?.y])
    await press(page, 'ArrowDown', 'ArrowDown')
    await onRow(list, /screen-02/)
    await press(page, 'End')
    await onRow(list, /screen-1000/)
    await press(page, 'PageUp', 'ArrowUp')
    await onRow(list, /screen-9[6-9]\d/)
    expect(await drawn(list)).toBeLessThan(mostDrawn)
    // What was opened beside it has not moved the list.
    expect([await list.boundingBox()].flatMap((box) => [box?.x, box?.y])).toEqual([left, top])

    await press(page, 'Home', 'Shift+PageDown', 'Shift+PageDown', 'Shift+ArrowUp')
    const chosen = await page.getByText(/^1000 of 1000, \d+ selected$/).innerText()
    const count = Number(/(\d+) selected/.exec(chosen)?.[1])
    expect(count).toBeGreaterThan(20)
    expect(server.workbench.calls.filter((call) => call.startsWith('fleet'))).toEqual([])
    await press(page, 'Space')
    await page.getByText(`1000 of 1000, ${String(count - 1)} selected`, { exact: true }).waitFor()

    await tabTo(page, page.getByRole('searchbox', { name: 'Filter clients' }), 'Shift+Tab')
    await page.keyboard.type('screen-99')
    await page.getByText(/^11 of 1000/).waitFor()
    await tabTo(page, list)
    await press(page, 'Home', 'Control+a')
    await page.getByText('11 of 1000, 11 selected', { exact: true }).waitFor()
    await tabTo(page, page.getByRole('button', { name: 'Reboot selected' }), 'Shift+Tab')
    await press(page, 'Enter')
    const dialog = page.getByRole('dialog', { name: 'Reboot 11 clients' })
    await dialog.getByText('11 ready').waitFor()
    await tabTo(page, dialog.getByLabel(/^To start it/))
    await page.keyboard.type('reboot 11')
    await press(page, 'Enter')
    await expect.poll(() => server.workbench.calls.filter((call) => call.startsWith('fleet bulk'))).toEqual(['fleet bulk reboot_host 11'])
    expect(complaints).toEqual([])
  })

  test('Batch: arrows, pages and ends, those that wait, and a range with Shift is put first', { timeout: 120_000 }, async () => {
    const { page, server, complaints } = await openPage('Alt+9')
    const batches = page.getByRole('listbox', { name: 'Batches, newest first' })
    await tabTo(page, batches)
    await press(page, 'End')
    await page.getByRole('heading', { name: 'Soak of the new boards' }).waitFor()
    await press(page, 'Home')
    await page.getByRole('heading', { name: 'A thousand' }).waitFor()
    await tabTo(page, page.getByRole('tab', { name: 'Overview' }))
    await press(page, 'ArrowRight')
    const list = page.getByRole('listbox', { name: 'Items of the batch' })
    await list.waitFor()
    const before = await place(list)
    expect(await drawn(list)).toBeLessThan(mostDrawn)
    await tabTo(page, list)
    await press(page, 'Home', 'ArrowDown')
    await onRow(list, /^2 ?cam-02/)
    await press(page, 'End')
    await onRow(list, /^1000 ?cam-50/)
    await page.getByRole('heading', { name: 'cam-50, fw-2.5.1, cycle 20' }).waitFor()
    await press(page, 'PageUp')
    await onRow(list, /^9[789]\d ?cam-/)
    expect(await drawn(list)).toBeLessThan(mostDrawn)
    expect(await place(list)).toContain(before.slice(0, before.indexOf('"height"')))

    const waiting = page.getByRole('region', { name: 'Items', exact: true }).getByRole('button', { name: /^692\s*waiting$/ })
    await tabTo(page, waiting, 'Shift+Tab')
    await press(page, 'Enter')
    await tabTo(page, list)
    await press(page, 'Home')
    await onRow(list, /^309 ?cam-/)
    await press(page, 'ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown')
    await tabTo(page, page.getByRole('button', { name: 'Put 3 first' }), 'Shift+Tab')
    await press(page, 'Enter')
    await expect.poll(() => server.workbench.calls.filter((call) => call.startsWith('batch first'))).toEqual(['batch first 309,310,311'])
    expect(complaints).toEqual([])
  })
})
