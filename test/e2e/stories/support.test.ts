import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { unpackZip } from '../../support/unpackZip.ts'
import { missingForWindow } from '../openWindow.ts'
import { beginDay, goTo, jobTime, lifeOf, openRackThatBoots, openTab, pageComplaints, panel, soon, startRestore } from './storySteps.ts'

const secret = 'sommer-2019-yard'
/** What a device may say to whoever reads of it later. */
const hostile = '<script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">"\'`&'

describe.skipIf(missingForWindow() !== undefined)('the day of support', () => {
  test('a search in all that was ever said, a replay, a bundle without secrets, the audit', async () => {
    const day = await beginDay('light')
    const { page, step, picture, workbench, folder, browser } = day
    await step('opens the rack, and twelve cameras boot', async () => openRackThatBoots(day))
    await step('somebody restores a camera meanwhile, and cycles its power', async () => {
      await startRestore(day, 'cam-02')
      await expect.poll(() => workbench.jobs.list()[0]?.verdict, jobTime).toBe('restored and booted')
      await panel(page, 'cam-02').getByRole('tab', { name: 'Power', exact: true }).click()
      await page.getByRole('button', { name: 'Power cycle', exact: true }).click()
      await lifeOf(day, 'cam-02', 'booting')
      await lifeOf(day, 'cam-02', 'booted')
    })

    const searchBox = page.getByRole('searchbox', { name: /^(Words|Pattern) to search for$/ })
    const reader = page.getByRole('region', { name: /^Session of/ })
    await step('somebody types a password and worse into a console', async () => {
      await openTab(page, 'cam-03', 'Console')
      const line = page.getByRole('textbox', { name: 'Line to send to cam-03' })
      for (const words of [`wlanpass=${secret}`, `ticket 4711 ${hostile}`]) {
        await line.fill(words)
        await page.keyboard.press('Enter')
      }
      await expect.poll(async () => page.getByRole('region', { name: 'Console of cam-03' }).locator('.xterm-rows').innerText(), soon).toContain('4711')
      await workbench.captures.caughtUp(AbortSignal.timeout(soon.timeout))
    })

    await step('finds the words of the ticket in everything ever captured, and jumps to the place', async () => {
      await goTo(page, 'Captures')
      await searchBox.fill('ticket 4711')
      await page.keyboard.press('Enter')
      await page.getByRole('listbox', { name: 'Found lines' }).getByRole('option').first().click()
      await page.getByRole('region', { name: 'Session of cam-03' }).getByRole('option', { selected: true }).getByText('4711').waitFor()
    })

    await step('finds every CRC that a camera computed with a pattern', async () => {
      await page.getByRole('button', { name: 'Pattern', exact: true }).click()
      await searchBox.fill('crc32 for .* ==> [0-9a-f]{8}')
      await page.keyboard.press('Enter')
      await page.getByText(/lines?, newest first/).waitFor()
      await page.getByRole('listbox', { name: 'Found lines' }).getByRole('option', { name: /cam-02/ }).first().click()
      await page.getByRole('region', { name: 'Session of cam-02' }).getByRole('option', { selected: true }).getByText(/==>/).waitFor()
      await picture('support-search')
    })

    await step('sees the phases of the job and the changes of power on the time line', async () => {
      await expect.poll(async () => reader.getByRole('img').first().getAttribute('aria-label'), soon).toMatch(/[1-9]\d* changes of power and [1-9]\d* phases of jobs/)
    })

    await step('replays it from there, faster, and seeks to its beginning', async () => {
      const bar = reader.getByRole('group', { name: 'Replay' })
      await bar.getByRole('button', { name: '16×' }).click()
      await bar.getByRole('button', { name: 'Play from here' }).click()
      await bar.getByRole('button', { name: 'Pause' }).waitFor()
      await picture('support-replay')
      await bar.getByRole('slider', { name: 'Place in time' }).press('Home')
      await expect.poll(async () => reader.getByRole('listbox', { name: 'Lines of the session' }).getByRole('option').count(), soon).toBeGreaterThan(0)
      await bar.getByRole('button', { name: 'Show all' }).click()
    })

    await step('exports it for a player', async () => {
      await reader.getByRole('button', { name: 'Export' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('button', { name: '.cast' }).click()
      await dialog.getByRole('button', { name: 'Export' }).click()
      const path = ((await dialog.getByText('Written:').textContent()) ?? '').replace('Written: ', '').trim()
      const [head = '', first = ''] = (await readFile(path, 'utf8')).split('\n')
      expect(JSON.parse(head)).toMatchObject({ version: 2 })
      expect(JSON.parse(first)).toHaveLength(3)
      await dialog.getByRole('button', { name: 'Done' }).click()
    })

    let bundle = ''
    await step('makes a bundle for somebody else', async () => {
      await page.getByRole('button', { name: 'Support bundle' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText(/console sessions/).waitFor()
      await picture('support-bundle')
      await dialog.getByRole('button', { name: 'Make the bundle' }).click()
      bundle = ((await dialog.getByText('Written:').textContent(jobTime)) ?? '').replace('Written: ', '').trim()
      await dialog.getByRole('button', { name: 'Done' }).click()
    })

    await step('opens it in a browser: the words are there, the secret is not, and nothing of it runs', async () => {
      const all = await unpackZip(bundle, join(folder, 'bundle'))
      expect(all).toContain('4711')
      expect(all).not.toContain(secret)
      const other = await browser.newPage()
      await other.goto(pathToFileURL(join(folder, 'bundle', 'index.html')).href)
      for (const details of await other.locator('summary').all()) await details.click()
      await other.getByText('ticket 4711').first().waitFor()
      expect(await other.title()).toBe('Support bundle · Rackbench')
      expect(await other.locator('script, img').count()).toBe(0)
      expect(await other.locator('body').innerText()).not.toContain(secret)
      await other.close()
    })

    await step('proves the list of what was destroyed', async () => {
      await goTo(page, 'Settings')
      await page.getByRole('button', { name: 'Verify', exact: true }).click()
      await page.getByText(/^\d+ entries, none changed$/).waitFor()
      await page.getByRole('region', { name: 'Audit entries' }).getByText('cam-02').first().waitFor()
      await page.getByText(/none changed/).scrollIntoViewIfNeeded()
      await page.getByRole('heading', { name: 'Audit' }).evaluate((heading) => { heading.scrollIntoView({ block: 'start' }) })
      await picture('support-audit')
    })
    expect(pageComplaints(day)).toEqual([])
  }, 240_000)
})
