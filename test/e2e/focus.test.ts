import { join } from 'node:path'
import { chromium, type Locator, type Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { chromiumFlags, chromiumPath } from '../support/chromium.ts'
import { cutFindings } from '../support/cutFindings.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixtureServer.ts'
import { allScenes } from '../support/screenshots.ts'
import { missingForWindow } from './openWindow.ts'

async function openServer(cameras = 12): Promise<FixtureServer> {
  const server = await openFixtureServer(join(import.meta.dirname, '../../out/renderer'), { cameras, nowMs: () => Date.now() })
  onTestFinished(async () => server.close())
  return server
}
async function openRack(size = { width: 1440, height: 900 }): Promise<{ readonly page: Page; readonly server: FixtureServer }> {
  const server = await openServer()
  const browser = await chromium.launch({ ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }), args: chromiumFlags })
  onTestFinished(async () => browser.close())
  const page = await browser.newPage({ viewport: size })
  await page.goto(server.url)
  await page.getByText('connected', { exact: true }).waitFor()
  return { page, server }
}
const card = (page: Page, name: string): Locator => page.locator(`[data-camera="${name}"]`)
const areas = { views: 'navigation', middle: 'main', panel: 'complementary', foot: 'contentinfo', top: 'banner' } as const
const soon = { timeout: 10_000 } as const
type Area = keyof typeof areas
const areaOf = (page: Page, area: Area): Locator => (area === 'views' ? page.getByRole('navigation', { name: 'Views' }) : page.getByRole(areas[area]))
const hasFocus = async (within: Locator): Promise<boolean> => (await within.locator(':focus').count()) + (await within.and(within.page().locator(':focus')).count()) > 0
async function expectFocusIn(page: Page, area: Area): Promise<void> {
  await expect.poll(async () => hasFocus(areaOf(page, area).first()), { message: `the focus is in the ${area}`, ...soon }).toBe(true)
}
const expectFocusOn = async (element: Locator, what: string): Promise<void> => { await expect.poll(async () => element.and(element.page().locator(':focus')).count(), { message: what, ...soon }).toBe(1) }
const hit = (camera: string, ruleId: string, line: string) => ({ cameraId: camera as CameraId, ruleId, rule: ruleId, tone: 'bad' as const, line, atMs: Date.now(), notify: true })

describe.skipIf(missingForWindow() !== undefined)('the focus', () => {
  test('F6 goes round the areas, and Ctrl Shift E out of a terminal', async () => {
    const { page } = await openRack()
    await card(page, 'cam-01').focus()
    for (const _ of ['cam-02', 'cam-03']) await page.keyboard.press('ArrowRight')
    await expectFocusOn(card(page, 'cam-03'), 'cam-03 has the focus')
    for (const area of ['foot', 'top', 'views', 'middle'] as const) { await page.keyboard.press('F6'); await expectFocusIn(page, area) }
    // In the list it is the card that the arrows left.
    await expectFocusOn(card(page, 'cam-03'), 'cam-03 has the focus again')
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: 'Console' }).click()
    await page.locator('aside .xterm-helper-textarea').focus()
    // A terminal gives all plain keys to the camera, F6 too; the chord leads out.
    await page.keyboard.press('Control+Shift+e')
    await expectFocusIn(page, 'foot')
    for (const area of ['top', 'views', 'middle', 'panel'] as const) { await page.keyboard.press('F6'); await expectFocusIn(page, area) }
    for (const view of ['Consoles', 'Jobs', 'Captures', 'Compare', 'Settings']) {
      const button = areaOf(page, 'views').getByRole('button', { name: view, exact: true })
      await button.click()
      // Captures put it into their search at once.
      await page.getByRole('main').waitFor()
      await button.focus()
      for (const area of ['middle', 'foot', 'top', 'views'] as const) { await page.keyboard.press('F6'); await expectFocusIn(page, area) }
      await expectFocusOn(button, `the button of ${view} has the focus again`)
    }
  })

  test('a closed dialog gives it back to what opened it', async () => {
    const { page } = await openRack()
    const dialog = page.getByRole('dialog')
    const closes = async (opener: Locator, what: string, open: () => Promise<void>): Promise<void> => {
      for (const close of [async () => page.keyboard.press('Escape'), async () => dialog.getByRole('button', { name: /^(Close|Cancel|Keep as it is)$/ }).last().click()]) {
        await opener.focus()
        await open()
        await dialog.waitFor()
        await expect.poll(async () => hasFocus(dialog), { message: `${what} takes the focus`, ...soon }).toBe(true)
        await close()
        await expect.poll(async () => dialog.count(), soon).toBe(0)
        await expectFocusOn(opener, `${what} gives the focus back`)
      }
    }
    const first = card(page, 'cam-01')
    await closes(first, 'the sheet of keys', async () => page.keyboard.press('?'))
    await closes(first, 'the question about power', async () => {
      await page.keyboard.press('Shift+F10')
      await page.getByRole('menuitem', { name: /^Power cycle/ }).press('Enter')
    })
    await first.focus()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').waitFor()
    await page.keyboard.press('Escape')
    await expectFocusOn(first, 'the palette gives the focus back')

    await page.getByRole('button', { name: 'Select all shown' }).click()
    for (const name of ['Cycle', 'Restore', 'Dump', 'Label', 'Bundle']) {
      const button = page.getByRole('toolbar').getByRole('button', { name, exact: true })
      await closes(button, name, async () => button.press('Enter'))
    }
    await first.press('Enter')
    const bundle = page.getByRole('complementary').getByRole('button', { name: 'Bundle' })
    await closes(bundle, 'the bundle', async () => bundle.press('Enter'))
    const browse = page.getByRole('button', { name: 'Browse' })
    await closes(browse, 'the browser of folders', async () => browse.press('Enter'))

    await page.getByRole('button', { name: 'Settings' }).click()
    for (const name of ['Add a pod', 'Export the rack', 'Import a rack file']) {
      const button = page.getByRole('button', { name, exact: true })
      await closes(button, name, async () => button.press('Enter'))
    }
    await page.getByRole('button', { name: 'Jobs' }).click()
    const report = page.getByRole('button', { name: 'Report of job-ok' })
    await closes(report, 'the report', async () => report.press('Enter'))
  })

  test('a command of the palette moves it on, from where it was', async () => {
    const { page } = await openRack()
    await card(page, 'cam-01').focus()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('keys')
    await page.getByRole('option', { name: /^Keys|keys/ }).first().waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await expectFocusOn(card(page, 'cam-01'), 'the card has the focus again')
  })
})

