import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { CameraId } from '../../src/shared/devices/ids.ts'
import { openFarCamera } from '../support/consoleBench.ts'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

const soon = { timeout: 30_000 } as const
const id = (number: number): CameraId => `demo-cam-${String(number).padStart(2, '0')}` as CameraId
const goTo = async (page: Page, view: string): Promise<void> => { await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: view, exact: true }).click() }
const choose = async (page: Page, numbers: readonly number[]): Promise<void> => {
  for (const number of numbers) await page.locator(`[data-camera="${id(number)}"]`).click({ modifiers: ['Control'] })
  await page.getByText(`${String(numbers.length)} selected`).waitFor()
}

describe.skipIf(missingForWindow() !== undefined)('the inventory, in a browser on the real host', () => {
  test('the rack is written as YAML and read again; one id twice or one that nobody knows is told with its line, and nothing of it is taken', async () => {
    const { page, workbench, folder, complaints } = await openWindow()
    const cameras = await Promise.all(['left', 'right'].map(async (name) => workbench.setup.add({ url: (await openFarCamera()).url, name: '', cameraName: name, chip: 'hi3516ev300' }, new AbortController().signal)))
    const labels = (): (readonly string[])[] => cameras.map(({ cameraId }) => workbench.rack.camera(cameraId).spec.inventory?.labels ?? [])
    await goTo(page, 'Settings')
    await page.getByRole('button', { name: 'Export the rack' }).click()
    const saving = page.waitForEvent('download')
    await page.getByRole('dialog').getByRole('link', { name: 'Save as a file' }).click()
    const path = join(folder, 'rack.yaml')
    await (await saving).saveAs(path)
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    const text = await readFile(path, 'utf8')
    for (const { url } of cameras) expect(text).toContain(url)

    await page.getByRole('button', { name: 'Import a rack file' }).click()
    const dialog = page.getByRole('dialog')
    const take = async (words: string): Promise<void> => {
      await writeFile(path, words)
      // The same file each time, as somebody corrects it.
      const choosing = page.waitForEvent('filechooser')
      await dialog.getByLabel(/^YAML, as/).click()
      await (await choosing).setFiles(path)
    }
    const [first, second] = cameras
    const lineOf = (words: string, part: string): number => words.split('\n').findIndex((line) => line.includes(part)) + 1
    const twice = text.replace(`id: ${String(second?.id)}`, `id: ${String(first?.id)}`)
    await take(twice)
    const wrong = dialog.getByRole('alert')
    await wrong.getByText(`the pod id ${String(first?.id)} stands in this file twice: entries 1 and 2`).waitFor()
    await wrong.getByText('Nothing of it can be imported:').waitFor()
    expect(await dialog.getByRole('button', { name: /^Import/ }).isDisabled()).toBe(true)

    // Nothing is chosen after all.
    await dialog.getByLabel(/^YAML, as/).dispatchEvent('cancel')
    const unknown = text.replace(`id: ${String(second?.id)}`, 'id: pod-of-nobody').replace(`id: ${String(second?.cameraId)}`, 'id: cam-of-nobody')
    await take(unknown)
    const row = wrong.getByRole('listitem').filter({ hasText: 'this rack has no pod pod-of-nobody' })
    await row.getByText(`line ${String(lineOf(unknown, 'pod-of-nobody'))}`).waitFor()
    expect(await dialog.getByRole('button', { name: /^Import/ }).isDisabled()).toBe(true)
    await take('rackbench: 1\npods:\n  - &a x\n')
    await wrong.getByText('the anchor &a').waitFor()
    expect(labels()).toEqual([[], []])

    const good = text.replace('labels: []', 'labels: [from-a-file, qa]')
    expect(good).not.toBe(text)
    await take(good);
    await dialog.getByRole('region', { name: 'What it would do' }).getByText('left: labels').waitFor()
    await dialog.getByRole('button', { name: 'Import 1 camera' }).click()
    await dialog.getByText('0 added, 1 changed').waitFor()
    expect(labels()).toEqual([['from-a-file', 'qa'], []])
    await dialog.getByRole('button', { name: 'Done' }).click()
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })

  test('a camera is added by hand and its switch is chosen, all with the mouse: a list in a dialog lies on it, and its password goes where only this user reads', async () => {
    const { page, workbench, folder, complaints } = await openWindow()
    await goTo(page, 'Settings')
    await page.getByRole('button', { name: 'Add a pod' }).click()
    const adding = page.getByRole('dialog', { name: 'Add a pod' })
    await adding.getByLabel(/^Address of the pod/).fill((await openFarCamera()).url)
    await adding.getByLabel('Name of its camera').fill('by-hand')
    await adding.locator('.n-base-selection').first().click()
    const option = page.locator('.n-base-select-option').first()
    const chip = await option.innerText()
    await option.click()
    await adding.getByRole('button', { name: /^Add / }).click()
    await adding.waitFor({ state: 'detached' })
    const [pod] = workbench.rack.pods()
    expect(pod).toMatchObject({ cameraName: 'by-hand', chip })

    await goTo(page, 'Rack')
    await page.getByRole('option', { name: /^by-hand/ }).click()
    await page.getByRole('tab', { name: 'Power', exact: true }).click()
    await page.getByRole('button', { name: 'Choose another power' }).first().click()
    const choosing = page.getByRole('dialog', { name: 'Power of by-hand' })
    await choosing.locator('.n-base-selection').first().click()
    await page.locator('.n-base-select-option', { hasText: 'RouterOS' }).click()
    await choosing.getByLabel('Address').fill('127.0.0.1')
    await choosing.getByLabel('Port', { exact: true }).fill('ether5')
    await choosing.getByLabel('Password').fill('of-the-switch')
    await choosing.getByRole('button', { name: 'Use this power' }).click()
    await choosing.waitFor({ state: 'detached' })
    expect(workbench.rack.pods()[0]?.power).toMatchObject({ kind: 'routeros', host: '127.0.0.1' })
    const kept = join(folder, 'data', 'secrets', 'plain.json')
    expect(await readFile(kept, 'utf8')).toContain('of-the-switch')
    expect((await stat(kept)).mode & 0o777).toBe(0o600)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })

  test('whose power is whose: it is said who is left out, and only the port of whom it was said is cut', async () => {
    const { page, workbench, complaints } = await openWindow()
    await openDemo(page)
    await expect.poll(() => [1, 2, 3].map((number) => workbench.rack.view().pods[number - 1]?.cameras[0]?.life), soon).toEqual(['booted', 'booted', 'booted'])
    workbench.rack.setInventory(workbench.rack.camera(id(3)).spec.id, { labels: [], group: '', notes: '', maintenance: { sinceMs: 0, note: 'lens glued' } })
    await choose(page, [1, 3])
    await goTo(page, 'Settings')
    await page.getByRole('button', { name: 'Whose power is whose' }).click()
    const dialog = page.getByRole('dialog', { name: 'Find out whose power is whose' })
    const left = dialog.getByRole('list', { name: 'Cameras that are left out' })
    await left.getByText(/^cam-03 is in maintenance since .*: lens glued$/).waitFor()
    const edges = (number: number) => workbench.audit.list({ limit: 100 }).filter(({ what, subject }) => what === 'power cycle' && subject.includes(`cam-0${String(number)}`)).length
    expect([1, 2, 3].map(edges)).toEqual([0, 0, 0])
    const rows = dialog.getByRole('region', { name: 'Ports that are cut' }).getByRole('row')
    expect(await rows.count()).toBe(1)
    await dialog.getByRole('button', { name: 'Cut 1 port', exact: true }).click()
    await dialog.getByText('Every port is written down where it is').waitFor({ timeout: 90_000 })
    expect(await rows.filter({ hasText: 'as written' }).count()).toBe(1)
    expect([1, 2, 3].map(edges)).toEqual([1, 0, 0])
    // It started again, and nobody else did.
    const starts = (number: number): number => workbench.rack.camera(id(number)).console.tail(65_536).split('U-Boot 20').length - 1
    expect([1, 2, 3].map(starts)).toEqual([2, 1, 1])
    expect([1, 2, 3].map((number) => workbench.rack.view().pods[number - 1]?.cameras[0]?.power)).toEqual(['on', 'on', 'on'])
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })

  test('labels for many, a filter with a name that every window has, and the choice of those that it shows', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await choose(page, [2, 5])
    await page.getByRole('toolbar', { name: 'Selected cameras' }).getByRole('button', { name: 'Label' }).click()
    const dialog = page.getByRole('dialog', { name: 'Label 2 cameras' })
    await dialog.getByLabel('Add labels').fill('suspect, lens=4mm')
    await dialog.getByLabel('Give all of them this group').check()
    await dialog.getByLabel('Group', { exact: true }).fill('hall 2')
    await dialog.getByRole('button', { name: /^(Label|Change)/ }).last().click()
    await dialog.getByText('2 of 2 changed').waitFor()
    expect([2, 5].map((number) => workbench.rack.camera(id(number)).spec.inventory)).toMatchObject([{ labels: ['suspect', 'lens=4mm'], group: 'hall 2' }, { labels: ['suspect', 'lens=4mm'], group: 'hall 2' }])
    expect(workbench.rack.camera(id(3)).spec.inventory).toMatchObject({ labels: [], group: '' })
    await dialog.getByRole('button', { name: /^(Close|Done)$/ }).last().click()

    await page.getByRole('searchbox', { name: 'Show only cameras with these words' }).fill('suspect')
    await page.getByRole('status').getByText('2 of 12').waitFor()
    await page.getByRole('button', { name: 'Filters', exact: true }).click()
    await page.getByLabel('Name for what the rack shows now').fill('night suspects')
    await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('status').getByText('night suspects: 2 of 12').waitFor()

    const second = await open.newPage()
    await second.getByRole('button', { name: 'Filters', exact: true }).click()
    await second.getByRole('table', { name: 'Saved filters' }).getByRole('button', { name: 'night suspects', exact: true }).click()
    await second.getByRole('status').getByText('night suspects: 2 of 12').waitFor()
    expect(await second.locator('[data-camera]').evaluateAll((cards) => cards.map((card) => card.getAttribute('data-camera')))).toEqual([id(2), id(5)])
    await second.getByRole('button', { name: 'Select all shown' }).click()
    await second.getByText('2 selected').waitFor()
    expect(open.complaints).toEqual([])
  })
})
