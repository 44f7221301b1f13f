/**
 * Pictures of every screen, to be looked at: `npx node test/support/screenshots.ts --out DIR [--only NAME] [--url URL]`.
 * Without --url it runs the fixture and also counts what the content policy refused, what axe found and what is cut.
 */
import { readFile, mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright-core'
import { cameraIdSchema } from '../../src/shared/devices/ids.ts'
import { cutFindings } from './cutFindings.ts'
import { type FixtureServer, openFixtureServer } from './fixtureServer.ts'
import { allFleetScenes } from './fleetScenes.ts'
import { allBatchScenes } from './batchScenes.ts'
import { allUpdatesScenes } from './updatesScenes.ts'
import { allWallScenes, portScenes } from './wallScenes.ts'

export interface Scene {
  readonly name: string
  readonly cameras: number
  readonly perPod?: number
  readonly quotaNear?: boolean
  readonly isNew?: boolean
  readonly steps: (page: Page, server: FixtureServer | undefined) => Promise<void>
}

const card = (page: Page, name: string) => page.locator(`[data-camera="${name}"]`)
const openCard = async (page: Page, name: string): Promise<void> => { await card(page, name).click() }
const plan = async (page: Page, path: string): Promise<void> => {
  await openCard(page, 'cam-04')
  await page.getByLabel('What to restore').fill(path)
  await page.getByRole('button', { name: 'Make plan' }).click()
  await page.getByRole('region', { name: 'Plan', exact: true }).waitFor()
}
const showJob = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', { name: 'Jobs' }).click()
  await page.getByRole('row', { name }).getByRole('button').first().click()
}