describe.skipIf(missingForWindow() !== undefined)('a small window', () => {
  /** Screens that are the fullest; every other one is looked at with the pictures. */
  const fullest = ['console-tools', 'power-refused', 'alarms', 'restore-more', 'plan', 'failed', 'wall-broadcast', 'captures-compare', 'captures-reader', 'rack-filter']
  test('cuts no button and no field, and has no scroll bar within another', { timeout: 180_000 }, async () => {
    const { page } = await openRack()
    const found: string[] = []
    for (const name of fullest) {
      const scene = allScenes().find((each) => each.name === name)
      if (!scene) throw new Error(`there is no scene ${name}`)
      for (const size of [{ width: 1440, height: 900 }, { width: 1024, height: 700 }]) {
        const server = await openServer(scene.cameras)
        await page.setViewportSize(size)
        await page.goto(server.url)
        await page.getByText('connected', { exact: true }).waitFor()
        await scene.steps(page, server)
        found.push(...(await cutFindings(page)).map((line) => `${name} at ${String(size.width)}: ${line}`))
      }
    }
    expect(found).toEqual([])
  })

  test('keeps the last lines of a terminal above an open script', async () => {
    const { page } = await openRack({ width: 1024, height: 700 })
    await areaOf(page, 'views').getByRole('button', { name: 'Consoles' }).click()
    for (const name of ['cam-01', 'cam-02', 'cam-04', 'cam-08']) await page.getByRole('navigation', { name: 'Cameras with a console' }).getByText(name, { exact: true }).click()
    const pane = page.getByRole('region', { name: 'Console of cam-04' })
    await pane.getByRole('button', { name: 'Script', exact: true }).click()
    await pane.getByRole('button', { name: 'Run', exact: true }).click()
    await pane.getByRole('log', { name: 'Log of the script' }).waitFor()
    const [whole, terminal, line] = [await pane.boundingBox(), await pane.locator('.term').boundingBox(), await pane.getByRole('textbox', { name: 'Line to send to cam-04' }).boundingBox()]
    expect(terminal?.height).toBeGreaterThanOrEqual(64)
    expect((line?.y ?? 0) + (line?.height ?? 0)).toBeLessThanOrEqual((whole?.y ?? 0) + (whole?.height ?? 0))
  })

  test('opens two boots at their first difference, and shows it', async () => {
    const { page } = await openRack({ width: 1024, height: 400 })
    await areaOf(page, 'views').getByRole('button', { name: 'Captures' }).click()
    await page.getByRole('tab', { name: 'Boots' }).click()
    for (const at of [0, 2]) await page.getByRole('option').nth(at).click()
    await page.getByRole('button', { name: 'Compare both' }).click()
    const list = page.getByRole('listbox', { name: 'Lines of both boots' })
    const [around, row] = [await list.boundingBox(), await list.getByRole('option').filter({ hasText: 'first' }).boundingBox()]
    expect(row?.y).toBeGreaterThanOrEqual(around?.y ?? 0)
    expect((row?.y ?? 0) + (row?.height ?? 0)).toBeLessThanOrEqual((around?.y ?? 0) + (around?.height ?? 0))
  })
})

