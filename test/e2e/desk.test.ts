import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { missingForWindow, openWindow } from './openWindow.ts'

describe.skipIf(missingForWindow() !== undefined)('a camera on a desk, in a browser on the real host', () => {
  test('is added from the start screen in three steps, and its tabs say what it cannot do', async () => {
    const { page, workbench, folder, complaints } = await openWindow()
    const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined)
    onTestFinished(async () => rack.close())
    const line = `tcp://127.0.0.1:${/:(\d+)\?/.exec(rack.urls[0] ?? '')?.[1] ?? ''}`
    const steps: readonly (() => Promise<void>)[] = [
      async () => page.getByLabel('Address of the pod').fill(line),
      async () => { await page.getByLabel('Chip', { exact: true }).last().fill(rack.chip); await page.keyboard.press('Enter') },
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
})
