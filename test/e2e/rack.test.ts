import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

const card = (page: Page, number: number) => page.locator(`[data-camera="demo-cam-${String(number).padStart(2, '0')}"]`)
/** What is used of a canvas; it runs in the page. */
interface Drawn { readonly width: number; readonly height: number; getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { readonly data: ArrayLike<number> } } | null }
/** How many colours a canvas holds: an empty one has one. */
const colours = async (page: Page, number: number): Promise<number> => card(page, number).locator('canvas').evaluate((element) => {
  const canvas = element as unknown as Drawn
  const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
  const seen = new Set<number>()
  for (let at = 0; at < pixels.length; at += 400) seen.add(((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0))
  return seen.size
})

describe.skipIf(missingForWindow() !== undefined)('the rack, in a browser on the real host', () => {
  test('pictures come with their age, old ones are marked, and a page instead of a picture is said in words', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    await expect.poll(async () => card(page, 1).locator('.age').innerText().catch(() => ''), { timeout: 60_000 }).toMatch(/^\d s$/)
    expect(await colours(page, 1)).toBeGreaterThan(20)
    await expect.poll(async () => card(page, 12).innerText(), { timeout: 60_000 }).toContain('What came is no picture: it is no JPEG')
    await expect.poll(async () => card(page, 1).innerText()).toMatch(/Linux 4\.9\.37/)
    await workbench.rack.power(workbench.rack.pods()[0]!.cameraId, 'off', new AbortController().signal)
    await expect.poll(async () => card(page, 1).locator('.age').innerText(), { timeout: 30_000 }).toMatch(/^stale, \d+ s old$/)
    expect(await card(page, 1).innerText()).toContain('power off')
    expect(open.complaints).toEqual([])
  })

  test('from pictures to dots and back by keys, as a grid and as racks, with the same choice', async () => {
    const open = await openWindow()
    const { page } = open
    await openDemo(page)
    await card(page, 2).focus()
    await page.keyboard.press('Space')
    for (const pressed of ['-', '-', '-']) await page.keyboard.press(pressed)
    await page.locator('.dot').first().waitFor()
    expect(await page.locator('[data-camera]').count()).toBe(12)
    await page.getByRole('button', { name: 'Elevation' }).click()
    await page.getByText('Rack B').waitFor()
    expect(await card(page, 2).getAttribute('aria-selected')).toBe('true')
    await card(page, 1).focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(async () => page.evaluate<string>(`document.activeElement?.getAttribute('data-camera')`)).toBe('demo-cam-03')
    await page.reload()
    await page.getByText('Rack B').waitFor()
    expect(await page.locator('.dot').count()).toBe(12)
    expect(await page.getByText('Nothing selected').count()).toBe(1)
    expect(open.complaints).toEqual([])
  })

  test('a frame over cards chooses them; twelve are switched off one after another once their number is typed', async () => {
    const open = await openWindow()
    const { page, workbench } = open
    await openDemo(page)
    const [from, to] = [await card(page, 1).boundingBox(), await card(page, 3).boundingBox()]
    if (!from || !to) throw new Error('no cards')
    await page.mouse.move(from.x + 40, from.y + 20)
    await page.mouse.down()
    await page.mouse.move(to.x + 20, to.y + 40, { steps: 5 })
    await page.mouse.up()
    await page.getByText('3 selected').waitFor()
    expect(await page.getByRole('complementary').count()).toBe(0)
    await page.getByRole('button', { name: 'Select all shown' }).click()
    await page.getByRole('button', { name: 'Power off', exact: true }).click()
    const act = page.getByRole('button', { name: 'Switch off 12' })
    expect(await act.isDisabled()).toBe(true)
    await page.getByLabel('Pause in milliseconds').fill('50')
    await page.getByLabel('Number of cameras').fill('12')
    await act.click()
    await page.getByText('12 of 12 answered').waitFor({ timeout: 30_000 })
    expect(workbench.rack.view().pods.map(({ cameras }) => cameras[0]?.power)).toEqual(Array.from({ length: 12 }, () => 'off'))
    expect(open.complaints).toEqual([])
  })
})
