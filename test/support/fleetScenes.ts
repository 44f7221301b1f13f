import type { Page } from 'playwright-core'
import type { FixtureServer } from './fixtureServer.ts'

interface FleetScene {
  readonly name: string
  readonly cameras: number
  readonly isNew?: boolean
  readonly steps: (page: Page, server: FixtureServer | undefined) => Promise<void>
}

const openCommands = async (page: Page): Promise<void> => { await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Commands', exact: true }).click() }
const openTab = async (page: Page, tab: string): Promise<void> => { await openCommands(page); await page.getByRole('tab', { name: tab, exact: true }).click() }
async function openClient(page: Page, name: string): Promise<void> {
  await openCommands(page)
  await page.getByRole('option', { name: new RegExp(name) }).click()
  await page.getByRole('region', { name: `Client ${name}` }).waitFor()
}

/** Commands of the fleet, and plans of assistants. */
const scenes: readonly FleetScene[] = [
  { name: 'commands', cameras: 12, steps: async (page) => { await openCommands(page); await page.getByText('timed out').first().waitFor() } },
  { name: 'commands-empty', cameras: 12, isNew: true, steps: async (page) => { await openCommands(page); await page.getByRole('heading', { name: 'No broker is chosen' }).waitFor() } },
  { name: 'commands-failed', cameras: 12, isNew: true, steps: async (page, server) => {
    await openCommands(page)
    server?.workbench.fleet.change({ broker: { state: 'failed', reconnectCount: 0, problem: 'Port 1883 of 127.0.0.1 is in use' } })
    await page.getByRole('heading', { name: 'The broker could not be opened' }).waitFor()
  } },
  { name: 'commands-no-client', cameras: 12, isNew: true, steps: async (page) => { await openCommands(page); await page.getByRole('button', { name: 'Use the built-in broker' }).click(); await page.getByText('No client has been here yet').waitFor() } },
  { name: 'commands-demo', cameras: 12, steps: async (page, server) => {
    await openCommands(page)
    server?.workbench.fleet.change({ broker: { state: 'connected', url: 'mqtt://127.0.0.1:41883', reconnectCount: 0, forDemo: true } })
    await page.getByText('for the screens of the demo').waitFor()
  } },
  { name: 'commands-1000', cameras: 12, steps: async (page, server) => { await openCommands(page); server?.workbench.fleet.grow(1_000); await page.getByText('1000 of 1000').waitFor(); await page.getByRole('listbox', { name: 'Clients' }).press('End') } },
  { name: 'commands-history', cameras: 12, steps: async (page) => { await openClient(page, 'screen-01'); await page.getByText('of another client: moved nothing').waitFor() } },
  { name: 'commands-alert', cameras: 12, steps: async (page) => { await openClient(page, 'screen-10'); await page.getByText('Name and rules').click(); await page.getByLabel('It hangs on a PoE port').check(); await page.getByLabel('Its power is that of').scrollIntoViewIfNeeded() } },
  { name: 'commands-reboot', cameras: 12, steps: async (page) => {
    await openCommands(page)
    await page.getByRole('button', { name: 'Select all shown' }).click()
    await page.getByRole('button', { name: 'Reboot selected' }).click()
    await page.getByLabel(/^To start it/).fill('reboot 1')
  } },
  { name: 'commands-bulk', cameras: 12, steps: async (page) => { await openTab(page, 'Bulk runs'); await page.getByText('never told').first().waitFor() } },
  { name: 'commands-bulk-empty', cameras: 12, steps: async (page, server) => { await openTab(page, 'Bulk runs'); server?.workbench.fleet.change({ bulks: [] }); await page.getByRole('heading', { name: 'No bulk run yet' }).waitFor() } },
  { name: 'commands-refused', cameras: 12, steps: async (page) => { await openTab(page, 'Refused messages'); await page.getByText('ack of another client').waitFor() } },
  { name: 'commands-broker', cameras: 12, steps: async (page) => { await openTab(page, 'Broker'); await page.getByLabel('Id of the client (a UUID)').fill('5c4e0007-0000-4000-8000-000000000007'); await page.getByRole('button', { name: 'Make an account' }).click(); await page.getByText('shown this once').waitFor() } },
  { name: 'commands-broker-elsewhere', cameras: 12, steps: async (page) => { await openTab(page, 'Broker'); await page.getByRole('button', { name: 'Elsewhere', exact: true }).click(); await page.getByLabel('Certificate of its authority').waitFor() } },
  { name: 'approvals', cameras: 12, steps: async (page, server) => {
    server?.workbench.approvals.ask('a'.repeat(64), 'Power off for cam-01')
    server?.workbench.approvals.ask('b'.repeat(64), 'Restore cam-04 (hi3516ev300) from /home/lab/backups/ev300-2026-11: 4 partitions, 13959168 bytes')
    await page.getByRole('button', { name: /plans wait for a yes/ }).click()
    await page.getByRole('button', { name: 'Yes, once: Power off for cam-01' }).click()
    await page.getByText('approved, not started yet').waitFor()
  } },
]

export const allFleetScenes = (): readonly FleetScene[] => scenes
