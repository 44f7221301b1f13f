import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

describe.skipIf(missingForWindow() !== undefined)('batch', () => {
  test('a night run on the demo rack stops at its canary and says why', { timeout: 180_000 }, async () => {
    const { page, folder, complaints } = await openWindow()
    await openDemo(page)
    const good = join(folder, 'data', 'demo', 'images')
    const bad = join(folder, 'bad')
    await cp(good, bad, { recursive: true })
    // A root file system that is not there: the kernel panics.
    const rootfs = (await readdir(bad)).find((name) => /mtd3|rootfs/.test(name)) ?? ''
    await writeFile(join(bad, rootfs), (await readFile(join(bad, rootfs))).fill(0xff, 0, 4096))
    const plan = join(folder, 'night.yaml')
    await writeFile(plan, `name: Night run\ncameras: { ids: [cam-01, cam-02, cam-03, cam-04, cam-05, cam-06] }\nworkflow: restore\nimages:\n  - { name: fw-2.6-rc1, path: bad }\n  - { name: fw-2.5.1, path: ${JSON.stringify(good)} }\ncycles: 3\ncanary: { cameras: 2 }\n`)

    await page.keyboard.press('Alt+9')
    await page.getByRole('heading', { name: 'No batch yet' }).waitFor()
    await page.getByRole('button', { name: 'New batch' }).click()
    const dialog = page.getByRole('dialog', { name: 'New batch' })
    await dialog.getByLabel(/^Plan file/).fill(plan)
    await dialog.getByRole('button', { name: 'Read the plan' }).click()
    await dialog.getByText('6 cameras × 2 images × 3 cycles = 36 items').waitFor()
    await dialog.getByText(/^First 2 cameras, one cycle of each image/).waitFor()
    await dialog.getByRole('button', { name: 'Erase and start the batch' }).click()

    const why = page.getByRole('status', { name: 'Why' })
    await why.filter({ hasText: /^Stopped at the canary: fw-2\.6-rc1 on cam-0[12] failed \(firmware: .*Kernel panic.*\); 4 cameras were not touched\.$/ }).waitFor({ timeout: 150_000 })
    await page.getByRole('region', { name: 'Why attempts did not pass' }).getByText(/Kernel panic/).first().waitFor()
    await page.getByRole('tab', { name: 'Items', exact: true }).click()
    await page.getByRole('button', { name: /left out$/ }).click()
    await page.getByRole('option', { name: /cam-06/ }).first().waitFor()
    await page.getByRole('button', { name: 'Reports' }).click()
    await page.frameLocator('iframe[title="Report"]').getByText(/^Stopped at the canary/).first().waitFor()
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })
})
