import type { Page } from 'playwright-core'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import type { FixtureServer } from './fixtureServer.ts'

interface Scene {
  readonly name: string
  readonly cameras: number
  readonly steps: (page: Page, server: FixtureServer | undefined) => Promise<void>
}

async function openWall(page: Page, density: number): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Consoles' }).click()
  await page.getByRole('button', { name: 'Wall', exact: true }).click()
  await page.getByRole('group', { name: 'Consoles on the screen' }).getByRole('button', { name: String(density), exact: true }).click()
  await page.getByRole('option', { name: /^cam-01/ }).waitFor()
}
async function findPorts(page: Page, unit = 'RouterOS switch 10.216.128.2'): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Settings', exact: true }).click()
  await page.getByRole('button', { name: 'Find cameras on ports' }).click()
  await page.getByRole('dialog').getByLabel('Switch', { exact: true }).selectOption({ label: unit })
  if (unit.startsWith('RouterOS')) await page.getByRole('region', { name: 'Ports of the switch' }).waitFor()
}

export const allWallScenes = (): readonly Scene[] => [
  ...([4, 16, 36, 100] as const).map((density): Scene => ({ name: `wall-${String(density)}`, cameras: 100, steps: async (page) => { await openWall(page, density) } })),
  ...([4, 16, 100] as const).map((density): Scene => ({ name: `wall-marks-${String(density)}`, cameras: density === 100 ? 100 : 12, steps: async (page, server) => {
    await openWall(page, density)
    for (const [camera, rule, tone] of [['cam-03', 'Kernel panic', 'bad'], ['cam-01', 'Watchdog', 'warn'], ['cam-07', 'Login prompt', 'ok']] as const) server?.workbench.meet(cameraIdSchema.parse(camera), rule, tone, `${rule}: what a rule looks for`)
    await page.getByText('marked: Kernel panic').waitFor()
  } })),
  { name: 'wall-12', cameras: 12, steps: async (page) => { await openWall(page, 36) } },
  { name: 'wall-filtered', cameras: 100, steps: async (page) => { await openWall(page, 36); await page.getByLabel('Filter by words').fill('nowhere') } },
  { name: 'wall-terminal', cameras: 100, steps: async (page) => { await openWall(page, 100); await page.getByRole('option', { name: /^cam-13/ }).click(); await page.getByRole('region', { name: 'Console of cam-13' }).getByText('login:').first().waitFor() } },
  { name: 'wall-broadcast', cameras: 100, steps: async (page) => {
    await openWall(page, 36)
    await page.getByLabel('Filter by words').fill('ev300')
    await page.getByRole('button', { name: 'Broadcast', exact: true }).click()
    await page.getByRole('button', { name: /^Choose all shown/ }).click()
    await page.getByRole('button', { name: 'Take out cam-01' }).click()
    await page.getByLabel('Line for all of them').fill('printenv')
  } },
  { name: 'wall-broadcast-sent', cameras: 12, steps: async (page) => {
    await openWall(page, 16)
    for (const name of ['cam-01', 'cam-02', 'cam-05', 'cam-08', 'cam-11']) await page.getByRole('option', { name: new RegExp(`^${name}`) }).click({ modifiers: ['Control'] })
    await page.getByLabel('Line for all of them').fill('printenv')
    await page.keyboard.press('Enter')
    await page.getByText('Sent to').waitFor()
  } },
]

export const portScenes = (): readonly Scene[] => [
  { name: 'find-ports', cameras: 12, steps: async (page) => {
    await findPorts(page)
    for (const port of ['ether3', 'ether4']) await page.getByRole('checkbox', { name: `Cut ${port}`, exact: true }).check()
  } },
  { name: 'find-ports-many', cameras: 12, steps: async (page) => { await findPorts(page); for (let port = 6; port <= 14; port += 1) await page.getByRole('checkbox', { name: `Cut ether${String(port)}`, exact: true }).check() } },
  { name: 'find-ports-typed', cameras: 12, steps: async (page) => {
    await findPorts(page, 'pdu01 of PDUDaemon lab:16421')
    await page.getByLabel('Its ports').fill('1-8')
    await page.getByRole('button', { name: 'Look at them' }).click()
    await page.getByText('A port that was off before').waitFor()
  } },
  { name: 'find-ports-done', cameras: 12, steps: async (page) => {
    await findPorts(page)
    for (const port of ['ether3', 'ether4']) await page.getByRole('checkbox', { name: `Cut ${port}`, exact: true }).check()
    await page.getByRole('button', { name: /^Cut 2 ports/ }).click()
    await page.getByRole('button', { name: 'Store it' }).waitFor()
  } },
]
