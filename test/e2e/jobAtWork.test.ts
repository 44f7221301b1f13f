import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

const soon = { timeout: 30_000 } as const

describe.skipIf(missingForWindow() !== undefined)('a camera that a job has, in a browser on the real host', () => {
  test('its console is the job\'s and the operator watches; its card says who holds it; its power is cut only by its own name, and then nothing is called restored', async () => {
    const { page, workbench, folder, complaints } = await openWindow()
    const id = 'demo-cam-03' as CameraId
    const camera = () => workbench.rack.view().pods.flatMap(({ cameras }) => cameras).find((each) => each.id === id)
    await openDemo(page)
    const card = page.locator(`[data-camera="${id}"]`)
    await expect.poll(async () => card.locator('.watts').innerText(), soon).toMatch(/^[1-9]\d*\.\d W$/)
    expect(camera()?.watts).toBeGreaterThan(0)
    await card.click()
    await page.getByLabel(/^What to restore/).fill(join(folder, 'data', 'demo', 'images'))
    await page.getByRole('button', { name: 'Make plan' }).click()
    await page.getByRole('button', { name: 'Restore cam-03' }).click()
    await page.getByRole('button', { name: 'Erase and restore' }).click()
    await page.getByRole('region', { name: 'Restore under way' }).waitFor()

    await page.getByRole('tab', { name: 'Console' }).click()
    const pane = page.getByRole('region', { name: 'Console of cam-03' })
    await pane.getByText(/^You watch: Restore of cam-03 .*has the console since \d\d:\d\d\.$/).waitFor()
    for (const name of ['Type here', 'Take over', 'Release']) expect(await pane.getByRole('button', { name, exact: true }).count()).toBe(0)
    expect(await pane.getByRole('textbox', { name: 'Line to send to cam-03' }).isDisabled()).toBe(true)
    for (const name of ['On', 'Off', 'Cycle']) expect(await pane.getByRole('group', { name: 'Power of cam-03' }).getByRole('button', { name, exact: true }).isDisabled()).toBe(true)
    await pane.locator('.xterm-helper-textarea').focus()
    await page.keyboard.type('typed-by-hand\n')
    // What the job says and hears is seen as it happens.
    const heard = camera()?.bytesReceived ?? 0
    await expect.poll(() => camera()?.bytesReceived ?? 0, soon).toBeGreaterThan(heard)
    await expect.poll(async () => pane.locator('.xterm-rows').innerText(), soon).toMatch(/crc32|sf|tftp/)
    expect(camera()).toMatchObject({ console: 'lent' })

    await card.getByText(/^held by Restore of cam-03/).waitFor()
    await card.getByRole('progressbar', { name: 'Restore cam-03' }).waitFor()

    await page.getByRole('tab', { name: 'Power' }).click()
    // What it drew until now is plotted there.
    await page.getByRole('figure', { name: 'Watts over time' }).waitFor()
    await page.getByRole('complementary').getByRole('button', { name: 'Power off', exact: true }).click()
    await page.getByLabel(/type cam-03$/).fill('cam-03')
    expect(camera()?.power).toBe('on')
    await page.getByRole('button', { name: 'Cut the power' }).click()
    await expect.poll(() => camera()?.power, soon).toBe('off')
    await expect.poll(async () => card.locator('.watts').innerText(), soon).toBe('0.0 W')
    await expect.poll(() => workbench.jobs.list()[0]?.state, { timeout: 90_000 }).toBe('failed')
    expect(workbench.jobs.list()[0]?.verdict).not.toContain('restored')
    await page.getByRole('tab', { name: 'Restore' }).click()
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByRole('heading', { name: /^failed/ }).waitFor()
    expect(await verdict.getByText('restored and booted').count()).toBe(0)
    expect(workbench.audit.list({ limit: 50 }).filter(({ what, subject }) => what === 'power off' && subject === 'cam-03')).toHaveLength(1)
    // No key of all that was typed came to the camera.
    expect(workbench.rack.camera(id).console.tail(65_536)).not.toContain('typed-by-hand')
    expect(complaints.filter((line) => !line.startsWith('log:') && !line.includes('pod/busy'))).toEqual([])
  })
})