const openCaptures = async (page: Page): Promise<void> => { await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Captures' }).click() }
const findIn = async (page: Page, words: string): Promise<void> => {
  await openCaptures(page)
  await page.getByRole('searchbox', { name: 'Words to search for' }).fill(words)
  await page.keyboard.press('Enter')
  await page.getByText(/lines?, newest first|Nothing found/).waitFor()
}

const goTo = async (page: Page, view: string): Promise<void> => { await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: view, exact: true }).click() }
const showTab = async (page: Page, camera: string, tab: string): Promise<void> => { await openCard(page, camera); await page.getByRole('tab', { name: tab, exact: true }).click() }
async function raiseAlarms(page: Page, server: FixtureServer | undefined): Promise<void> {
  const hits = [['cam-04', 'Kernel panic', 'bad', 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(31,3)'], ['cam-11', 'Power', 'bad', 'short circuit: the switch gives this port no power. Look at its cable, and whether the camera takes PoE (RouterOS switch 10.0.0.2)'], ['cam-04', 'Boot loop', 'bad', 'U-Boot 2016.11 (OpenIPC), 3 times in 180 s']] as const
  for (const [camera, rule, tone, line] of hits) server?.workbench.consoleTools.hit({ cameraId: cameraIdSchema.parse(camera), ruleId: rule, rule, tone, line, atMs: Date.now(), notify: true })
  await page.getByRole('button', { name: /^3 new alarms/ }).waitFor()
}

const zoomTo = async (page: Page, step: string): Promise<void> => { await page.getByRole('group', { name: 'Zoom' }).getByRole('button', { name: step, exact: true }).click() }
const looks: readonly Scene[] = [1, 12, 100, 200].flatMap((cameras) => ['Pictures', 'Cards', 'Tiles', 'Dots'].flatMap((step) => [1, 4].filter((perPod) => perPod === 1 || cameras === 12).flatMap((perPod) => ['Grid', 'Elevation'].map((shape): Scene => ({
  name: `look-${String(cameras)}${perPod === 4 ? '-pods' : ''}-${step.toLowerCase()}-${shape.toLowerCase()}`, cameras, perPod, steps: async (page) => {
    await card(page, 'cam-01').waitFor()
    await page.getByRole('button', { name: shape, exact: true }).click()
    await zoomTo(page, step)
    for (const name of ['cam-01', 'cam-03']) if (cameras > 1 || name === 'cam-01') await card(page, name).click({ modifiers: ['Control'] })
  },
})))))

const scenes: readonly Scene[] = [
  ...looks,
  { name: 'power-many', cameras: 12, steps: async (page) => {
    await page.getByRole('button', { name: 'Select all shown' }).click()
    await page.getByRole('button', { name: 'Cycle', exact: true }).click()
    await page.getByLabel('Number of cameras').fill('12')
  } },
  { name: 'power-many-done', cameras: 12, steps: async (page) => {
    await page.getByRole('button', { name: 'Select all shown' }).click()
    await page.getByRole('button', { name: 'Cycle', exact: true }).click()
    await page.getByLabel('Number of cameras').fill('12')
    await page.getByRole('button', { name: 'Power cycle 12' }).click()
    await page.getByText('12 of 12 answered').waitFor()
  } },
  { name: 'rack-filter', cameras: 12, steps: async (page) => { await page.getByRole('searchbox', { name: 'Show only' }).fill('qa -booted'); await openCard(page, 'cam-04') } },
  { name: 'rack-filters', cameras: 12, steps: async (page) => { await page.getByRole('searchbox', { name: 'Show only' }).fill('qa'); await page.getByRole('button', { name: 'Filters', exact: true }).click(); await page.getByLabel(/^Name for what/).fill('QA, not booted'); await page.getByRole('button', { name: 'Replace' }).waitFor() } },
  { name: 'rack-filter-nothing', cameras: 12, steps: async (page) => { await page.getByRole('searchbox', { name: 'Show only' }).fill('nobody') } },
  { name: 'start', cameras: 0, steps: async (page) => { await page.getByRole('heading', { name: 'Add a pod' }).waitFor() } },
  { name: 'add-serial', cameras: 0, steps: async (page) => {
    await page.getByRole('group', { name: 'Serial ports' }).getByRole('button').first().click()
    await page.locator('.power .n-base-selection').click()
    await page.getByText('MikroTik switch (RouterOS)').click()
    await page.getByLabel('Address', { exact: true }).fill('10.0.0.2')
  } },
  { name: 'switch-test', cameras: 0, steps: async (page) => {
    await page.getByRole('group', { name: 'Serial ports' }).getByRole('button').first().click()
    await page.locator('.power .n-base-selection').click()
    await page.getByText('MikroTik switch (RouterOS)').click()
    await page.getByLabel('Address', { exact: true }).fill('10.0.0.2')
    await page.getByLabel('or its comment').fill('cam desk')
    await page.getByRole('button', { name: 'Test the switch' }).click()
    await page.getByText('fits more than one port').waitFor()
    await page.getByRole('button', { name: 'Save its configuration' }).click()
    await page.getByRole('group', { name: 'Host key' }).waitFor()
  } },
  { name: 'start-error', cameras: 0, steps: async (page) => {
    await page.getByLabel('Address of the pod').fill('rack://192.168.9.9')
    await page.locator('.n-base-selection').click()
    await page.getByText('hi3516ev300', { exact: true }).last().click()
    await page.getByRole('button', { name: 'Add pod' }).click()
    await page.getByRole('alert').waitFor()
  } },
  { name: 'rack-12', cameras: 12, steps: async (page) => { await card(page, 'cam-12').waitFor() } },
  { name: 'rack-12-single-pods', cameras: 12, perPod: 1, steps: async (page) => { await card(page, 'cam-12').waitFor() } },
  { name: 'rack-100', cameras: 100, perPod: 1, steps: async (page) => {
    await card(page, 'cam-01').focus()
    await page.keyboard.press('End')
    await card(page, 'cam-100').waitFor()
    await page.keyboard.press('Home')
    await card(page, 'cam-01').waitFor()
  } },
  { name: 'rack-100-compact', cameras: 100, steps: async (page) => {
    await zoomTo(page, 'Tiles')
    await card(page, 'cam-01').focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
  } },
  { name: 'restore-form', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01') } },
  { name: 'plan', cameras: 12, steps: async (page) => { await plan(page, '/home/lab/backups/ev300-2026-11') } },
  { name: 'plan-nand', cameras: 12, steps: async (page) => { await plan(page, '/home/lab/backups/nand/dump.bin'); await page.getByRole('region', { name: 'Partitions of the NAND' }).scrollIntoViewIfNeeded() } },
  { name: 'restore-more', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByText('More: flash').click() } },
  ...([['layout', 'hi_sfc:256k(boot)ro,64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)'], ['layout-misfit', 'hi_sfc:256k(boot)ro,64k(env),3072k@0x60000(kernel),14100k(rootfs),64k@0x300000(mac)']] as const).map(([name, text]): Scene => ({
    name, cameras: 12, steps: async (page) => {
      await openCard(page, 'cam-01')
      await page.getByText('More: flash').click()
      await page.getByLabel('Partition layout').fill(text)
      await page.getByRole('button', { name: 'Layout as a table' }).click()
      await page.getByLabel('Name of partition 0').waitFor()
      await page.getByRole('region', { name: 'Partition table' }).scrollIntoViewIfNeeded()
    },
  })),
  { name: 'confirm', cameras: 12, steps: async (page) => { await plan(page, '/home/lab/backups/ev300-2026-11'); await page.getByRole('button', { name: 'Restore cam-04' }).click() } },
  { name: 'browse', cameras: 12, steps: async (page) => { await openCard(page, 'cam-04'); await page.getByRole('button', { name: 'Browse' }).click(); await page.getByRole('button', { name: 'ev300-2026-11' }).click() } },
  { name: 'refusals', cameras: 12, steps: async (page) => { await plan(page, '/home/lab/backups/bad-32m') } },
  { name: 'running', cameras: 12, steps: async (page) => { await openCard(page, 'cam-02'); await page.getByRole('button', { name: 'Stop after kernel' }).waitFor() } },
  { name: 'finished', cameras: 12, steps: async (page) => { await showJob(page, 'cam-01') } },
  { name: 'failed', cameras: 12, steps: async (page) => { await openCard(page, 'cam-09'); await page.getByRole('button', { name: 'Resume' }).waitFor() } },
  { name: 'compare', cameras: 12, steps: async (page) => {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Compare', exact: true }).click()
    await page.getByLabel(/^First/).fill('/home/lab/backups/cam-01-before')
    await page.getByLabel(/^Second/).fill('/home/lab/backups/cam-01-after')
    await page.getByRole('button', { name: 'Compare', exact: true }).last().click()
    await page.getByRole('region', { name: 'Differences' }).waitFor()
  } },
  { name: 'dump-form', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByRole('tab', { name: 'Dump' }).click() } },
  { name: 'burn-form', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByRole('tab', { name: 'U-Boot' }).click() } },
  { name: 'doctor', cameras: 12, steps: async (page) => {
    await openCard(page, 'cam-01')
    await page.getByRole('tab', { name: 'Flash' }).click()
    await page.getByLabel(/^Flash agent/).fill('/home/lab/agents/agent-hi3516ev300.bin')
    await page.getByRole('button', { name: 'Make plan' }).click()
    await page.getByRole('button', { name: 'Examine the flash of cam-01' }).click()
    await page.getByRole('figure', { name: 'Flash map' }).getByRole('img').hover({ position: { x: 150, y: 40 } })
  } },
  { name: 'doctor-form', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByRole('tab', { name: 'Flash' }).click(); await page.getByRole('button', { name: 'Make plan' }).click(); await page.getByRole('region', { name: 'Plan', exact: true }).waitFor() } },
  { name: 'power', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByRole('tab', { name: 'Power' }).click() } },
  { name: 'power-refused', cameras: 12, steps: async (page) => {
    await openCard(page, 'cam-02')
    await page.getByRole('tab', { name: 'Power' }).click()
    await page.getByRole('button', { name: 'Power cycle' }).click()
    await page.getByLabel('type cam-02').fill('cam-0')
  } },
  { name: 'why-not', cameras: 12, steps: async (page) => { await openCard(page, 'cam-10'); await page.getByRole('note', { name: 'Why not' }).waitFor() } },
  { name: 'why-power', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByRole('tab', { name: 'Power' }).click(); await page.getByRole('note', { name: 'Why not' }).waitFor() } },
  { name: 'change-power', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByRole('tab', { name: 'Power' }).click(); await page.getByRole('button', { name: 'Choose another power' }).click() } },
  { name: 'palette-why', cameras: 12, steps: async (page) => { await openCard(page, 'cam-10'); await page.keyboard.press('Control+k') } },
  { name: 'details', cameras: 12, steps: async (page) => {
    await openCard(page, 'cam-01')
    await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByLabel('Labels').fill('qa, lens=4mm')
    await page.getByLabel('Group').fill('hall 2')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Saved with the rack').waitFor()
    await page.getByLabel('Why it is set aside').fill('lens is being glued')
    await page.getByRole('button', { name: 'Set aside' }).click()
    await page.getByRole('button', { name: 'End maintenance' }).waitFor()
  } },
  { name: 'rack-import', cameras: 12, steps: async (page) => {
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('button', { name: 'Import a rack file' }).click()
    await page.getByLabel(/^YAML/).setInputFiles({ name: 'rack.yaml', mimeType: 'text/yaml', buffer: Buffer.from('rackbench: 1\n') })
    await page.getByRole('region', { name: 'What it would do' }).waitFor()
  } },
  { name: 'history', cameras: 12, steps: async (page) => { await openCard(page, 'cam-09'); await page.getByRole('tab', { name: 'History' }).click() } },
  { name: 'panel-console', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByRole('tab', { name: 'Console' }).click() } },
  { name: 'panel-console-job', cameras: 12, steps: async (page, server) => {
    server?.workbench.consoleTools.writer(cameraIdSchema.parse('cam-01'), { who: 'job', name: 'Restore of cam-01 (job 20261112-3f9a)', sinceMs: Date.now(), others: ['window 2'] })
    await openCard(page, 'cam-01')
    await page.getByRole('tab', { name: 'Console' }).click()
    await page.getByText(/^You watch: /).waitFor()
  } },
  { name: 'console-writers', cameras: 12, steps: async (page, server) => {
    const names = ['cam-01', 'cam-04', 'cam-08', 'cam-09'] as const
    const others = ['Annabelle of the night shift', 'Bob']
    const now = Date.now()
    const views = [{ who: 'you', name: 'window 1', sinceMs: now, others }, { who: 'viewer', name: 'Annabelle of the night shift', sinceMs: now, others }, { who: 'released', name: 'Bob', sinceMs: now, others }, { who: 'viewer', name: 'Bob', sinceMs: now, lost: { by: 'Bob', atMs: now }, others }] as const
    views.forEach((view, at) => { server?.workbench.consoleTools.writer(cameraIdSchema.parse(names[at]), { ...view, others: [...view.others] }) })
    await page.getByRole('button', { name: 'Consoles' }).click()
    for (const name of names) await page.getByRole('navigation', { name: 'Cameras' }).getByText(name).click()
    await page.getByText(/^Taken over by Bob/).waitFor()
  } },
  ...(['Lines', 'Hex'] as const).map((shape): Scene => ({ name: `console-${shape.toLowerCase()}`, cameras: 12, steps: async (page) => {
    await page.getByRole('button', { name: 'Consoles' }).click()
    for (const name of ['cam-01', 'cam-04']) await page.getByRole('navigation', { name: 'Cameras' }).getByText(name).click()
    await page.getByRole('group', { name: 'View of cam-01' }).getByRole('button', { name: shape }).click()
    await page.getByRole('log', { name: / of cam-01/ }).locator('.row.out').first().waitFor()
  } })),
  { name: 'console-send', cameras: 12, steps: async (page) => {
    await page.getByRole('button', { name: 'Consoles' }).click()
    for (const name of ['cam-01', 'cam-04', 'cam-08']) await page.getByRole('navigation', { name: 'Cameras' }).getByText(name).click()
    await page.getByRole('region', { name: 'Console of cam-01' }).getByRole('button', { name: 'Line', exact: true }).click()
    await page.getByRole('region', { name: 'Console of cam-04' }).getByRole('button', { name: 'Line', exact: true }).click()
    const third = page.getByRole('region', { name: 'Console of cam-08' })
    await third.getByRole('button', { name: 'Paste' }).click()
    await page.getByLabel('Text to paste into cam-08').fill('setenv a 1\nsetenv b 2\nsaveenv\n')
    await page.getByLabel('Pause in milliseconds').fill('9000')
    await third.locator('form.extra button').click()
    await page.getByRole('button', { name: 'Stop' }).waitFor()
  } },
  { name: 'consoles', cameras: 12, steps: async (page) => {
    await page.getByRole('button', { name: 'Consoles' }).click()
    for (const name of ['cam-01', 'cam-02', 'cam-04', 'cam-09']) await page.getByRole('navigation', { name: 'Cameras' }).getByText(name).click()
  } },
  ...allWallScenes(),
  { name: 'console-tools', cameras: 12, steps: async (page) => {
    await page.getByRole('button', { name: 'Consoles' }).click()
    for (const name of ['cam-01', 'cam-02', 'cam-04']) await page.getByRole('navigation', { name: 'Cameras' }).getByText(name).click()
    const [first, third] = [page.getByRole('region', { name: 'Console of cam-01' }), page.getByRole('region', { name: 'Console of cam-04' })]
    await first.getByRole('button', { name: 'Macros', exact: true }).click()
    await first.getByRole('button', { name: 'Who is it', exact: true }).click()
    await first.getByRole('button', { name: 'Type here' }).click()
    await third.getByRole('button', { name: 'Script', exact: true }).click()
    await third.getByRole('button', { name: 'Run', exact: true }).click()
    await third.getByRole('log', { name: 'Log of the script' }).waitFor()
    await third.getByRole('button', { name: 'Cycle', exact: true }).click()
  } },
  { name: 'console-rules', cameras: 12, steps: async (page) => {
    await openCard(page, 'cam-01')
    await page.getByRole('tab', { name: 'Console' }).click()
    await page.getByRole('region', { name: 'Console of cam-01' }).getByRole('button', { name: /^Rules$|alarms?$/ }).click()
    await page.getByText('Boot loop', { exact: true }).waitFor()
  } },
  { name: 'console-rule', cameras: 12, steps: async (page) => {
    await openCard(page, 'cam-01')
    await page.getByRole('tab', { name: 'Console' }).click()
    await page.getByRole('region', { name: 'Console of cam-01' }).getByRole('button', { name: /^Rules$|alarms?$/ }).click()
    await page.getByRole('button', { name: 'Change Boot loop' }).click()
    await page.getByLabel('and then').selectOption('dump')
  } },
  { name: 'captures', cameras: 12, steps: async (page) => { await openCaptures(page) } },
  { name: 'captures-quota', cameras: 12, quotaNear: true, steps: async (page) => { await page.getByText('Captures fill 93 %').waitFor() } },
  { name: 'captures-settings', cameras: 12, steps: async (page) => { await page.getByRole('button', { name: 'Settings' }).click(); await page.getByLabel('Quota, GiB').fill('2'); await page.getByRole('button', { name: 'Keep these settings' }).click(); await page.getByRole('button', { name: 'Use the smaller quota' }).scrollIntoViewIfNeeded() } },
  { name: 'captures-found', cameras: 12, steps: async (page) => { await findIn(page, 'kernel panic') } },
  { name: 'captures-reader', cameras: 12, steps: async (page) => { await findIn(page, 'segfault'); await page.getByRole('option', { name: /segfault/ }).first().click(); await page.getByRole('region', { name: /^Session of/ }).getByText('the line went away', { exact: true }).last().waitFor() } },
  { name: 'captures-loop', cameras: 12, steps: async (page) => { await findIn(page, 'kernel panic'); await page.getByRole('option', { name: /panic/ }).nth(3).click(); await page.getByRole('region', { name: /^Session of/ }).getByText('120 lines').waitFor() } },
  { name: 'captures-hex', cameras: 12, steps: async (page) => { await findIn(page, 'segfault'); await page.getByRole('option', { name: /segfault/ }).first().click(); await page.getByRole('button', { name: 'Hex' }).click(); await page.getByRole('button', { name: 'Delta' }).click() } },
  { name: 'captures-stopped', cameras: 12, steps: async (page) => { await openCaptures(page); await page.getByRole('button', { name: 'Pattern' }).click(); await page.getByRole('searchbox', { name: 'Pattern to search for' }).fill('slow'); await page.keyboard.press('Enter'); await page.getByText('stopped by its time limit').waitFor() } },
  { name: 'captures-index', cameras: 12, steps: async (page) => { await findIn(page, 'rebuilt'); await page.getByText('still being made').waitFor() } },
  { name: 'captures-pattern', cameras: 12, steps: async (page) => { await openCaptures(page); await page.getByRole('button', { name: 'Pattern' }).click(); await page.getByRole('searchbox', { name: 'Pattern to search for' }).fill('(a'); await page.keyboard.press('Enter'); await page.getByRole('alert').waitFor() } },
  { name: 'captures-sessions', cameras: 12, steps: async (page) => { await openCaptures(page); await page.getByRole('tab', { name: 'Sessions' }).click() } },
  { name: 'captures-replay', cameras: 12, steps: async (page) => { await openCaptures(page); await page.getByRole('tab', { name: 'Sessions' }).click(); await page.getByRole('option', { name: /cam-01/ }).first().click(); await page.getByRole('button', { name: '16×' }).click(); await page.getByRole('button', { name: 'Play from here' }).click(); await page.getByRole('listbox', { name: 'Lines of the session' }).getByText('login:').waitFor() } },
  { name: 'captures-new', cameras: 12, steps: async (page) => { await openCaptures(page); await page.getByRole('tab', { name: 'New lines' }).click(); await page.getByText(/kinds, newest first/).waitFor() } },
  { name: 'captures-boots', cameras: 12, steps: async (page) => { await openCaptures(page); await page.getByRole('tab', { name: 'Boots' }).click(); await page.getByRole('option').first().click(); await page.getByText(', and another one').waitFor() } },
  { name: 'captures-compare', cameras: 12, steps: async (page) => { await openCaptures(page); await page.getByRole('tab', { name: 'Boots' }).click(); await page.getByRole('option').nth(0).click(); await page.getByRole('option').nth(2).click(); await page.getByRole('button', { name: 'Compare both' }).click(); await page.getByRole('region', { name: 'Two boots side by side' }).waitFor() } },
  { name: 'captures-bundle', cameras: 12, steps: async (page) => { await openCaptures(page); await page.getByRole('button', { name: 'Support bundle' }).click(); await page.getByText(/console sessions/).waitFor(); await page.getByRole('button', { name: 'Make the bundle' }).click(); await page.getByText('Written').waitFor() } },
  { name: 'captures-export', cameras: 12, steps: async (page) => { await findIn(page, 'segfault'); await page.getByRole('option', { name: /segfault/ }).first().click(); await page.getByRole('button', { name: 'Export' }).click(); await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click(); await page.getByText('Written').waitFor() } },
  { name: 'jobs', cameras: 12, steps: async (page) => { await page.getByRole('button', { name: 'Jobs' }).click() } },
  { name: 'report', cameras: 12, steps: async (page) => { await page.getByRole('button', { name: 'Jobs' }).click(); await page.getByRole('button', { name: 'Report of job-ok' }).click() } },
  { name: 'settings', cameras: 12, steps: async (page) => { await page.getByRole('button', { name: 'Settings' }).click() } },
  { name: 'audit', cameras: 12, steps: async (page) => {
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText('none changed').scrollIntoViewIfNeeded()
  } },
  { name: 'label-many', cameras: 12, steps: async (page) => { await page.getByRole('button', { name: 'Select all shown' }).click(); await page.getByRole('button', { name: 'Label', exact: true }).click(); await page.getByLabel('Add labels').fill('qa, lens=4mm'); await page.getByRole('button', { name: 'Set aside' }).click() } },
  { name: 'identify', cameras: 12, steps: async (page) => { await page.getByRole('button', { name: 'Settings' }).click(); await page.getByRole('button', { name: 'Whose power is whose' }).click(); await page.getByRole('heading', { name: /Power is cut/ }).waitFor() } },
  ...portScenes(),
  { name: 'identify-done', cameras: 6, steps: async (page) => { await page.getByRole('button', { name: 'Settings' }).click(); await page.getByRole('button', { name: 'Whose power is whose' }).click(); await page.getByRole('button', { name: /^Cut \d+ ports/ }).click(); await page.getByRole('button', { name: 'Store it' }).waitFor() } },
  { name: 'keys', cameras: 12, steps: async (page) => { await card(page, 'cam-01').focus(); await page.keyboard.press('?'); await page.getByRole('dialog', { name: 'Keys' }).waitFor() } },
  { name: 'menu-camera', cameras: 12, steps: async (page) => { await card(page, 'cam-05').focus(); await page.keyboard.press('Shift+F10'); await page.getByRole('menu').waitFor() } },
  { name: 'menu-job', cameras: 12, steps: async (page) => { await page.getByRole('button', { name: 'Jobs' }).click(); await page.getByRole('row', { name: /job-ok/ }).first().click({ button: 'right' }); await page.getByRole('menu').waitFor() } },
  { name: 'ask-power', cameras: 12, steps: async (page) => { await card(page, 'cam-01').click({ button: 'right' }); await page.getByRole('menuitem', { name: /^Power cycle/ }).click(); await page.getByRole('dialog', { name: 'Power cycle: cam-01?' }).waitFor() } },
  { name: 'palette', cameras: 12, steps: async (page) => { await page.keyboard.press('Control+k'); await page.getByRole('combobox').fill('cam') } },
  // What is empty, what went wrong, and what is many.
  { name: 'alarms', cameras: 12, steps: async (page, server) => { await openCard(page, 'cam-05'); await raiseAlarms(page, server) } },
  { name: 'alarms-list', cameras: 12, steps: async (page, server) => { await raiseAlarms(page, server); await page.getByRole('button', { name: /^3 new alarms/ }).click(); await page.getByRole('region', { name: 'Alarms' }).getByText('Power', { exact: true }).waitFor() } },
  { name: 'alarms-none', cameras: 12, steps: async (page) => { await page.getByRole('button', { name: 'no new alarms' }).click(); await page.getByText('Cards go on counting').waitFor() } },
  { name: 'captures-nothing', cameras: 12, steps: async (page) => { await findIn(page, 'nobody ever said this') } },
  ...(['Sessions', 'Boots', 'New lines'] as const).map((tab): Scene => ({ name: `captures-empty-${tab.split(' ')[0]?.toLowerCase() ?? ''}`, cameras: 12, isNew: true, steps: async (page) => { await openCaptures(page); await page.getByRole('tab', { name: tab }).click() } })),
  { name: 'jobs-empty', cameras: 12, isNew: true, steps: async (page) => { await goTo(page, 'Jobs') } },
  { name: 'history-empty', cameras: 12, isNew: true, steps: async (page) => { await showTab(page, 'cam-03', 'History') } },
  { name: 'compare-empty', cameras: 12, steps: async (page) => { await goTo(page, 'Compare') } },
  { name: 'compare-error', cameras: 12, steps: async (page) => {
    await goTo(page, 'Compare')
    await page.getByLabel(/^First/).fill('/home/lab/missing')
    await page.getByLabel(/^Second/).fill('/home/lab/backups/cam-01-after')
    await page.getByRole('button', { name: 'Compare', exact: true }).last().click()
    await page.getByText('There is no file or folder').waitFor()
  } },
  { name: 'plan-error', cameras: 12, steps: async (page) => { await openCard(page, 'cam-04'); await page.getByLabel('What to restore').fill('/home/lab/missing'); await page.getByRole('button', { name: 'Make plan' }).click(); await page.getByText('There is no file or folder').waitFor() } },
  { name: 'install-form', cameras: 12, steps: async (page) => { await showTab(page, 'cam-01', 'Install') } },
  { name: 'consoles-none', cameras: 12, steps: async (page) => { await goTo(page, 'Consoles') } },
  { name: 'consoles-9', cameras: 100, steps: async (page) => { await goTo(page, 'Consoles'); for (let at = 1; at <= 8; at += 1) await page.getByRole('navigation', { name: 'Cameras with a console' }).getByText(`cam-0${String(at)}`, { exact: true }).click() } },
  { name: 'settings-100', cameras: 100, perPod: 1, steps: async (page) => { await goTo(page, 'Settings') } },
  { name: 'restore-selected', cameras: 100, steps: async (page) => { await page.getByRole('button', { name: 'Select all shown' }).click(); await page.getByRole('toolbar').getByRole('button', { name: 'Restore', exact: true }).click() } },
  { name: 'dump-selected', cameras: 100, steps: async (page) => { await page.getByRole('button', { name: 'Select all shown' }).click(); await page.getByRole('toolbar').getByRole('button', { name: 'Dump', exact: true }).click() } },
  { name: 'camera-bundle', cameras: 12, steps: async (page) => { await openCard(page, 'cam-01'); await page.getByRole('complementary').getByRole('button', { name: 'Bundle' }).click(); await page.getByText(/console sessions/).waitFor() } },
  { name: 'rack-export', cameras: 12, steps: async (page) => { await goTo(page, 'Settings'); await page.getByRole('button', { name: 'Export the rack' }).click(); await page.getByRole('dialog').waitFor() } },
  { name: 'add-pod', cameras: 12, steps: async (page) => { await goTo(page, 'Settings'); await page.getByRole('button', { name: 'Add a pod' }).click(); await page.getByRole('dialog').waitFor() } },
  ...allUpdatesScenes(),
  ...allFleetScenes(),
  ...allBatchScenes(),
  { name: 'lost', cameras: 12, steps: async (page, server) => { server?.cut(true); await page.getByText('connection lost, trying again').waitFor() } },
]

