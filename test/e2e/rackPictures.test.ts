import { describe, expect, onTestFinished, test } from 'vitest'
import { drawScene } from '../../src/main/sim/scene.ts'
import { openFarCamera } from '../support/consoleBench.ts'
import { openFileServer } from '../support/fileServer.ts'
import { missingForWindow, openGate } from './openWindow.ts'

const soon = { timeout: 30_000 } as const
const endlessBytes = 50 * 1024 * 1024

describe.skipIf(missingForWindow() !== undefined)('what a card shows, in a browser on the real host', () => {
  test('a camera that never answers and one that sends 50 MB are said in words, and the picture of a third stays fresh', async () => {
    const { page, workbench, complaints } = await openGate()
    for (const name of ['Mute', 'Flood']) workbench.setup.addForNow({ url: (await openFarCamera()).url, name: '', cameraName: name, chip: 'hi3516ev300' })
    const server = await openFileServer()
    onTestFinished(async () => server.close())
    let sent = 0
    server.on('/good.jpg', drawScene(1, 0))
    server.on('/mute.jpg', () => undefined)
    server.on('/flood.jpg', (response) => {
      response.writeHead(200, { 'content-type': 'image/jpeg' })
      const first = sent
      const pour = (): void => {
        if (sent - first >= endlessBytes || response.destroyed) { response.end(); return }
        sent += 65_536
        response.write(Buffer.alloc(65_536, 0x55), pour)
      }
      pour()
    })
    await page.getByRole('group', { name: 'Zoom' }).getByRole('button', { name: 'Pictures' }).click()
    const card = (name: string) => page.getByRole('option', { name: new RegExp(`^${name}`) })
    for (const [name, path] of [['Gate', 'good'], ['Mute', 'mute'], ['Flood', 'flood']] as const) {
      await card(name).click()
      await page.getByRole('tab', { name: 'Power', exact: true }).click()
      await page.getByLabel('Address of its picture').fill(`${server.url}${path}.jpg`)
      await page.getByRole('region', { name: 'Power' }).getByRole('button', { name: 'Save', exact: true }).click()
    }
    await expect.poll(async () => card('Gate').locator('.age').innerText().catch(() => ''), soon).toMatch(/^\d s$/)
    await card('Mute').getByText('The camera does not answer within 4 s').waitFor()
    await card('Flood').getByText('The camera sends more than 4 MiB for one picture').waitFor()
    // What was on its way in the buffers of two sockets is lost; the rest is never sent.
    expect(sent / server.asked.filter((path) => path === '/flood.jpg').length).toBeLessThan(endlessBytes / 2)
    const asked = server.asked.filter((path) => path === '/good.jpg').length
    await expect.poll(() => server.asked.filter((path) => path === '/good.jpg').length, soon).toBeGreaterThan(asked + 1)
    expect(await card('Gate').locator('.age').innerText()).toMatch(/^\d s$/)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })

  test('its line of activity rises while the camera talks, and two boots that differ are shown at the first line that does', async () => {
    const { page, workbench, far, complaints } = await openGate()
    const spark = page.getByRole('option', { name: /^Gate/ }).locator('.spark polyline')
    const highest = async (): Promise<number> => Math.min(...((await spark.getAttribute('points')) ?? '').split(' ').map((point) => Number(point.split(',')[1])))
    expect(await highest()).toBe(15)
    const boot = (memory: string, card: string): string => `\r\nU-Boot 2016.11 (Jan 01 2024)\r\nDRAM:  ${memory}\r\nStarting kernel ...\r\n[    0.000000] Linux version 4.9.37 (gcc 7.5.0)\r\n[    1.000000] ${card}\r\n[    2.000000] Freeing unused kernel memory: 1024K\r\ninit started: BusyBox\r\nopenipc login: \r\n`
    const boots = [boot('64 MiB', 'mmc0: new card'), boot('128 MiB', 'mmc0: card is not there')]
    const said = boots.join('').length
    for (const words of boots) far.say(words)
    await expect.poll(highest, soon).toBeLessThan(13)
    await expect.poll(async () => (await workbench.captures.sessions({}))[0]?.endOffset ?? 0, soon).toBe(said)
    await workbench.captures.caughtUp(AbortSignal.timeout(soon.timeout))
    await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Captures', exact: true }).click()
    await page.getByRole('tab', { name: 'Boots' }).click()
    await page.getByRole('textbox', { name: 'Boots of this camera' }).fill('Gate')
    await page.keyboard.press('Enter')
    const listed = page.getByRole('listbox', { name: 'Boots of this camera and firmware' }).getByRole('option')
    await expect.poll(async () => listed.count(), soon).toBe(2)
    await listed.first().click()
    await listed.last().click()
    await page.getByRole('button', { name: 'Compare both' }).click()
    const both = page.getByRole('region', { name: 'Two boots side by side' })
    await both.getByRole('status').getByText('first difference in kernel').waitFor()
    await both.getByRole('button', { name: 'First difference' }).click()
    // Another amount of memory is a number only.
    await both.locator('.differs.first').getByText(/mmc0: (?:new card|card is not there)/).waitFor()
    expect(await both.locator('.differs').filter({ hasText: 'DRAM' }).count()).toBe(0)
    expect(await both.getByRole('option').filter({ hasText: 'DRAM' }).count()).toBe(1)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })
})
