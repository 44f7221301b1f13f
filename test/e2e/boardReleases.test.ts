import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { missingForWindow, openWindow } from './openWindow.ts'

describe.skipIf(missingForWindow() !== undefined)('releases of boards', () => {
  test('a release is built from a folder, signed, published to the mirror and withdrawn in the window', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rackbench-release-'))
    onTestFinished(async () => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'main.py'), 'print("hello")\n')
    await writeFile(join(folder, 'notes.md'), 'not for boards\n')
    await writeFile(join(folder, 'key.txt'), 'very secret\n')
    const { page, workbench } = await openWindow()
    await page.keyboard.press('Alt+7')
    await page.getByRole('tab', { name: 'Releases of boards' }).click()
    await page.getByText('No release yet').waitFor()

    await page.getByRole('button', { name: 'Build a release' }).click()
    const dialog = page.getByRole('dialog', { name: 'Build a release' })
    await dialog.getByLabel(/^Folder, on the machine/).fill(folder)
    await dialog.getByLabel('But not these').fill('*.md key.txt')
    await dialog.getByLabel('Version', { exact: true }).fill('v1.0.0')
    await dialog.getByText('1 file, 2 passed over').waitFor()
    await dialog.getByLabel('File with the key that signs').fill(join(folder, 'key.txt'))
    await dialog.getByRole('button', { name: 'Build the release' }).click()
    await dialog.getByText(/^v1\.0\.0 is built: 1 file, .*, signed$/).waitFor()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'Publish v1.0.0' }).click()
    await page.getByRole('row', { name: /v1\.0\.0 offered/ }).waitFor()

    const { url = '' } = await workbench.boardReleases.setMirror({ enabled: true, address: '127.0.0.1', port: 0 })
    await page.getByText(url).waitFor()
    expect(await (await fetch(`${url}/raw/o/r/v1.0.0/main.py`)).text()).toBe('print("hello")\n')
    await page.getByRole('button', { name: 'Withdraw v1.0.0' }).click()
    await page.getByText('Nothing is offered then').waitFor()
    await page.getByLabel(/^To withdraw it/).fill('v1.0.0')
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw v1.0.0' }).click()
    await page.getByRole('row', { name: /v1\.0\.0 not published/ }).waitFor()
    expect((await fetch(`${url}/repos/o/r/releases/latest`)).status).toBe(404)
  })
})
