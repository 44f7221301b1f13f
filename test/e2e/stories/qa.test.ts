import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { missingForWindow } from '../openWindow.ts'
import { beginDay, card, goTo, imagesOf, jobTime, openRackThatBoots, openTab, pageComplaints, panel, select, soon, startRestore } from './storySteps.ts'

const root = join(import.meta.dirname, '../../..')
const run = promisify(execFile)

/** The command line, as a program of its own, on the same data folder. One that is too slow is an error: ended politely it would have said nothing and been content. */
async function askCommandLine(dataFolder: string, ...words: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [join(root, 'src/main/hosts/cli/bin.mjs'), ...words, '--output', 'json', '--data', dataFolder], { timeout: soon.timeout, killSignal: 'SIGKILL' })
  return JSON.parse(stdout.trim().split('\n')[0] ?? '{}') as Record<string, unknown>
}

describe.skipIf(missingForWindow() !== undefined)('the day of a tester', () => {
  test('restores and their proof, one that fails, two boots, new lines, a rule', async () => {
    const day = await beginDay('light')
    const { page, step, picture, camera, workbench, folder } = day
    const verdicts = (): Record<string, string | undefined> => Object.fromEntries(workbench.jobs.list().map(({ title, verdict }) => [title, verdict]))
    await step('opens the rack, and twelve cameras boot', async () => openRackThatBoots(day))

    await step('restores one camera and watches its phases', async () => {
      await startRestore(day, 'cam-02')
      const phases = page.getByRole('list', { name: 'Phases' })
      await phases.locator('[aria-current="step"]').waitFor()
      await expect.poll(async () => page.getByRole('region', { name: 'Restore under way' }).getByText('proved').count(), jobTime).toBeGreaterThan(0)
      await picture('qa-running')
      const verdict = page.getByRole('region', { name: 'Verdict' })
      await verdict.getByRole('heading', { name: 'restored and booted' }).waitFor(jobTime)
      const shown = (await verdict.innerText()).replaceAll(/\s/g, '')
      for (const part of workbench.jobs.list()[0]?.partitions ?? []) expect(shown).toContain(part.readBackCrc32)
    })

    await step('restores four more at once; one of them fails, and the others do not care', async () => {
      await page.getByRole('button', { name: 'Close the panel' }).click()
      await select(page, ['cam-05', 'cam-06', 'cam-07', 'cam-09'])
      await page.getByRole('toolbar', { name: 'Selected cameras' }).getByRole('button', { name: 'Restore' }).click()
      const many = page.getByRole('dialog')
      await many.getByLabel('What to restore onto each of them').fill(imagesOf(day))
      await many.getByRole('button', { name: 'Make plans' }).click()
      await expect.poll(async () => many.getByText('ready', { exact: true }).count(), soon).toBe(4)
      await picture('qa-many')
      await many.getByRole('button', { name: 'Erase and restore 4' }).click()
      await expect.poll(async () => many.getByText('started', { exact: true }).count(), soon).toBe(4)
      await many.getByRole('button', { name: 'Close' }).last().click()
      await page.getByRole('button', { name: 'Clear', exact: true }).click()
      await expect.poll(verdicts, { timeout: 120_000 }).toMatchObject({
        'Restore cam-05': 'restored and booted', 'Restore cam-06': 'restored and booted', 'Restore cam-07': 'restored and booted', 'Restore cam-09': 'failed (state known)',
      })
    })

    const failed = () => {
      const job = workbench.jobs.list().find(({ title }) => title === 'Restore cam-09')
      if (!job) throw new Error('the job of cam-09 is gone')
      return job
    }
    await step('reads the report of the one that failed', async () => {
      await goTo(page, 'Jobs')
      await page.getByRole('row', { name: /cam-09/ }).getByRole('button', { name: /^Report of/ }).click()
      await page.frameLocator('iframe').getByText('failed (state known)').first().waitFor()
      await page.frameLocator('iframe').getByText(/does not hold what was written/).first().waitFor()
      await picture('qa-report')
    })

    await step('and jumps to what its console said at that moment', async () => {
      await page.getByRole('dialog').getByRole('button', { name: 'Its console then' }).click()
      const session = page.getByRole('region', { name: 'Session of cam-09' })
      await session.getByRole('listbox', { name: 'Lines of the session' }).getByText(/crc32/).first().waitFor()
      await expect.poll(async () => session.getByRole('img', { name: /phases of jobs/ }).getAttribute('aria-label'), soon).toMatch(/[1-9]\d* phases of jobs/)
      await picture('qa-console-then')
      await session.getByRole('button', { name: 'Close the session' }).click()
    })

    await step('compares the boot before the restore with the one after it', async () => {
      await workbench.captures.caughtUp(AbortSignal.timeout(soon.timeout))
      await page.getByRole('tab', { name: 'Boots' }).click()
      await page.getByRole('textbox', { name: 'Boots of this camera' }).fill('cam-02')
      await page.keyboard.press('Enter')
      const boots = page.getByRole('listbox', { name: 'Boots of this camera and firmware' })
      await expect.poll(async () => boots.getByRole('option').count(), soon).toBeGreaterThanOrEqual(2)
      await boots.getByRole('option').first().click()
      await boots.getByRole('option').last().click()
      await page.getByRole('button', { name: 'Compare both' }).click()
      const both = page.getByRole('region', { name: 'Two boots side by side' })
      // The same image twice: they differ in what the camera happened to say after its login, or in nothing.
      await both.getByText(/^(?:first difference in|no difference but numbers)/).waitFor()
      if (await both.getByText(/^first difference in/).count() > 0) {
        await both.getByRole('button', { name: 'First difference' }).click()
        await both.locator('.differs.first').waitFor()
      }
      await picture('qa-boots')
      await page.getByRole('button', { name: 'Back to the boots' }).click()
    })

    await step('looks for kinds of lines that this firmware never said before', async () => {
      await page.getByRole('tab', { name: 'New lines' }).click()
      await page.getByText(/\d+ kinds, newest first/).waitFor()
      const first = page.getByRole('listbox', { name: 'New kinds' }).getByRole('option').first()
      const camera = await first.locator('b').innerText()
      await first.click()
      await page.getByRole('region', { name: `Session of ${camera}` }).waitFor()
    })

    await step('makes a rule that raises an alarm when the lens driver panics', async () => {
      await goTo(page, 'Rack')
      await openTab(page, 'cam-01', 'Console')
      const console = page.getByRole('region', { name: 'Console of cam-01' })
      await console.getByRole('button', { name: 'Rules', exact: true }).click()
      await page.getByRole('button', { name: 'New rule' }).click()
      const rule = page.getByRole('form', { name: 'Rule' })
      await rule.getByLabel('Name').fill('Lens panic')
      await rule.getByLabel(/^Words, one a line/).fill('lens driver panic')
      await picture('qa-rule')
      await rule.getByRole('button', { name: 'Save the rule' }).click()
      await page.getByRole('button', { name: 'Change Lens panic' }).waitFor()
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
      await console.getByRole('textbox', { name: 'Line to send to cam-01' }).fill('lens driver panic, code 7')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: /^\d+ new alarms/ }).click()
      await page.getByRole('region', { name: 'Alarms' }).getByText('Lens panic', { exact: true }).waitFor()
      await page.keyboard.press('Escape')
      await card(page, 'cam-01').getByText('1 alarm', { exact: true }).waitFor()
      expect(camera('cam-01').alarms).toMatchObject({ count: 1 })
    })

    await step('and the command line says the same of the job that failed', async () => {
      const job = failed()
      const told = await askCommandLine(join(folder, 'data'), 'jobs', job.id)
      expect(told).toMatchObject({ id: job.id, title: 'Restore cam-09', state: 'failed', verdict: 'failed (state known)' })
      const report = JSON.parse(await readFile((told['report'] as { jsonPath: string }).jsonPath, 'utf8')) as Record<string, unknown>
      expect(JSON.stringify(report)).toContain(job.error?.message ?? '-')
      for (const part of job.partitions) if (part.readBackCrc32 !== undefined) expect(JSON.stringify(report)).toContain(part.readBackCrc32)
      await panel(page, 'cam-01').waitFor()
    })
    expect(pageComplaints(day)).toEqual([])
  }, 300_000)
})
