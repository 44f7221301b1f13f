import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { missingForWindow, openDemo, openWindow, type OpenWindow, takePicture } from './openWindow.ts'

const card = (page: Page, name: string) => page.getByRole('option', { name: new RegExp(name) })

async function planFor(page: Page, name: string, folder: string): Promise<void> {
  await card(page, name).click()
  await page.getByLabel(/^What to restore/).fill(folder)
  await page.getByRole('button', { name: 'Make plan' }).click()
  await page.getByRole('region', { name: 'Plan', exact: true }).getByText('mtd3').first().waitFor()
}

async function startRestore(page: Page, name: string, folder: string): Promise<void> {
  await planFor(page, name, folder)
  await page.getByRole('button', { name: `Restore ${name}` }).click()
  await page.getByRole('button', { name: 'Erase and restore' }).click()
  await page.getByRole('region', { name: 'Restore under way' }).waitFor()
}

const imagesOf = ({ folder }: OpenWindow): string => join(folder, 'data', 'demo', 'images')

describe.skipIf(missingForWindow() !== undefined)('the window, in a browser on the real host', () => {
  test('with nothing set up it offers a pod and the demo rack; twelve cameras boot', async () => {
    const open = await openWindow()
    const { page } = open
    await page.getByRole('heading', { name: 'Add a pod' }).waitFor()
    await openDemo(page)
    await expect.poll(async () => page.getByText('booted', { exact: true }).count(), { timeout: 30_000 }).toBeGreaterThanOrEqual(11)
    await takePicture(page, 'rack', async () => {
      await page.getByText('boot loop', { exact: true }).first().waitFor({ timeout: 60_000 })
      await expect.poll(async () => page.getByRole('img', { name: /^Picture of/ }).count(), { timeout: 60_000 }).toBeGreaterThanOrEqual(10)
    })
    expect(open.complaints).toEqual([])
  })

  test('an engineer restores one camera: plan, start, phases, verdict with every CRC', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await startRestore(page, 'cam-02', imagesOf(open))
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByRole('heading', { name: 'restored and booted' }).waitFor({ timeout: 60_000 })
    const [job] = workbench.jobs.list()
    expect(job?.verdict).toBe('restored and booted')
    const shown = (await verdict.innerText()).replaceAll(/\s/g, '')
    for (const part of job?.partitions ?? []) expect(shown).toContain(part.readBackCrc32)
    await takePicture(page, 'restored')
    await verdict.getByRole('button', { name: 'Open report' }).click()
    await page.frameLocator('iframe').getByText('restored and booted').first().waitFor()
    expect(open.complaints).toEqual([])
  })

  test('a chip that stores a wrong page: the window says failed, never restored', async () => {
    const open = await openWindow()
    const { page } = open
    await openDemo(page)
    await startRestore(page, 'cam-09', imagesOf(open))
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByText(/does not hold what was written/).waitFor({ timeout: 60_000 })
    await verdict.getByRole('button', { name: 'Resume' }).waitFor()
    await expect.poll(async () => card(page, 'cam-09').innerText()).toContain('failed')
    expect(await verdict.getByText('restored and booted').count()).toBe(0)
  })

  test('a closed window stops nothing, and a second window shows the job where it is', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await startRestore(page, 'cam-03', imagesOf(open))
    await page.close()
    const [job] = workbench.jobs.list()
    expect(job).toBeDefined()
    await expect.poll(() => workbench.jobs.get(job!.id).verdict, { timeout: 60_000 }).toBe('restored and booted')
    const second = await open.newPage()
    await second.getByRole('button', { name: 'Jobs' }).click()
    await second.getByText('restored and booted').first().waitFor()
  })

  test('cancel waits for the partition that is being written and says so', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await startRestore(page, 'cam-05', imagesOf(open))
    await page.getByRole('region', { name: 'Restore under way' }).getByRole('button', { name: /^(Cancel|Stop after)/ }).click()
    await page.getByRole('region', { name: 'Verdict' }).getByRole('heading', { name: 'cancelled' }).waitFor({ timeout: 60_000 })
    const [job] = workbench.jobs.list()
    for (const part of job?.partitions ?? []) expect(['erasing', 'writing', 'reading-back', 'unknown']).not.toContain(part.state)
  })

  test('what stands in the way is said before anything is touched', async () => {
    const open = await openWindow()
    const { page, folder } = open
    await openDemo(page)
    await card(page, 'cam-06').click()
    await page.getByLabel(/^What to restore/).fill(folder)
    await page.getByRole('button', { name: 'Make plan' }).click()
    await page.getByText(/No mtd files/).waitFor()
    expect(await page.getByRole('button', { name: 'Restore cam-06' }).count()).toBe(0)
  })

  test('the console is live: what is typed arrives, what the camera says is shown', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.life, { timeout: 30_000 }).toBe('booted')
    await card(page, 'cam-01').click()
    await page.getByRole('tab', { name: 'Console' }).click()
    const before = workbench.rack.view().pods[0]?.cameras[0]?.bytesReceived ?? 0
    await page.locator('.xterm-helper-textarea').first().focus()
    await page.keyboard.type('root\n')
    await expect.poll(() => workbench.rack.view().pods[0]?.cameras[0]?.bytesReceived ?? 0).toBeGreaterThan(before)
    await expect.poll(async () => page.locator('.xterm-rows').first().innerText()).toContain('root')
    await page.getByRole('group', { name: 'View of cam-01' }).getByRole('button', { name: 'Lines' }).click()
    // In one row, although the camera may have said a line of its own between two of the keys.
    await page.getByRole('log', { name: 'Lines of cam-01' }).locator('.row.out').getByText('root\\r').waitFor()
  })

  test('keyboard alone: arrows move, Enter opens, Escape closes, Ctrl K finds', async () => {
    const open = await openWindow()
    const { page } = open
    await openDemo(page)
    await card(page, 'cam-01').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: 'Restore' }).waitFor()
    await page.getByRole('heading', { name: /cam-02/ }).first().waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(async () => page.getByRole('tab', { name: 'Restore' }).count()).toBe(0)
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('cam-11')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: /cam-11/ }).first().waitFor()
  })

  test('a pod is added by its address; a wrong one is refused with what to do', async () => {
    const open = await openWindow()
    const { page, folder, workbench } = open
    const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined)
    try {
      await page.getByLabel('Address of the pod').fill('rack://127.0.0.1:9?api=9')
      await page.locator('.n-base-selection').click()
      await page.keyboard.type('hi3516ev300')
      await page.locator('.n-base-select-option', { hasText: 'hi3516ev300' }).first().click()
      await page.getByRole('button', { name: 'Add pod' }).click()
      await page.getByRole('alert').first().waitFor()
      await page.getByLabel('Address of the pod').fill(rack.urls[0] ?? '')
      await page.getByRole('button', { name: 'Add pod' }).click()
      await card(page, 'cam-01').waitFor()
      expect(workbench.rack.pods()).toHaveLength(1)
    } finally {
      await rack.close()
    }
  })

  for (const colour of ['dark', 'light'] as const) {
    test(`no serious accessibility violation, ${colour}`, async () => {
      const open = await openWindow({ colour, width: 1024, height: 700 })
      const { page } = open
      const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
      const violations = async (): Promise<string[]> => {
        await page.evaluate(axe)
        const found = await page.evaluate(async () => {
          const { axe: engine } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }
          return (await engine.run()).violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0]?.html ?? '' }))
        })
        return found.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, html }) => `${id}: ${html.slice(0, 160)}`)
      }
      expect(await violations()).toEqual([])
      await openDemo(page)
      expect(await violations()).toEqual([])
      await planFor(page, 'cam-07', imagesOf(open))
      expect(await violations()).toEqual([])
    })
  }
})
