import { describe, expect, onTestFinished, test } from 'vitest'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { helperFails } from '../../src/main/sim/screens/screenBehaviours.ts'
import { simScreenUuid, startSimScreens } from '../../src/main/sim/screens/startSimScreens.ts'
import { fleetSettingsSchema } from '../../src/shared/fleet/fleetSettings.schema.ts'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

const screensCount = 6
/** The times of a real broker and of screens that restart. */
const workMs = 60_000

describe.skipIf(missingForWindow() !== undefined)('commands for the fleet', () => {
  test('a broker within, screens that come, one that restarts, and a run over all that stops because one cannot', { timeout: 240_000 }, async () => {
    const open = await openWindow()
    const { page, workbench: { fleet } } = open
    await openDemo(page)
    await page.keyboard.press('Alt+8')
    await page.getByRole('heading', { name: 'No broker is chosen' }).waitFor()
    await page.getByRole('button', { name: 'A broker elsewhere' }).click()
    await page.getByLabel('Port', { exact: true }).fill('0')
    await page.getByRole('button', { name: 'Open it', exact: true }).click()
    await page.getByText('connected', { exact: true }).first().waitFor()
    await page.getByLabel('Id of the client (a UUID)').fill(simScreenUuid(1))
    await page.getByRole('button', { name: 'Make an account' }).click()
    await page.getByText('Its password is shown this once').waitFor()
    const passwords = new Map([[simScreenUuid(1), await page.locator('code.secret').innerText()]])
    for (let number = 2; number <= screensCount; number += 1) passwords.set(simScreenUuid(number), (await fleet.addAccount(simScreenUuid(number))).password)
    const { broker } = (await fleet.watch(AbortSignal.timeout(workMs)).next()).value!
    const screens = await startSimScreens({
      brokerUrl: broker.url!, clock: createSystemClock(), count: screensCount, rebootMs: 6_000, heartbeatMs: 2_000, behaviours: { [screensCount]: [helperFails('helper_missing')] },
      loginOf: (uuid) => ({ user: `infoscreen-client-${uuid.slice(0, 8)}`, password: passwords.get(uuid) ?? '' }),
    })
    onTestFinished(async () => screens.close())

    await page.getByRole('tab', { name: 'Clients', exact: true }).click()
    const clients = page.getByRole('listbox', { name: 'Clients' })
    await page.getByText(`${String(screensCount)} of ${String(screensCount)}`).waitFor({ timeout: workMs })
    await clients.focus()
    await page.keyboard.press('Home')
    const detail = page.locator('section.client')
    await detail.getByRole('button', { name: 'Reboot', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reboot', exact: true }).click()
    await detail.getByText('completed').first().waitFor({ timeout: workMs })
    expect([...screens.screens.map(({ reboots }) => [...reboots.values()])].flat()).toEqual([1])

    await page.getByRole('button', { name: 'Select all shown' }).click()
    await page.getByRole('button', { name: 'Reboot selected' }).click()
    await page.getByLabel(/^To start it/).fill(`reboot ${String(screensCount)}`)
    await page.getByRole('dialog').getByRole('button', { name: `Reboot ${String(screensCount)}` }).click()
    await page.getByText('which is more than 5 %').first().waitFor({ timeout: workMs })
    await page.getByText('helper_missing').first().waitFor()
    // What was handed over ends by itself, once each.
    await page.getByText('0 commands under way').waitFor({ timeout: workMs })
    for (const { reboots } of screens.screens) for (const count of reboots.values()) expect(count).toBe(1)
    expect(fleetSettingsSchema.parse((await fleet.watch(AbortSignal.timeout(workMs)).next()).value!.settings).clients).toHaveLength(screensCount)
    expect(open.complaints).toEqual([])
  })

  test('a plan of an assistant is approved in the window', { timeout: 60_000 }, async () => {
    const open = await openWindow()
    const { page, workbench: { approvals } } = open
    await openDemo(page)
    await approvals.ask('a'.repeat(64), 'Power off for cam-01')
    await page.getByRole('button', { name: /plan waits for a yes/ }).click()
    await page.getByRole('button', { name: 'Yes: Power off for cam-01' }).click()
    await page.getByText('approved, not started yet').waitFor()
    await approvals.use('a'.repeat(64))
    await page.getByText('No plan waits.').waitFor()
    await expect(approvals.use('a'.repeat(64))).rejects.toMatchObject({ code: 'input/conflict' })
    expect(open.complaints).toEqual([])
  })
})
