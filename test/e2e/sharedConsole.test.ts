import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

async function consoleOf(page: Page, name: string): Promise<void> {
  await page.getByRole('option', { name: new RegExp(name) }).click()
  await page.getByRole('tab', { name: 'Console' }).click()
  await page.getByRole('region', { name: `Console of ${name}` }).waitFor()
}

describe.skipIf(missingForWindow() !== undefined)('a console that two windows share, in a browser on the real host', () => {
  test('who types is seen in both; a take-over is told to the loser, who takes it back; the line is released and taken back', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.life, { timeout: 30_000 }).toBe('booted')
    await consoleOf(page, 'cam-01')
    await page.getByText('Nobody types here.').waitFor()
    await page.getByRole('textbox', { name: 'Line to send to cam-01' }).fill('root')
    await page.keyboard.press('Enter')
    await page.getByText(/^You type here since \d\d:\d\d\.$/).waitFor()
    const second = await open.newPage()
    await consoleOf(second, 'cam-01')
    await second.getByText(/^window 1 types here since/).waitFor()
    await second.getByRole('textbox', { name: 'Line to send to cam-01' }).fill('reboot')
    await second.keyboard.press('Enter')
    await second.getByText(/^window 1 types into this console/).waitFor()
    await second.getByRole('button', { name: 'Take over' }).click()
    await second.getByText(/^You type here/).waitFor()
    await page.getByText(/^Taken over by window 2 at \d\d:\d\d\.$/).waitFor()
    await page.getByRole('button', { name: 'Take it back' }).click()
    await page.getByText(/^You type here/).waitFor()
    await page.getByRole('button', { name: 'Release', exact: true }).click()
    await second.getByText(/^Released since \d\d:\d\d by window 1, for another program\.$/).waitFor()
    expect(workbench.rack.view().pods[0]?.cameras[0]?.console).toBe('released')
    await second.getByRole('button', { name: 'Take the line back' }).click()
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.console, { timeout: 20_000 }).toBe('open')
    await page.getByText(/^You type here/).waitFor()
    await page.close()
    await second.getByText(/^Taken over by window 1 at \d\d:\d\d, who has left\.$/).waitFor()
    expect(open.complaints.filter((line) => !line.includes('pod/busy'))).toEqual([])
  })

  test('a macro asks for its value, a script logs in by itself, a rule is told everywhere, and power asks before it cuts', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await workbench.consoles.save({
      macros: [{ name: 'Note', text: 'echo {camera} {ask:Ticket}', pauseMs: 0 }],
      scripts: [{ name: 'Log in', text: 'send ""\nexpect "login:" within 20s\nsend "root"\nexpect /root\\s+\\S+ login:/ within 20s' }],
    })
    await openDemo(page)
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.life, { timeout: 30_000 }).toBe('booted')
    await consoleOf(page, 'cam-01')
    await page.getByRole('button', { name: 'Script', exact: true }).click()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText(/^Log in is done, started by window 1/).waitFor({ timeout: 30_000 })
    await page.getByRole('button', { name: 'Macros', exact: true }).click()
    await page.getByRole('button', { name: 'Note', exact: true }).click()
    await page.getByRole('textbox', { name: 'Ticket' }).fill('Kernel panic - not syncing: T-17')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    // What the shell answers is a line like any other.
    await page.getByRole('button', { name: /new alarms?/ }).click()
    await page.getByRole('region', { name: 'Alarms' }).getByText('Kernel panic', { exact: true }).first().waitFor()
    // Escape is the list's own, also while nothing in it has the focus: the panel below stays open.
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('Escape')
    await page.getByRole('region', { name: 'Alarms' }).waitFor({ state: 'hidden' })
    await page.getByRole('region', { name: 'Console of cam-01' }).waitFor()
    await expect.poll(async () => page.getByRole('option', { name: /cam-01/ }).innerText()).toMatch(/\d alarms?/)
    await page.getByRole('group', { name: 'View of cam-01' }).getByRole('button', { name: 'Lines' }).click()
    await page.locator('.row.hit.bad').first().waitFor()
    await page.getByRole('region', { name: 'Console of cam-01' }).getByRole('button', { name: /alarms?$/ }).click()
    await page.getByRole('list', { name: 'What was noticed' }).getByText(/T-17/).first().waitFor()
    await page.getByRole('button', { name: /^Clear the alarm/ }).click()
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.alarms).toBeUndefined()
    await page.keyboard.press('Escape')
    await page.getByRole('textbox', { name: 'Line to send to cam-01' }).focus()
    await page.keyboard.press('Alt+Shift+F')
    await page.getByRole('dialog', { name: 'Power off: cam-01?' }).waitFor()
    expect(workbench.rack.view().pods[0]?.cameras[0]?.power).toBe('on')
    await page.getByRole('dialog').getByRole('button', { name: 'Power off' }).click()
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.power).toBe('off')
    expect(open.complaints).toEqual([])
  })
})