describe.skipIf(missingForWindow() !== undefined)('an alarm', () => {
  test('is said at the foot: nothing moves, nothing is covered, and the list gives the focus back', async () => {
    const { page, server } = await openRack({ width: 1024, height: 700 })
    await card(page, 'cam-05').click()
    await page.getByRole('button', { name: 'no new alarms' }).waitFor()
    const places = async (): Promise<string> => page.evaluate(`JSON.stringify([...document.querySelectorAll('button, [data-camera], footer > span')].filter((each) => !each.closest('footer > div')).map((each) => { const { x, y, width, height } = each.getBoundingClientRect(); return [each.textContent.trim().slice(0, 6), x, y, width, height] }).filter(([words]) => !words === 'local '))`)
    // First the panel comes to rest.
    let before = ''
    await expect.poll(async () => { const last = before; before = await places(); return last === before }).toBe(true)
    server.workbench.consoleTools.hit(hit('cam-04', 'Kernel panic', 'Kernel panic - not syncing: VFS: Unable to mount root fs'))
    server.workbench.consoleTools.hit(hit('cam-04', 'Boot loop', '5 boots in two minutes'))
    const button = page.getByRole('button', { name: /^2 new alarms/ })
    await button.waitFor()
    await page.getByRole('log', { name: 'Newest alarm' }).getByText('Boot loop').waitFor()
    expect(await places()).toBe(before)

    await button.press('Enter')
    const list = page.getByRole('region', { name: 'Alarms' })
    await list.getByText('Kernel panic', { exact: true }).waitFor()
    await expect.poll(async () => hasFocus(list)).toBe(true)
    // What goes on while somebody reads: each row stays where it is, with the newest of its kind, and so does the focus.
    await list.getByRole('article').nth(1).getByRole('button', { name: 'Dismiss' }).focus()
    const place = await list.getByRole('article').nth(1).boundingBox()
    server.workbench.consoleTools.hit(hit('cam-04', 'Kernel panic', 'Kernel panic - not syncing: once more'))
    server.workbench.consoleTools.hit(hit('cam-07', 'Watchdog', 'watchdog: bark'))
    await list.getByRole('article').first().getByText('Watchdog', { exact: true }).waitFor()
    const held = list.getByRole('article').nth(2)
    await held.getByText('once more').waitFor()
    expect(await held.boundingBox()).toEqual(place)
    await expectFocusOn(held.getByRole('button', { name: 'Dismiss' }), 'the row that was held')
    await page.getByRole('log', { name: 'Newest alarm' }).getByText('Watchdog').waitFor()
    await page.keyboard.press('Escape')
    await expectFocusOn(page.getByRole('button', { name: /^3 new alarms/ }), 'the line has the focus again')
    await list.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: /^3 new alarms/ }).press('Enter')
    await list.getByRole('article').nth(1).getByText('once more').waitFor()
    await list.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
    await page.keyboard.press('Escape')
    await expectFocusOn(button, 'the line has the focus again')
    // Escape closed the list and not the panel below it.
    expect(await page.getByRole('complementary').count()).toBe(1)

    await button.press('Enter')
    await list.getByRole('button', { name: 'Dismiss', exact: true }).first().click()
    await page.getByRole('button', { name: /^1 new alarm/ }).waitFor()
    await expect.poll(async () => hasFocus(list)).toBe(true)
    await list.getByRole('button', { name: 'Dismiss it' }).click()
    await expectFocusOn(page.getByRole('button', { name: 'no new alarms' }), 'the line has the focus, and nothing to say')
    // The next turn of the loop stays quiet for a while.
    server.workbench.consoleTools.hit(hit('cam-04', 'Boot loop', '6 boots in two minutes'))
    server.workbench.consoleTools.hit(hit('cam-09', 'Oops', 'Unable to handle kernel paging request'))
    await page.getByRole('button', { name: /^1 new alarm/ }).press('Enter')
    await list.getByRole('button', { name: 'Look at it' }).click()
    await page.getByRole('complementary', { name: 'Camera cam-09' }).getByRole('region', { name: 'Console of cam-09' }).waitFor()
    await page.getByRole('button', { name: 'no new alarms' }).waitFor()
  })
})
