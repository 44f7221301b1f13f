import { describe, expect, test } from 'vitest'
import { missingForWindow } from '../openWindow.ts'
import { beginDay, card, filterRack, goTo, jobTime, lifeOf, openRackThatBoots, openTab, pageComplaints, panel, select, sendAlarmsAway, soon, startRestore } from './storySteps.ts'

describe.skipIf(missingForWindow() !== undefined)('the day of an engineer', () => {
  test('the rack on the wall, the camera that loops, consoles, power', async () => {
    const day = await beginDay('dark')
    const { page, step, picture, camera, workbench } = day
    await step('opens the rack, and twelve cameras boot', async () => openRackThatBoots(day))

    await step('sees the alarms of the one that loops, and sends them away', async () => sendAlarmsAway(page))

    await step('looks at the pictures of all cameras', async () => {
      await page.getByRole('group', { name: 'Zoom' }).getByRole('button', { name: 'Pictures' }).click()
      await expect.poll(async () => card(page, 'cam-01').locator('.age').innerText().catch(() => ''), soon).toMatch(/^\d+ s$/)
      await picture('engineer-pictures')
    })

    await step('puts the rack on the wall screen as it stands in the hall', async () => {
      await page.getByRole('button', { name: 'Elevation' }).click()
      await page.getByRole('group', { name: 'Zoom' }).getByRole('button', { name: 'Cards' }).click()
      await page.getByText('Rack B').waitFor()
      expect(await page.locator('[data-camera]').count()).toBe(12)
      await picture('engineer-elevation')
    })

    await step('finds the camera that loops with a filter', async () => {
      await lifeOf(day, 'cam-04', 'boot loop')
      await filterRack(page, 'boot loop')
      await page.getByRole('status').getByText('1 of 12').waitFor()
      expect(await page.locator('[data-camera]').count()).toBe(1)
      await card(page, 'cam-04').getByText('boot loop', { exact: true }).waitFor()
    })

    await step('gives it a label and a place', async () => {
      await openTab(page, 'cam-04', 'Details')
      const place = page.getByRole('group', { name: 'Place' })
      await page.getByLabel('Labels').fill('suspect, lens=4mm')
      await place.getByLabel('Rack').fill('Bench')
      await place.getByLabel('Row').fill('1')
      await place.getByLabel('Slot').fill('2')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await page.getByText('Saved with the rack').waitFor()
      expect(camera('cam-04').inventory).toMatchObject({ place: { rack: 'Bench', row: 1, slot: 2 } })
      // The label finds it, as it would in a year.
      await filterRack(page, 'suspect')
      await page.getByRole('status').getByText('1 of 12').waitFor()
      await page.getByRole('button', { name: 'Show all' }).click()
      await page.getByText('Bench', { exact: true }).waitFor()
    })

    await step('sets its neighbour aside', async () => {
      await openTab(page, 'cam-03', 'Details')
      // Which one it is, its own console has said when it started.
      await page.getByRole('region', { name: 'Board' }).getByText('imx307', { exact: true }).waitFor()
      await page.getByLabel('Why it is set aside').fill('lens is being glued')
      await page.getByRole('button', { name: 'Set aside' }).click()
      await page.getByRole('button', { name: 'End maintenance' }).waitFor()
      expect(camera('cam-03').inventory?.maintenance?.note).toBe('lens is being glued')
      await picture('engineer-details')
      await page.getByRole('button', { name: 'Close the panel' }).click()
      // It still loops, is counted on its card, and fills nobody's window.
      await page.getByRole('button', { name: 'no new alarms' }).waitFor()
      await card(page, 'cam-03').getByText('set aside', { exact: true }).waitFor()
    })

    await step('watches all consoles at once', async () => {
      await goTo(page, 'Consoles')
      await page.getByRole('button', { name: 'Wall', exact: true }).click()
      await page.getByRole('group', { name: 'Consoles on the screen' }).getByRole('button', { name: '16', exact: true }).click()
      await expect.poll(async () => page.getByRole('listbox', { name: 'Wall of consoles' }).locator('pre').first().innerText(), soon).toContain('login:')
      await picture('engineer-wall')
    })

    const mine = page.getByRole('region', { name: 'Console of cam-01' })
    await step('clicks one, gets a real terminal and types a line', async () => {
      await page.getByRole('option', { name: /^cam-01/ }).click()
      await mine.locator('.xterm-helper-textarea').focus()
      await page.keyboard.type('root\n')
      await expect.poll(async () => mine.locator('.xterm-rows').innerText(), soon).toContain('root')
      await mine.getByText(/^You type here since/).waitFor()
    })

    const second = await day.newPage()
    second.setDefaultTimeout(soon.timeout)
    const theirs = second.getByRole('region', { name: 'Console of cam-01' })
    await step('goes to the bench, and takes the keyboard over in a second window', async () => {
      await openTab(second, 'cam-01', 'Console')
      await theirs.getByText(/^window 1 types here since/).waitFor()
      await theirs.getByRole('button', { name: 'Take over' }).click()
      await theirs.getByText(/^You type here/).waitFor()
      await mine.getByText(/^Taken over by window 2 at/).waitFor()
      await theirs.getByText('window 1 looks on', { exact: true }).waitFor()
      await picture('engineer-taken-over')
      await theirs.locator('.xterm-helper-textarea').focus()
      // At once: a camera that talks would print between the keys. And watched from before, because what it says moves the line away.
      const seen = expect.poll(async () => mine.locator('.xterm-rows').innerText(), { ...soon, interval: 50 }).toContain('bench-2')
      await second.keyboard.insertText('bench-2')
      await second.keyboard.press('Enter')
      // Both windows see what is typed.
      await seen
    })

    await step('lends the line to another program, and takes it back', async () => {
      await theirs.getByRole('button', { name: 'Release', exact: true }).click()
      await mine.getByText(/^Released since .* by window 2, for another program\.$/).waitFor()
      expect(camera('cam-01').console).toBe('released')
      await mine.getByRole('button', { name: 'Take the line back' }).click()
      await expect.poll(() => camera('cam-01').console, soon).toBe('open')
      await second.close()
    })

    const three = ['cam-05', 'cam-06', 'cam-07'] as const
    await step('cycles the power of three cameras one after another, and each is read back', async () => {
      await goTo(page, 'Rack')
      await page.getByRole('button', { name: 'Grid' }).click()
      await select(page, three)
      const received = three.map((name) => camera(name).bytesReceived)
      await page.getByRole('button', { name: 'Cycle', exact: true }).click()
      await page.getByLabel('Pause in milliseconds').fill('100')
      await page.getByRole('button', { name: 'Power cycle 3' }).click()
      await page.getByText('3 of 3 answered').waitFor()
      // A pod accepts and cannot be asked, and that is what is said; the proof comes from the cameras.
      expect(await page.getByRole('dialog').getByText('accepted', { exact: true }).count()).toBe(3)
      await picture('engineer-power')
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
      for (const [at, name] of three.entries()) {
        await expect.poll(() => camera(name).bytesReceived, soon).toBeGreaterThan((received[at] ?? 0) + 1000)
        await lifeOf(day, name, 'booted')
        expect(camera(name).power).toBe('on')
      }
    })

    await step('is refused the power of a camera that is being written', async () => {
      await page.getByRole('button', { name: 'Clear', exact: true }).click()
      await startRestore(day, 'cam-02')
      await panel(page, 'cam-02').getByRole('tab', { name: 'Power' }).click()
      await panel(page, 'cam-02').getByRole('button', { name: 'Power off', exact: true }).click()
      const name = page.getByLabel(/type cam-02$/)
      await name.waitFor()
      await name.fill('cam-0')
      expect(await page.getByRole('button', { name: 'Cut the power' }).isDisabled()).toBe(true)
      expect(camera('cam-02').power).toBe('on')
      await picture('engineer-refused')
    })

    await step('and the restore ends as if nobody had asked', async () => {
      await expect.poll(() => workbench.jobs.list()[0]?.verdict, jobTime).toBe('restored and booted')
    })
    expect(pageComplaints(day)).toEqual([])
  }, 240_000)
})
