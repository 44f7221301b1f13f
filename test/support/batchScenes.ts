import type { Page } from 'playwright-core'
import type { FixtureServer } from './fixtureServer.ts'

interface BatchScene {
  readonly name: string
  readonly cameras: number
  readonly isNew?: boolean
  readonly steps: (page: Page, server: FixtureServer | undefined) => Promise<void>
}

const openBatch = async (page: Page): Promise<void> => { await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Batch', exact: true }).click() }
async function openOne(page: Page, name: string): Promise<void> {
  await openBatch(page)
  await page.getByRole('option', { name: new RegExp(`^${name}`) }).click()
  await page.getByRole('heading', { name, exact: true }).waitFor()
}
const openTab = async (page: Page, tab: 'Items' | 'Compare'): Promise<void> => { await page.getByRole('tab', { name: tab, exact: true }).click() }

const scenes: readonly BatchScene[] = [
  { name: 'batch', cameras: 12, steps: async (page) => { await openOne(page, 'A thousand'); await page.getByRole('figure', { name: 'Times of write' }).waitFor() } },
  { name: 'batch-canary', cameras: 12, steps: async (page) => { await openOne(page, 'Night run'); await page.getByText('Concluded from').waitFor() } },
  { name: 'batch-soak', cameras: 12, steps: async (page) => { await openOne(page, 'Soak of the new boards'); await page.getByRole('figure', { name: 'Boot times by cycle' }).scrollIntoViewIfNeeded() } },
  { name: 'batch-empty', cameras: 12, isNew: true, steps: async (page) => { await openBatch(page); await page.getByRole('heading', { name: 'No batch yet' }).waitFor() } },
  { name: 'batch-items', cameras: 12, steps: async (page) => {
    await openOne(page, 'A thousand')
    await openTab(page, 'Items')
    await page.getByRole('option', { name: /^6 ?cam-06/ }).click()
    await page.getByText('firmware at boot-seen').waitFor()
  } },
  { name: 'batch-items-none', cameras: 12, steps: async (page) => { await openOne(page, 'Soak of the new boards'); await openTab(page, 'Items'); await page.getByRole('region', { name: 'Items', exact: true }).getByRole('button', { name: /failed$/ }).click(); await page.getByText('No item is failed.').waitFor() } },
  { name: 'batch-stopping', cameras: 12, steps: async (page) => { await openOne(page, 'A thousand'); await page.getByRole('button', { name: 'Stop', exact: true }).click(); await page.getByRole('button', { name: 'Also stop what runs' }).waitFor() } },
  { name: 'batch-compare', cameras: 12, steps: async (page) => { await openOne(page, 'A thousand'); await openTab(page, 'Compare'); await page.getByText('Worse now').waitFor() } },
  { name: 'batch-reports', cameras: 12, steps: async (page) => { await openOne(page, 'A thousand'); await page.getByRole('button', { name: 'Reports' }).click(); await page.getByRole('tab', { name: 'JUnit' }).click(); await page.getByText('the junit of b-long').waitFor() } },
  { name: 'batch-new', cameras: 12, steps: async (page) => { await openBatch(page); await page.getByRole('button', { name: 'New batch' }).click(); await page.getByText('Give it a name').waitFor() } },
  { name: 'batch-new-ready', cameras: 12, steps: async (page) => {
    await openBatch(page)
    await page.getByRole('button', { name: 'New batch' }).click()
    await page.getByLabel(/^Plan file/).fill('/plans/night.yaml')
    await page.getByRole('button', { name: 'Read the plan' }).click()
    await page.getByText('2 cameras × 1 image × 3 cycles = 6 items').scrollIntoViewIfNeeded()
  } },
  { name: 'batch-new-more', cameras: 12, steps: async (page) => {
    await openBatch(page)
    await page.getByRole('button', { name: 'New batch' }).click()
    await page.getByText('More: how many at once').click()
    await page.getByText('It has to answer a ping there').scrollIntoViewIfNeeded()
  } },
  { name: 'batch-new-demo', cameras: 12, isNew: true, steps: async (page) => {
    await openBatch(page)
    await page.getByRole('button', { name: 'Open the demo rack' }).click()
    await page.getByRole('button', { name: 'New batch' }).click()
    await page.getByRole('button', { name: "The demo's night run" }).waitFor()
  } },
  { name: 'batch-new-warned', cameras: 12, steps: async (page) => {
    await openBatch(page)
    await page.getByRole('button', { name: 'New batch' }).click()
    await page.getByLabel(/^Plan file/).fill('/plans/dump.yaml')
    await page.getByRole('button', { name: 'Read the plan' }).click()
    await page.getByText('is the dump of one camera').waitFor()
    await page.getByText('2 cameras × 1 image × 3 cycles = 6 items').scrollIntoViewIfNeeded()
    await page.getByText(/is left out of the rest/).last().scrollIntoViewIfNeeded()
  } },
  { name: 'batch-new-error', cameras: 12, steps: async (page) => {
    await openBatch(page)
    await page.getByRole('button', { name: 'New batch' }).click()
    await page.getByLabel(/^Plan file/).fill('/nowhere.yaml')
    await page.getByRole('button', { name: 'Read the plan' }).click()
    await page.getByText('The plan /nowhere.yaml is not there').scrollIntoViewIfNeeded()
  } },
]

export const allBatchScenes = (): readonly BatchScene[] => scenes
