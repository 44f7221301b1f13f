import { describe, expect, onTestFinished, test } from 'vitest'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { helperFails } from '../../src/main/sim/screens/screenBehaviours.ts'
import { createSimScreen } from '../../src/main/sim/screens/simScreen.ts'
import { clientAccount } from '../../src/shared/fleet/topics.ts'
import { missingForWindow, openWindow, takePicture } from './openWindow.ts'

const screensCount = 6
/** Accounts at the broker within are told apart by the first eight letters. */
const uuidOf = (number: number): string => `${number.toString(16).padStart(8, '0')}-5c4e-4000-8000-000000000000`
/** The times of a real broker and of screens that restart. */
const workMs = 60_000

describe.skipIf(missingForWindow() !== undefined)('commands for the fleet', () => {
  test('a broker within, screens that come, one that restarts, and a run over all that stops because one cannot', { timeout: 240_000 }, async () => {
    const open = await openWindow()
    const { page, workbench: { fleet } } = open
    await page.getByText('connected', { exact: true }).waitFor()
    await page.keyboard.press('Alt+8')
    await page.getByRole('heading', { name: 'No broker is chosen' }).waitFor()
    await page.getByRole('button', { name: 'A broker elsewhere' }).click()
    await page.getByLabel('Port', { exact: true }).fill('0')
    await page.getByRole('button', { name: 'Open it', exact: true }).click()
    await page.getByRole('region', { name: 'Broker', exact: true }).getByText('connected').waitFor()
    await page.getByLabel('Id of the client (a UUID)').fill(uuidOf(1))
    await page.getByRole('button', { name: 'Make an account' }).click()
    await page.getByText('Its password is shown this once').waitFor()
    const passwords = new Map([[uuidOf(1), await page.locator('code.secret').innerText()]])
    for (let number = 2; number <= screensCount; number += 1) passwords.set(uuidOf(number), (await fleet.addAccount(uuidOf(number))).password)
    const { broker } = (await fleet.watch(AbortSignal.timeout(workMs)).next()).value!
    const screens = [...passwords].map(([clientUuid, password], index) => createSimScreen({
      clientUuid, brokerUrl: broker.url!, clock: createSystemClock(), rebootMs: 6_000, heartbeatMs: 2_000, login: { user: clientAccount(clientUuid), password },
      behaviours: index + 1 === screensCount ? [helperFails('helper_missing')] : [],
    }))
    onTestFinished(async () => { await Promise.all(screens.map(async (screen) => screen.close())) })
    await Promise.all(screens.map(async (screen) => screen.open()))

    await page.getByRole('tab', { name: 'Clients', exact: true }).click()
    const clients = page.getByRole('listbox', { name: 'Clients' })
    await page.getByText(`${String(screensCount)} of ${String(screensCount)}`).waitFor({ timeout: workMs })
    await clients.focus()
    await page.keyboard.press('Home')
    const detail = page.locator('section.client')
    await detail.getByRole('button', { name: 'Reboot', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reboot', exact: true }).click()
    await detail.getByText('completed').first().waitFor({ timeout: workMs })
    expect(screens.flatMap(({ reboots }) => [...reboots.values()])).toEqual([1])

    await page.getByRole('button', { name: 'Select all shown' }).click()
    await page.getByRole('button', { name: 'Reboot selected' }).click()
    await page.getByLabel(/^To start it/).fill(`reboot ${String(screensCount)}`)
    await page.getByRole('dialog').getByRole('button', { name: `Reboot ${String(screensCount)}` }).click()
    await page.getByText('which is more than 5 %').first().waitFor({ timeout: workMs })
    await page.getByText('helper_missing').first().waitFor()
    // What was handed over ends by itself, once each.
    await page.getByText('0 commands under way').waitFor({ timeout: workMs })
    await expect.poll(async () => page.getByRole('listbox', { name: 'Clients of this run' }).getByText('completed').count(), { timeout: workMs }).toBe(screensCount - 1)
    await page.getByText(`${String(screensCount)} of ${String(screensCount)} have ended`).waitFor()
    await takePicture(page, 'commands-bulk')
    await page.getByRole('tab', { name: 'Clients', exact: true }).click()
    await clients.getByText('completed').first().waitFor()
    await takePicture(page, 'commands-clients')
    for (const { reboots } of screens) for (const count of reboots.values()) expect(count).toBe(1)
    expect((await fleet.watch(AbortSignal.timeout(workMs)).next()).value!.settings.clients).toHaveLength(screensCount)
    expect(open.complaints).toEqual([])
  })

  test('the demo brings screens that take commands at once; a plan of an assistant is approved in the window', { timeout: 120_000 }, async () => {
    const open = await openWindow({ demoCameras: 1 })
    const { page, workbench: { approvals } } = open
    await page.keyboard.press('Alt+8')
    await page.getByRole('button', { name: 'Open the demo with 8 screens' }).click()
    await page.getByText('for the screens of the demo').waitFor({ timeout: workMs })
    await page.getByText('8 of 8').waitFor()
    await page.getByRole('listbox', { name: 'Clients' }).focus()
    await page.keyboard.press('Home')
    const detail = page.locator('section.client')
    await detail.getByRole('button', { name: 'Reboot', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reboot', exact: true }).click()
    await detail.getByText('completed').first().waitFor({ timeout: workMs })
    await approvals.ask('a'.repeat(64), 'Power off for cam-01')
    await page.getByRole('button', { name: /plan waits for a yes/ }).click()
    await page.getByRole('button', { name: 'Yes, once: Power off for cam-01' }).click()
    await page.getByText('approved, not started yet').waitFor()
    await approvals.use('a'.repeat(64))
    await page.getByText('No plan waits.').waitFor()
    await expect(approvals.use('a'.repeat(64))).rejects.toMatchObject({ code: 'input/conflict' })
    expect(open.complaints).toEqual([])
  })
})
