import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { createRealClock } from '../support/realClock.ts'
import { createRouterOsStandIn } from '../support/routerOsStandIn.ts'
import { serveSsh } from '../support/sshStandIn.ts'
import { missingForWindow, openWindow } from './openWindow.ts'

/** The list comes from the workbench, so a choice can be made only when it is there. */
async function chooseChip(page: Page, chip: string): Promise<void> {
  await page.getByLabel('Chip', { exact: true }).last().fill(chip)
  await page.locator('.n-base-select-option').getByText(chip, { exact: true }).click()
}

describe.skipIf(missingForWindow() !== undefined)('a camera on a desk, in a browser on the real host', () => {
  test('is added from the start screen in three steps, and its tabs say what it cannot do', async () => {
    const { page, workbench, folder, complaints } = await openWindow()
    const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined)
    onTestFinished(async () => rack.close())
    const line = `tcp://127.0.0.1:${/:(\d+)\?/.exec(rack.urls[0] ?? '')?.[1] ?? ''}`
    const steps: readonly (() => Promise<void>)[] = [
      async () => page.getByLabel('Address of the pod').fill(line),
      async () => chooseChip(page, rack.chip),
      async () => page.getByRole('button', { name: 'Add camera' }).click(),
    ]
    for (const step of steps) await step()
    const card = page.getByRole('option', { name: /cam-01/ })
    await card.waitFor()
    expect(workbench.rack.pods()).toMatchObject([{ url: line, chip: rack.chip, cameraName: 'cam-01' }])
    await card.click()
    await page.getByRole('note', { name: 'Good to know' }).getByText('own U-Boot is stopped').waitFor()
    await page.getByRole('tab', { name: 'U-Boot' }).click()
    await page.getByRole('note', { name: 'Why not' }).getByText('needs a profile and a U-Boot image').waitFor()
    await page.getByRole('tab', { name: 'Power' }).click()
    await page.getByRole('note', { name: 'Why not' }).getByRole('button', { name: 'Choose another power' }).click()
    await page.getByRole('dialog').getByText('Now: power of camera on').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    // The same line again is refused with the camera that has it.
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: /Find a camera/ }).fill('add a pod')
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Address of the pod').fill(line)
    // The chip of the last camera is proposed.
    await dialog.getByRole('button', { name: 'Add camera' }).click()
    await dialog.getByRole('alert').getByText('is in the rack already').waitFor()
    expect(workbench.rack.pods()).toHaveLength(1)
    expect(complaints.filter((line) => !line.includes('Failed to load resource'))).toEqual([])
  })

  test('a switch is tested, its port is chosen, and its configuration is kept before the camera is added', async () => {
    const api = createRouterOsStandIn(createRealClock(), [
      { name: 'ether2', comment: 'cam desk left', poe: 'auto-on', hasLoad: true }, { name: 'ether3', comment: 'cam desk right', poe: 'auto-on', hasLoad: true },
    ])
    onTestFinished(async () => api.close())
    const shell = await serveSsh()
    onTestFinished(async () => shell.close())
    shell.answer = (_command, channel) => { channel.write('# by RouterOS 7.14\r\n/ppp secret add name=joe password=hunter2\r\n'); channel.exit(0); channel.end() }
    const { page, workbench, folder, complaints } = await openWindow()
    await page.getByLabel('Address of the pod').fill('tcp://127.0.0.1:9')
    await chooseChip(page, 'hi3516ev300')
    await page.locator('.power .n-base-selection').click()
    await page.getByText('MikroTik switch (RouterOS)').click()
    for (const [label, text] of [['Address', '127.0.0.1'], ['API port', String(await api.listen())], ['SSH port', String(shell.port)], ['or its comment', 'cam desk'], ['Password', 'secret']] as const) await page.getByLabel(label, { exact: true }).fill(text)

    await page.getByRole('button', { name: 'Test the switch' }).click()
    await page.getByText('fits more than one port: ether2 (cam desk left), ether3 (cam desk right)').waitFor()
    await page.getByRole('group', { name: 'The switch' }).locator('.n-base-selection').click()
    await page.getByText('ether3 · cam desk right').last().click()
    await page.getByText('ether3 (cam desk right) gives power.').waitFor()
    expect(api.switchings).toEqual([])

    await page.getByRole('button', { name: 'Save its configuration' }).click()
    const key = page.getByRole('group', { name: 'Host key' })
    await key.getByText(shell.hostKeySha256).waitFor()
    expect(shell.logins).toEqual([])
    await key.getByRole('button', { name: /accept it and save/ }).click()
    await page.getByText('Saved, with its passwords masked').waitFor()
    const [record = ''] = await readdir(join(folder, 'data', 'audit'))
    expect(await readFile(join(folder, 'data', 'audit', record), 'utf8')).toContain('password=***')

    await page.getByRole('button', { name: 'Add camera' }).click()
    await page.getByRole('option', { name: /cam-01/ }).waitFor()
    expect(workbench.rack.pods()).toMatchObject([{ power: { kind: 'routeros', host: '127.0.0.1', ethernet: 'ether3' } }])
    expect(complaints.filter((line) => !line.includes('Failed to load resource') && !line.includes('cam'))).toEqual([])
  })
})