/** For the test that runs all of them. */
export const allScenes = (): readonly Scene[] => scenes

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const sizes = [{ width: 1440, height: 900 }, { width: 1024, height: 700 }] as const

/** `rules`: these alone; all otherwise. */
export async function axeFindings(page: Page, source: string, rules?: readonly string[]): Promise<readonly string[]> {
  // Through the debugger, because the page's own policy rightly refuses foreign scripts.
  if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(source)
  return await page.evaluate(async (only) => {
    // Only what is wrong is described node by node; describing what is right takes most of the time.
    const { violations } = await (globalThis as unknown as { axe: { run(options?: object): Promise<{ violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[] }> } }).axe.run({ resultTypes: ['violations'], ...(only === undefined ? {} : { runOnly: { type: 'rule', values: only } }) })
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary.replaceAll('\n', ' ')}`).join(' | ')}`)
  }, rules)
}

async function shoot(browser: Browser, scene: Scene, folder: string, url: string | undefined, axe: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const size of sizes) {
    for (const theme of ['dark', 'light'] as const) {
      const server = url ? undefined : await openFixtureServer(join(import.meta.dirname, '../../out/renderer'), { cameras: scene.cameras, perPod: scene.perPod ?? 4, nowMs: () => Date.now(), quotaNear: scene.quotaNear ?? false, isNew: scene.isNew ?? false })
      const context = await browser.newContext({ viewport: size, colorScheme: theme })
      const page = await context.newPage()
      const name = `${scene.name}-${String(size.width)}-${theme}`
      page.on('console', (message) => { if (message.type() === 'error' && !message.text().includes('WebSocket')) found.push(`${name}: console: ${message.text()}`) })
      page.on('pageerror', (error) => found.push(`${name}: page: ${error.message}`))
      try {
        await page.goto(url ?? server?.url ?? '')
        await page.getByText('connected', { exact: true }).waitFor({ timeout: 10_000 })
        await scene.steps(page, server)
        await page.waitForTimeout(350)
        await page.screenshot({ path: join(folder, `${name}.png`) })
        found.push(...(await cutFindings(page)).map((line) => `${name}: cut: ${line}`), ...(await axeFindings(page, axe)).map((line) => `${name}: axe: ${line}`))
      } catch (error) {
        found.push(`${name}: ${error instanceof Error ? error.message.slice(0, 600) : String(error)}`)
        // A browser that cannot draw is said by the first message already.
        await page.screenshot({ path: join(folder, `${name}-broken.png`) }).catch(() => undefined)
      } finally {
        await context.close()
        await server?.close()
      }
    }
  }
  return found
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'out/screenshots' }, only: { type: 'string' }, url: { type: 'string' }, chromium: { type: 'string', default: '/usr/bin/chromium' } } })
  await mkdir(values.out, { recursive: true })
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  // With its scroll bars, as people have them: two of them side by side would be seen.
  const browser = await chromium.launch({ executablePath: values.chromium, args: flags, ignoreDefaultArgs: ['--hide-scrollbars'] })
  const found: string[] = []
  try {
    for (const scene of scenes) {
      if (values.only && !values.only.split(',').includes(scene.name)) continue
      const lines = await shoot(browser, scene, values.out, values.url, axe)
      // At once: whoever ends a long run keeps what it found.
      for (const line of lines) process.stdout.write(`${line}\n`)
      found.push(...lines)
    }
  } finally {
    await browser.close()
  }
  process.stdout.write(`${String(found.length)} findings\n`)
  process.exitCode = found.length > 0 ? 1 : 0
}

if (import.meta.main) await main()
