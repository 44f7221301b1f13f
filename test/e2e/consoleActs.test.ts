import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { missingForWindow, openDemo, openGate, openWindow } from './openWindow.ts'

const soon = { timeout: 30_000 } as const
const id = 'demo-cam-01' as CameraId

async function newRule(page: Page, name: string, words: string): Promise<void> {
  await page.getByRole('button', { name: 'New rule' }).click()
  const rule = page.getByRole('form', { name: 'Rule' })
  await rule.getByLabel('Name').fill(name)
  await rule.getByLabel(/^Words, one a line/).fill(words)
}

describe.skipIf(missingForWindow() !== undefined)('what a console does to power and to the desktop, in a browser on the real host', () => {
  test('power is switched from the pane after a question in its line; a rule cycles it by itself, once it was agreed to', async () => {
    const { page, workbench, complaints } = await openWindow()
    const camera = () => workbench.rack.view().pods[0]?.cameras[0]
    const booted = async (): Promise<void> => { await expect.poll(() => camera()?.life, soon).toBe('booted') }
    const acts = (what: string): number => workbench.audit.list({ limit: 50 }).filter((entry) => entry.what === what && entry.subject === 'cam-01').length
    await openDemo(page)
    await booted()
    await page.locator(`[data-camera="${id}"]`).click()
    await page.getByRole('tab', { name: 'Console' }).click()
    const pane = page.getByRole('region', { name: 'Console of cam-01' })
    const keys = pane.getByRole('group', { name: 'Power of cam-01' })
    await keys.getByRole('button', { name: 'Off', exact: true }).click()
    await pane.getByRole('alertdialog', { name: 'Cut the power of cam-01?' }).getByRole('button', { name: 'Leave it' }).click()
    await keys.waitFor()
    expect([camera()?.power, acts('power off')]).toEqual(['on', 0])
    await keys.getByRole('button', { name: 'Off', exact: true }).click()
    // The question has the focus, and Escape is no.
    await page.keyboard.press('Escape')
    await keys.waitFor()
    await keys.getByRole('button', { name: 'Off', exact: true }).click()
    await page.keyboard.press('Enter')
    await expect.poll(() => camera()?.power, soon).toBe('off')
    await keys.getByRole('button', { name: 'On', exact: true }).click()
    await expect.poll(() => camera()?.power, soon).toBe('on')
    await booted()
    expect(acts('power off')).toBe(1)

    await pane.getByRole('button', { name: 'Rules', exact: true }).click()
    await newRule(page, 'Lens stuck', 'lens driver stuck')
    const rule = page.getByRole('form', { name: 'Rule' })
    await rule.getByLabel('and then').selectOption('cycle its power')
    const save = rule.getByRole('button', { name: 'Save the rule' })
    expect(await save.isDisabled()).toBe(true)
    await rule.getByLabel(/It may cut a camera's power by itself/).check()
    await save.click()
    await page.getByRole('button', { name: 'Change Lens stuck' }).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    expect(acts('power cycle')).toBe(0)
    const before = camera()?.bytesReceived ?? 0
    await pane.getByRole('textbox', { name: 'Line to send to cam-01' }).fill('lens driver stuck, code 7')
    await page.keyboard.press('Enter')
    await expect.poll(() => acts('power cycle'), soon).toBe(1)
    // A start of the camera itself, and not the few letters of the line.
    await expect.poll(() => (camera()?.bytesReceived ?? 0) - before, soon).toBeGreaterThan(1_000)
    await pane.getByRole('button', { name: /alarms?$/ }).click()
    await page.getByRole('list', { name: 'What was noticed' }).getByText('the power was cycled by this rule').waitFor()
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })

  test('an alarm is told on the desktop while the window is not looked at, and not before somebody allows it', async () => {
    const { page, far, complaints } = await openGate()
    // What the desktop is asked to show is written down on its way there; the window is hidden for as long as the test says.
    await page.evaluate(`(() => {
      globalThis.told = []
      globalThis.isHidden = true
      const Real = globalThis.Notification
      globalThis.Notification = class extends Real { constructor(title, more) { super(title, more); globalThis.told.push(title + ' / ' + more.body) } }
      Object.defineProperty(document, 'hidden', { get: () => globalThis.isHidden, configurable: true })
    })()`)
    const told = async (): Promise<unknown> => page.evaluate('globalThis.told')
    const newest = page.getByRole('log', { name: 'Newest alarm' })
    far.say('Kernel panic - not syncing: one\r\n')
    await newest.filter({ hasText: /Gate.*not syncing: one/ }).waitFor()
    expect(await told()).toEqual([])
    await page.context().grantPermissions(['notifications'])
    far.say('Kernel panic - not syncing: two\r\n')
    await expect.poll(told, soon).toEqual(['Gate: Kernel panic / Kernel panic - not syncing: two'])
    // Who looks at the window needs no second voice.
    await page.evaluate('globalThis.isHidden = false')
    far.say('Kernel panic - not syncing: three\r\n')
    await newest.filter({ hasText: 'not syncing: three' }).waitFor()
    expect(await told()).toHaveLength(1)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })
})
