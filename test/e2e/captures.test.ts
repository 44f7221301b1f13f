import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, describe } from 'vitest'
import { openFarCamera } from '../support/consoleBench.ts'
import { unpackZip } from '../support/unpackZip.ts'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

describe.skipIf(missingForWindow() !== undefined)('captures, in a browser on the real host', () => {
  test('a line of a boot is found, opened at its place, and exported', async () => {
    const { page, workbench, complaints } = await openWindow()
    await openDemo(page)
    await expect.poll(async () => (await workbench.captures.sessions({})).filter(({ endOffset }) => endOffset > 500).length, { timeout: 60_000 }).toBeGreaterThan(0)
    await workbench.captures.caughtUp(AbortSignal.timeout(60_000))
    await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Captures' }).click()
    await page.getByRole('searchbox', { name: 'Words to search for' }).fill('U-Boot')
    await page.keyboard.press('Enter')
    const found = page.getByRole('listbox', { name: 'Found lines' })
    const first = found.getByRole('option').first()
    await first.waitFor()
    expect(await first.locator('mark').first().textContent()).toMatch(/^U$/i)
    await first.click()
    const reader = page.getByRole('region', { name: /^Session of/ })
    const here = reader.getByRole('listbox', { name: 'Lines of the session' }).getByRole('option', { selected: true })
    await here.getByText('U-Boot').waitFor()
    await reader.getByRole('search').getByText(/\d+ lines?/).waitFor()
    await reader.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click()
    const told = await page.getByRole('dialog').getByText('Written:').textContent()
    const path = told?.replace('Written: ', '').trim() ?? ''
    expect(await readFile(path, 'utf8')).toContain('U-Boot')
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })

  test('a console that has been silent since the workbench was started leads to what it said before', async () => {
    const far = await openFarCamera()
    const { page, workbench, complaints } = await openWindow({
      earlier: async ({ setup, rack, captures }) => {
        const { cameraId } = await setup.add({ url: far.url, name: '', cameraName: 'Gate', chip: 'hi3516ev300' }, AbortSignal.timeout(20_000))
        await expect.poll(() => rack.camera(cameraId).console.stats().state).toBe('open')
        far.say('the last words of yesterday\r\n')
        await expect.poll(async () => (await captures.sessions({ camera: cameraId }))[0]?.endOffset).toBeGreaterThan(20)
      },
    })
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.console).toBe('open')
    await page.getByRole('option', { name: /Gate/ }).click()
    await page.getByRole('tab', { name: 'Console', exact: true }).click()
    const pane = page.getByRole('region', { name: 'Console of Gate' })
    await pane.getByText('Nothing was said since the workbench was started.').waitFor()
    await pane.getByRole('button', { name: 'What it said before' }).click()
    const lines = page.getByRole('region', { name: 'Session of Gate' }).getByRole('listbox', { name: 'Lines of the session' })
    await lines.getByText('the last words of yesterday').waitFor()
    // From there on it is a console like any other.
    await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Rack' }).click()
    far.say('good morning\r\n')
    await pane.getByText('good morning').first().waitFor()
    await pane.getByText('Nothing was said since').waitFor({ state: 'hidden' })
    // By keys, at any time.
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Find a camera, run a command' }).fill('What the console said before')
    await page.getByRole('option', { name: /^What the console said before/ }).waitFor()
    await page.keyboard.press('Enter')
    await lines.getByText('good morning').waitFor()
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })

  test('a support bundle of chosen cameras and of a chosen time, chosen with the mouse in the dialog', async () => {
    const { page, workbench, folder } = await openWindow()
    await openDemo(page)
    await expect.poll(async () => (await workbench.captures.sessions({})).filter(({ endOffset }) => endOffset > 500).length, { timeout: 60_000 }).toBeGreaterThan(3)
    await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Captures' }).click()
    await page.getByRole('button', { name: 'Support bundle' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(/^\d\d console sessions/).waitFor()
    // The dialog lies over the whole page, and what opens beneath it can be seen by nobody.
    await dialog.locator('.n-select').first().click()
    await page.getByText('All that is kept', { exact: true }).click()
    await dialog.locator('.n-select').nth(1).click()
    await page.locator('.n-base-select-option').filter({ hasText: 'cam-03' }).click()
    await dialog.getByText(/^1 console session, .* 1 camera$/).waitFor()
    await dialog.getByRole('heading').click()
    await dialog.getByRole('button', { name: 'Make the bundle' }).click()
    const path = (await dialog.getByText('Written:').textContent())?.replace('Written: ', '').trim() ?? ''
    await unpackZip(path, join(folder, 'unpacked'))
    expect(await readdir(join(folder, 'unpacked/consoles'))).toEqual([expect.stringMatching(/^0001-cam-03-/)])
    expect(await readdir(join(folder, 'unpacked'))).toContain('index.html')
  })

  test('a disk without room pauses captures and says so in every view, while consoles go on', async () => {
    const { page, workbench } = await openWindow({ captureSettings: { reserveBytes: Number.MAX_SAFE_INTEGER } })
    await openDemo(page)
    const alarm = page.getByRole('alert').filter({ hasText: 'Captures are paused' })
    await alarm.waitFor({ timeout: 60_000 })
    await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Jobs' }).click()
    await alarm.getByRole('button', { name: 'Look at the captures' }).click()
    await page.getByRole('status', { name: 'State of the captures' }).getByText('paused').waitFor()
    await alarm.waitFor()
    await expect.poll(() => workbench.rack.view().pods.flatMap(({ cameras }) => cameras).filter(({ life }) => life === 'booted').length, { timeout: 60_000 }).toBeGreaterThan(0)
    const camera = workbench.rack.view().pods.flatMap(({ cameras }) => cameras).find(({ life }) => life === 'booted')
    await workbench.rack.power(camera?.id ?? expect.fail('no camera'), 'cycle', AbortSignal.timeout(30_000))
    await expect.poll(() => workbench.rack.view().pods.flatMap(({ cameras }) => cameras).find(({ id }) => id === camera?.id)?.life, { timeout: 60_000 }).not.toBe('booted')
    expect((await workbench.captures.sessions({})).every(({ endOffset }) => endOffset < 65_536)).toBe(true)
  })
})
