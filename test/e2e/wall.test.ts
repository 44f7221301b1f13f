import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { openFarCamera } from '../support/consoleBench.ts'
import { missingForWindow, openDemo, openWindow, type OpenWindow } from './openWindow.ts'

const soon = { timeout: 30_000 } as const
const id = (name: string): CameraId => `demo-${name}` as CameraId
const tile = (page: Page, name: string) => page.getByRole('listbox', { name: 'Wall of consoles' }).locator(`[data-camera="${id(name)}"]`)
const said = ({ workbench }: OpenWindow, name: string): string => workbench.rack.camera(id(name)).console.tail(4_096)
const goTo = async (page: Page, view: string): Promise<void> => { await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: view, exact: true }).click() }

async function openWall(page: Page): Promise<void> {
  await goTo(page, 'Consoles')
  await page.getByRole('button', { name: 'Wall', exact: true }).click()
  await page.getByRole('listbox', { name: 'Wall of consoles' }).waitFor()
}
/** The one that loops takes no line, and nobody would know when. */
const booted = async ({ workbench }: OpenWindow, count: number): Promise<void> => {
  await expect.poll(() => workbench.rack.view().pods.filter(({ cameras }) => cameras[0]?.life === 'booted').length, { timeout: 60_000 }).toBeGreaterThanOrEqual(count)
}

describe.skipIf(missingForWindow() !== undefined)('the wall, in a browser on the real host', () => {
  test('a line goes to those who were chosen: who gets it is shown before, who was taken out does not, and it stays over another view', async () => {
    const open = await openWindow()
    const { page } = open
    await openDemo(page)
    await booted(open, 11)
    await openWall(page)
    await page.getByRole('button', { name: 'Broadcast', exact: true }).click()
    const bar = page.getByRole('region', { name: 'Broadcast' })
    await bar.getByText('Nobody is chosen').waitFor()
    expect(await bar.getByRole('button', { name: /^Send to/ }).isDisabled()).toBe(true)
    for (const name of ['cam-01', 'cam-02', 'cam-03']) await tile(page, name).click({ modifiers: ['Control'] })
    await bar.getByText('3 cameras will get the line.').waitFor()
    const targets = bar.getByRole('list', { name: 'Who gets the line' })
    await targets.getByRole('button', { name: 'Take out cam-03' }).click()
    await bar.getByText('2 cameras will get the line, 1 will not.').waitFor()
    await targets.getByRole('listitem').filter({ hasText: 'cam-03' }).getByText('taken out by hand').waitFor()
    await goTo(page, 'Jobs')
    await goTo(page, 'Consoles')
    await bar.getByText('2 cameras will get the line, 1 will not.').waitFor()
    await bar.getByRole('textbox', { name: 'Line for all of them' }).fill('only-the-chosen')
    await page.keyboard.press('Enter')
    await bar.getByText('Sent to 2 cameras', { exact: true }).waitFor()
    for (const name of ['cam-01', 'cam-02']) {
      await expect.poll(() => said(open, name), soon).toContain('only-the-chosen')
      await expect.poll(async () => tile(page, name).locator('pre').textContent(), soon).toContain('only-the-chosen')
    }

    await bar.getByRole('button', { name: 'Choose all shown (12)' }).click()
    // Who was taken out stays out.
    await bar.getByText('11 cameras will get the line, 1 will not.').waitFor()
    const send = bar.getByRole('button', { name: 'Send to 11 cameras' })
    await bar.getByRole('textbox', { name: 'Line for all of them' }).fill('all-of-you')
    expect(await send.isDisabled()).toBe(true)
    await bar.getByLabel('Number of cameras').fill('12')
    expect(await send.isDisabled()).toBe(true)
    await bar.getByLabel('Number of cameras').fill('11')
    await send.click()
    await bar.getByText('Sent to 11 cameras', { exact: true }).waitFor()
    for (const name of ['cam-01', 'cam-05', 'cam-12']) await expect.poll(() => said(open, name), soon).toContain('all-of-you')
    await bar.getByRole('button', { name: 'End broadcast' }).click()
    await expect.poll(async () => page.getByRole('listbox', { name: 'Wall of consoles' }).getByRole('option', { selected: true }).count(), soon).toBe(0)
    expect(said(open, 'cam-03')).not.toMatch(/only-the-chosen|all-of-you/)
    expect(open.complaints).toEqual([])
  })

  test('a hundred consoles have no terminal until one is clicked; of those chosen in the rack, who does not take the line is named with the reason', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    const cameras = await Promise.all(Array.from({ length: 100 }, async (_, at) => {
      const far = await openFarCamera()
      const name = `gate-${String(at + 1).padStart(3, '0')}`
      return { far, name, id: workbench.setup.addForNow({ url: far.url, name: '', cameraName: name, chip: 'hi3516ev300' }).cameraId }
    }))
    const [first, second] = cameras
    if (!first || !second) throw new Error('no cameras')
    await expect.poll(() => cameras.filter(({ far }) => far.clients() === 1).length, soon).toBe(100)
    for (const { far, name } of cameras) far.say(`this is ${name}\r\n`)
    await openWall(page)
    await page.getByRole('group', { name: 'Consoles on the screen' }).getByRole('button', { name: '100', exact: true }).click()
    const wall = page.getByRole('listbox', { name: 'Wall of consoles' })
    const tileOf = (name: string) => wall.getByRole('option', { name: new RegExp(name) })
    await expect.poll(async () => (await wall.locator('pre').allTextContents()).filter((text) => text.includes('this is gate-')).length, soon).toBe(100)
    expect(await page.locator('.xterm').count()).toBe(0)
    await tileOf('gate-001').click()
    const opened = page.getByRole('region', { name: 'Console of gate-001' })
    // What it said before, too.
    await expect.poll(async () => (await opened.locator('.xterm-rows').innerText()).replaceAll('\u00a0', ' '), soon).toContain('this is gate-001')
    expect(await page.locator('.xterm').count()).toBe(1)
    await page.keyboard.type('typed\n')
    await expect.poll(first.far.heard, soon).toBe('typed\r')
    await page.keyboard.press('Escape')
    await expect.poll(async () => page.locator('.xterm').count(), soon).toBe(0)

    const other = await open.newPage()
    await other.locator(`[data-camera="${second.id}"]`).click()
    await other.getByRole('tab', { name: 'Console', exact: true }).click()
    await other.getByRole('textbox', { name: 'Line to send to gate-002' }).fill('mine')
    await other.keyboard.press('Enter')
    await other.getByText(/^You type here since/).waitFor()
    await goTo(page, 'Rack')
    for (const camera of [first, second]) await page.locator(`[data-camera="${camera.id}"]`).click({ modifiers: ['Control'] })
    await page.getByRole('toolbar', { name: 'Selected cameras' }).getByRole('button', { name: 'Broadcast' }).click()
    const bar = page.getByRole('region', { name: 'Broadcast' })
    await bar.getByText('2 cameras will get the line.').waitFor()
    await bar.getByRole('textbox', { name: 'Line for all of them' }).fill('from-the-rack')
    await page.keyboard.press('Enter')
    await expect.poll(async () => bar.getByRole('status').innerText(), soon).toMatch(/^Sent to 1 camera; refused by gate-002: window \d types into this console/)
    await expect.poll(first.far.heard, soon).toBe('typed\rfrom-the-rack\r')
    // A third one got nothing of all that.
    expect([second.far.heard(), cameras[2]?.far.heard()]).toEqual(['mine\r', ''])
    expect(open.complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })
})
