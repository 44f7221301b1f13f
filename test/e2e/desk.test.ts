import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { powerSpecSchema } from '../../src/shared/devices/powerSpec.schema.ts'
import { announce, ownGroup } from '../support/mdnsAnnouncer.ts'
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
  test('a pod that announces itself is listed and chosen, and what else answers is called what it is', async () => {
    const group = await ownGroup()
    await announce(group, [{ name: 'rack-node-001', port: 8080, host: 'rack-node-001.local' }, { name: 'Printer "x"', port: 631, host: 'printer.local' }])
    const { page, complaints } = await openWindow({ mdns: { group, interfaces: ['127.0.0.1'] } })
    const found = page.getByRole('group', { name: 'Found on this network' })
    await found.getByText('Listening for pods').waitFor()
    await found.getByRole('button', { name: /Printer "x", a web page: perhaps no pod/ }).waitFor()
    await found.getByRole('button', { name: /rack-node-001/ }).click()
    expect(await page.getByLabel('Address of the pod').inputValue()).toMatch(/^rack:\/\/\S+$/)
    expect(complaints).toEqual([])
  })

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

  test('on a port that nobody wrote down: only what is chosen is cut, and the console that starts gets its port', async () => {
    const { page, workbench, folder, complaints } = await openWindow()
    const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined, { pods: 2 })
    onTestFinished(async () => rack.close())
    const clock = createRealClock()
    const api = createRouterOsStandIn(clock, [
      { name: 'ether1', comment: 'uplink to the hall', poe: 'auto-on', hasLoad: true, running: true }, { name: 'ether2', comment: 'the known one', poe: 'auto-on', hasLoad: true, running: true },
      { name: 'ether3', poe: 'auto-on', hasLoad: true, running: true, watts: 3.1 }, { name: 'ether4', poe: 'auto-on', hasLoad: true, running: true },
    ])
    onTestFinished(async () => api.close())
    const port = await api.listen()
    const places = rack.urls.map((url) => /:(\d+)\?api=(\d+)$/.exec(url)?.slice(1) ?? [])
    // The camera that nobody knows of hangs on ether3.
    api.behaviour.onRelay = (name, on) => { if (name === 'ether3') fetch(`http://127.0.0.1:${places[1]?.[1] ?? ''}/power/${on ? 'on' : 'off'}`, { method: 'POST' }).catch(() => undefined) }
    const power = powerSpecSchema.parse({ kind: 'routeros', host: '127.0.0.1', port, comment: 'the known one' })
    for (const [index, [line = '']] of places.entries()) {
      await workbench.setup.add({ url: `tcp://127.0.0.1:${line}`, name: '', cameraName: `cam-${String(index + 1)}`, chip: rack.chip, ...(index === 0 ? { power, password: 'secret' } : {}) }, AbortSignal.timeout(30_000))
    }
    await expect.poll(() => workbench.rack.view().pods.map(({ cameras: [camera] }) => camera?.life), { timeout: 30_000 }).toEqual(['booted', 'booted'])
    await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Settings', exact: true }).click()
    await page.getByRole('button', { name: 'Find cameras on ports' }).click()
    const dialog = page.getByRole('dialog', { name: 'Find cameras on ports of a switch' })
    const box = (name: string) => dialog.getByRole('checkbox', { name: `Cut ${name}` })
    const row = (name: string) => dialog.getByRole('row').filter({ has: page.getByRole('checkbox', { name: `Cut ${name}` }) })
    await row('ether3').getByText('3.1 W').waitFor()
    expect(await dialog.getByRole('checkbox', { checked: true }).count()).toBe(0)
    expect(await Promise.all(['ether1', 'ether2', 'ether3', 'ether4'].map(async (name) => box(name).isDisabled()))).toEqual([true, true, false, false])
    await row('ether1').getByText('its comment says that it leads to the network').waitFor()
    await box('ether3').check()
    expect(api.switchings).toEqual([])
    await dialog.getByRole('button', { name: /^Cut 1 port/ }).click()
    await dialog.getByText('ether3 feeds cam-2').first().waitFor({ timeout: 60_000 })
    expect(api.switchings.map((each) => each.replace(/@\d+.*$/, ''))).toHaveLength(2)
    expect(['ether1', 'ether2', 'ether3', 'ether4'].map((name) => api.isPowered(name))).toEqual([true, true, true, true])
    await dialog.getByRole('button', { name: 'Store it' }).click()
    await dialog.getByText('Stored: each camera has the port that feeds it').waitFor()
    expect((await workbench.inventories.list()).map((each) => (each.power && 'ethernet' in each.power ? each.power.ethernet : undefined))).toEqual([undefined, 'ether3'])
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })
})
