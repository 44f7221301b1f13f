import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { missingForWindow, openDemo, openWindow, takePicture } from './openWindow.ts'

const cameras = 40
/** Two cameras restore three images each, one after the other, on a machine that may be busy. */
const nightMs = 240_000

describe.skipIf(missingForWindow() !== undefined)('batch', () => {
  test('a night run on the demo rack (40 cameras, 3 images of which one is bad) stops at its canary and says why in one sentence', { timeout: 2 * nightMs }, async () => {
    const { page, browser, folder, complaints } = await openWindow({ demoCameras: cameras })
    // Forty cameras boot in this very process.
    page.setDefaultTimeout(nightMs / 2)
    await openDemo(page)
    await page.keyboard.press('Alt+9')
    await page.getByRole('heading', { name: 'No batch yet' }).waitFor()
    await page.getByRole('button', { name: 'New batch' }).click()
    const dialog = page.getByRole('dialog', { name: 'New batch' })
    // Three images, of which one leaves the kernel without a root file system, lie beside that plan.
    await dialog.getByRole('button', { name: "The demo's night run" }).click()
    await dialog.getByText('40 cameras × 3 images × 10 cycles = 1200 items').waitFor()
    await dialog.getByText(/^First 2 cameras, one cycle of each image/).waitFor()
    await dialog.getByLabel('Number of cameras').fill(String(cameras))
    await dialog.getByRole('button', { name: 'Erase and start the batch' }).click()

    const why = page.getByRole('status', { name: 'Why' })
    await expect.poll(async () => why.innerText(), { timeout: nightMs, interval: 500 }).toMatch(/^Stopped at the canary: fw-2\.6-rc1 on cam-0[12] failed \(firmware: .*Kernel panic.*\); 38 cameras were not touched\.$/)
    const sentence = await why.innerText()
    await takePicture(page, 'night-stopped')
    await page.getByRole('region', { name: 'Why attempts did not pass' }).getByText(/Kernel panic/).first().waitFor()
    // The good images were proved on both of the canary before.
    await page.getByRole('tab', { name: 'Items', exact: true }).click()
    await page.getByRole('button', { name: /^4\s*passed$/ }).click()
    await page.getByRole('option', { name: /cam-02.*fw-2\.5\.2/ }).waitFor()
    await page.getByRole('button', { name: /left out$/ }).click()
    await page.getByRole('listbox', { name: 'Items of the batch' }).press('End')
    await page.getByRole('option', { name: /^1200 ?cam-40/ }).waitFor()
    await page.getByRole('button', { name: 'Reports' }).click()
    await page.frameLocator('iframe[title="Report"]').getByText(sentence).first().waitFor()
    const kept = await page.getByRole('dialog').locator('code').innerText()
    await page.close()

    // Elsewhere, without the program, a network or scripts.
    const apart = join(folder, 'apart')
    await mkdir(apart)
    await copyFile(kept, join(apart, 'report.html'))
    const alone = await browser.newContext({ offline: true, javaScriptEnabled: false })
    onTestFinished(async () => alone.close())
    const report = await alone.newPage()
    const asked: string[] = []
    report.on('request', (request) => { asked.push(request.url()) })
    await report.goto(pathToFileURL(join(apart, 'report.html')).href)
    await report.getByText(sentence).first().waitFor()
    await report.getByText('Kernel panic').first().waitFor()
    await takePicture(report, 'night-report')
    expect(asked).toHaveLength(1)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })
})
