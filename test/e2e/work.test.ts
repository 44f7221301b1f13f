import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

const openTab = async (page: Page, camera: string, tab: string): Promise<void> => {
  await page.getByRole('option', { name: new RegExp(camera) }).click()
  await page.getByRole('tab', { name: tab }).click()
}

describe.skipIf(missingForWindow() !== undefined)('other work than a restore, in a browser on the real host', () => {
  test('a U-Boot is loaded into RAM, and its own answer is the proof', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await openTab(page, 'cam-03', 'U-Boot')
    await page.getByRole('button', { name: 'Make plan' }).click()
    await page.getByRole('button', { name: 'Load U-Boot into cam-03' }).click()
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByRole('heading', { name: 'U-Boot is running' }).waitFor({ timeout: 60_000 })
    const [job] = workbench.jobs.list()
    expect(job).toMatchObject({ workflow: 'burn', state: 'succeeded', verdict: 'U-Boot is running' })
    expect(job?.ubootVersion).toMatch(/^U-Boot /)
    await verdict.getByText(job?.ubootVersion ?? '-').first().waitFor()
    expect(open.complaints).toEqual([])
  })

  test('a release is installed: flash, environment and boot are the proof', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await openTab(page, 'cam-02', 'Install')
    await page.getByRole('button', { name: /^Demo release/ }).click()
    await page.getByRole('button', { name: 'Make plan' }).click()
    await page.getByRole('region', { name: 'Plan', exact: true }).getByText('MD5 matches').first().waitFor()
    await page.getByRole('button', { name: 'Install on cam-02' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Erase and install' }).click()
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByRole('heading', { name: 'installed and booted' }).waitFor({ timeout: 120_000 })
    const [job] = workbench.jobs.list()
    expect(job).toMatchObject({ workflow: 'install', state: 'succeeded', environment: { state: 'proved', mac: { reason: 'kept' } } })
    await verdict.getByRole('table', { name: 'Environment' }).getByText(job?.environment?.mac.address ?? '-').waitFor()
    expect(open.complaints).toEqual([])
  })

  test('the flash is copied to files, each with the camera\'s own CRC', async () => {
    const open = await openWindow()
    const { page, workbench, folder } = open
    await openDemo(page)
    await openTab(page, 'cam-05', 'Dump')
    await page.getByLabel(/^Where to/).fill(join(folder, 'dump'))
    await page.getByRole('button', { name: 'Make plan' }).click()
    await page.getByRole('button', { name: 'Dump cam-05' }).click()
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByRole('heading', { name: 'dumped and verified' }).waitFor({ timeout: 120_000 })
    const [job] = workbench.jobs.list()
    expect(job).toMatchObject({ workflow: 'dump', state: 'succeeded' })
    const shown = (await verdict.innerText()).replaceAll(/\s/g, '')
    for (const range of job?.dumped ?? []) expect(shown).toContain(range.crc32)
    expect((await readdir(join(folder, 'dump'))).toSorted()).toEqual(['dump.json', 'mtd0', 'mtd1', 'mtd2', 'mtd3', 'mtd4'])
    expect(JSON.parse(await readFile(join(folder, 'dump', 'dump.json'), 'utf8'))).toMatchObject({ chip: 'hi3516ev300' })
    // The list of jobs leads back to it, in its own tab.
    await page.getByRole('button', { name: 'Jobs' }).click()
    await page.getByRole('row', { name: 'Dump cam-05' }).getByRole('button').first().click()
    await page.getByRole('region', { name: 'Verdict' }).getByRole('heading', { name: 'dumped and verified' }).waitFor()
    expect(open.complaints).toEqual([])
  })
})
