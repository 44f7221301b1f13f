import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { parseCapture } from '../../src/main/protocols/dcap/parser.ts'
import { openFarCamera } from '../support/consoleBench.ts'
import { unpackZip } from '../support/unpackZip.ts'
import { missingForWindow, openGate } from './openWindow.ts'

const soon = { timeout: 30_000 } as const
const goTo = async (page: Page, view: string): Promise<void> => { await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: view, exact: true }).click() }

describe.skipIf(missingForWindow() !== undefined)('files of captures, in a browser on the real host', () => {
  test('what was said is found by camera and time, a marked stretch and the whole session leave as files, and a bundle leaves out words and patterns of one\'s own', async () => {
    const { page, workbench, console, far, folder, complaints } = await openGate()
    const yard = await openFarCamera()
    const { cameraId: yardId } = workbench.setup.addForNow({ url: yard.url, name: '', cameraName: 'Yard', chip: 'hi3516ev300' })
    await expect.poll(yard.clients, soon).toBe(1)
    let said = ''
    // Each has a time of its own: a stretch is from one moment to another.
    for (const words of ['first line\r\n', 'ticket 4711 at the gate\r\n', 'for Meierhans, order 123456\r\n', 'last line\r\n']) {
      said += words
      far.say(words)
      await expect.poll(() => console.stats().bytesReceived, { ...soon, interval: 20 }).toBe(said.length)
    }
    yard.say('ticket 4711 in the yard\r\n')
    await expect.poll(async () => (await workbench.captures.sessions({})).filter(({ endOffset }) => endOffset > 20).length, soon).toBe(2)
    await workbench.captures.caughtUp(AbortSignal.timeout(soon.timeout))

    await goTo(page, 'Captures')
    const words = page.getByRole('searchbox', { name: 'Words to search for' })
    const found = page.getByRole('listbox', { name: 'Found lines' }).getByRole('option')
    const choose = async (field: string, option: string): Promise<void> => {
      await page.getByRole('search').locator(`.${field}`).click()
      await page.locator('.n-base-select-option').getByText(option, { exact: true }).click()
    }
    const search = async (): Promise<void> => { await words.focus(); await page.keyboard.press('Enter') }
    await words.fill('ticket 4711')
    await search()
    await expect.poll(async () => found.count(), soon).toBe(2)
    await choose('cameras', 'Yard')
    await page.keyboard.press('Escape')
    await search()
    await expect.poll(async () => found.allInnerTexts(), soon).toEqual([expect.stringMatching(/Yard[\s\S]*in the yard/)])
    await choose('time', 'Last hour')
    await search()
    await expect.poll(async () => found.count(), soon).toBe(1)
    await choose('time', 'Between')
    await page.getByLabel('from').fill('2001-01-01T00:00:00')
    await page.getByLabel('until').fill('2001-01-02T00:00:00')
    await search()
    await page.getByText('No line of the chosen cameras of that time has all of these words.').waitFor()
    await page.getByLabel('until').fill('2999-01-01T00:00:00')
    await search()
    await expect.poll(async () => found.count(), soon).toBe(1)
    await choose('cameras', 'Yard')
    await page.locator('.n-base-select-option').getByText('Gate', { exact: true }).click()
    await page.keyboard.press('Escape')
    await search()
    await expect.poll(async () => found.allInnerTexts(), soon).toEqual([expect.stringMatching(/Gate[\s\S]*at the gate/)])
    expect(workbench.rack.camera(yardId).spec.cameraName).toBe('Yard')

    await found.first().click()
    const reader = page.getByRole('region', { name: 'Session of Gate' })
    const lines = reader.getByRole('listbox', { name: 'Lines of the session' }).getByRole('option')
    await lines.filter({ hasText: 'ticket 4711' }).click()
    await lines.filter({ hasText: 'Meierhans' }).click({ modifiers: ['Shift'] })
    await reader.getByRole('button', { name: 'Delta', exact: true }).click()
    await expect.poll(async () => lines.locator('time').allInnerTexts(), soon).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(/^\+\d+\.\d{3}$/) as string))
    await reader.getByRole('button', { name: 'Hex', exact: true }).click()
    await lines.filter({ hasText: '66 69 72 73 74 20 6c 69  6e 65 0d 0a' }).getByText('00000000').waitFor()
    await reader.getByRole('button', { name: 'Hex', exact: true }).click()
    const dialog = page.getByRole('dialog')
    const write = async (format: string): Promise<string> => {
      await reader.getByRole('button', { name: 'Export' }).click()
      await dialog.getByRole('button', { name: format, exact: true }).click()
      if (format === '.dcap') await dialog.getByRole('button', { name: 'Whole session' }).click()
      const path = join(folder, `gate${format.replace('.', '-')}`)
      await dialog.getByLabel(/^File on the machine/).fill(path)
      await dialog.getByRole('button', { name: 'Export', exact: true }).click()
      await dialog.getByText(`Written: ${path}`).waitFor()
      return path
    }
    const table = await readFile(await write('CSV'), 'utf8')
    expect(table.trim().split('\r\n').map((row) => row.replace(/^.*,rx,/, ''))).toEqual(['time,camera,session,offset,direction,text', expect.stringContaining('ticket 4711 at the gate'), expect.stringContaining('for Meierhans, order 123456')])
    await dialog.getByRole('button', { name: 'Export', exact: true }).click()
    await dialog.getByText('nothing is overwritten').waitFor()
    await dialog.getByRole('button', { name: 'Close' }).first().click()
    const { records } = parseCapture(await readFile(await write('.dcap')))
    expect(records.filter(({ direction }) => direction === 'from-device').map(({ bytes }) => new TextDecoder().decode(bytes)).join('')).toBe(said)
    await dialog.getByRole('button', { name: 'Done' }).click()

    await page.getByRole('button', { name: 'Support bundle' }).click()
    await dialog.getByLabel('Words, one a line').fill('Meierhans')
    await dialog.getByLabel('Patterns, one a line').fill('order \\d{6}')
    await expect.poll(async () => dialog.locator('.own small').allInnerTexts(), soon).toEqual(['1 place', '1 place'])
    await dialog.getByRole('button', { name: 'Make the bundle' }).click()
    const path = ((await dialog.getByText('Written:').textContent(soon)) ?? '').replace('Written: ', '').trim()
    const all = await unpackZip(path, join(folder, 'bundle'))
    expect(all).toContain('ticket 4711 at the gate')
    expect(all).not.toMatch(/Meierhans|123456/)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })

  test('a smaller quota is asked about before anything goes, it is told in every view, and what went is written down', async () => {
    const { page, workbench, console, far, complaints } = await openGate({ captureSettings: { partBytes: 4_096, graceMs: 0, quotaBytes: 1_048_576 } })
    const parts = async (): Promise<number> => (await workbench.captures.sessions({})).reduce((sum, session) => sum + session.parts, 0)
    const block = 'a line that fills the files of this console, again and again\r\n'.repeat(64)
    for (let at = 1; at <= 30; at += 1) {
      far.say(block)
      await expect.poll(() => console.stats().bytesReceived, { ...soon, interval: 5 }).toBe(at * block.length)
      await workbench.captures.store.flush()
    }
    // Each file was followed by the next one when it was full.
    await expect.poll(parts, soon).toBeGreaterThan(10)
    const before = await parts()
    await goTo(page, 'Settings')
    await page.getByLabel('Quota, GiB').fill(String(65_536 / 2 ** 30))
    const keep = page.getByRole('button', { name: 'Keep these settings' })
    await keep.click()
    const question = page.getByText(/would delete \d+ of the oldest capture files/)
    await question.waitFor()
    await page.getByRole('button', { name: 'Leave it as it is' }).click()
    expect(await parts()).toBe(before)
    expect(workbench.captures.status().quota).toBeUndefined()
    await keep.click()
    await question.waitFor()
    await page.getByRole('button', { name: 'Use the smaller quota' }).click()
    await page.getByText('Kept, and in use from the next file on').waitFor()
    await expect.poll(parts, soon).toBeLessThan(before)
    await goTo(page, 'Jobs')
    await page.getByText(/^Captures fill \d+ % of their 64 KiB\./).waitFor()
    expect(workbench.audit.list({ limit: 50 }).map(({ what }) => what)).toContain('delete captures')
    await page.getByRole('button', { name: 'Look at the captures' }).click()
    await page.getByRole('status', { name: 'State of the captures' }).waitFor()
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })
})
