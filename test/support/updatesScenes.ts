import type { Page } from 'playwright-core'
import type { FixtureServer } from './fixtureServer.ts'

interface UpdatesScene {
  readonly name: string
  readonly cameras: number
  readonly isNew?: boolean
  readonly steps: (page: Page, server: FixtureServer | undefined) => Promise<void>
}

const openUpdates = async (page: Page): Promise<void> => { await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Updates', exact: true }).click() }

async function openReleases(page: Page): Promise<void> {
  await openUpdates(page)
  await page.getByRole('tab', { name: 'Releases of boards' }).click()
  await page.getByRole('heading', { name: 'Releases of MicroPython boards' }).waitFor()
}
const openDevices = async (page: Page, tab: 'Appliances' | 'Boards'): Promise<void> => { await openUpdates(page); await page.getByRole('tab', { name: tab, exact: true }).click() }
async function planned(page: Page): Promise<void> {
  await openDevices(page, 'Appliances')
  await page.getByRole('button', { name: 'Update gate-north' }).click()
  await page.getByLabel('Release').selectOption('1.2.0')
  await page.getByText('stopped and started').waitFor()
}

/** Firmware for nodes: what is published, who runs it, and each dialog. */
const scenes: readonly UpdatesScene[] = [
  { name: 'updates', cameras: 12, steps: async (page) => { await openUpdates(page); await page.getByText('node-20').or(page.getByText('node-19')).first().waitFor() } },
  { name: 'updates-fell-back', cameras: 12, steps: async (page) => { await openUpdates(page); await page.getByRole('button', { name: /fell back$/ }).click() } },
  { name: 'updates-empty', cameras: 12, isNew: true, steps: async (page) => { await openUpdates(page); await page.getByRole('heading', { name: 'No firmware yet' }).waitFor() } },
  { name: 'updates-no-release', cameras: 12, steps: async (page) => { await openUpdates(page); await page.getByRole('button', { name: /^demo-node beta/ }).click(); await page.getByText('No rollout').waitFor() } },
  { name: 'updates-door-failed', cameras: 12, steps: async (page, server) => {
    await openUpdates(page)
    server?.workbench.registry.change((view) => ({ ...view, door: { ...view.door, state: 'failed', problem: 'Port 8080 of 127.0.0.1 is in use' } }))
    await page.getByText('The door stays closed').waitFor()
  } },
  { name: 'updates-publish', cameras: 12, steps: async (page, server) => {
    if (server) server.workbench.registry.warnings = [{ kind: 'suffix-only', nodes: 9, words: '9 nodes will never take 1.2.0-watchdog: they run 1.2.0, and nodes look at the three numbers alone. Raise one of them' }, { kind: 'too-large-to-push', words: '301204 bytes can be fetched by a node and not pushed to it: that takes 262144 at most' }]
    await openUpdates(page)
    await page.getByRole('button', { name: 'Publish', exact: true }).click()
    await page.getByText('Publish it all the same').waitFor()
  } },
  { name: 'updates-withdraw', cameras: 12, steps: async (page) => { await openUpdates(page); await page.getByRole('button', { name: 'Withdraw', exact: true }).click(); await page.getByLabel(/^To withdraw it/).fill('1.1') } },
  { name: 'updates-add', cameras: 12, steps: async (page) => { await openUpdates(page); await page.getByRole('button', { name: 'Add an image' }).click(); await page.getByRole('dialog').waitFor() } },
  { name: 'updates-door', cameras: 12, steps: async (page) => { await openUpdates(page); await page.getByRole('button', { name: 'Address and token' }).click(); await page.getByRole('dialog').waitFor() } },
  { name: 'updates-releases', cameras: 12, steps: openReleases },
  { name: 'updates-releases-empty', cameras: 12, isNew: true, steps: openReleases },
  { name: 'updates-release-build', cameras: 12, steps: async (page) => {
    await openReleases(page)
    await page.getByRole('button', { name: 'Build a release' }).click()
    await page.getByLabel(/^Folder, on the machine/).fill('/home/lab/board')
    await page.getByLabel('But not these').fill('tests/**')
    await page.getByLabel('Version', { exact: true }).fill('v1.3.0')
    await page.getByText('3 files, 2 passed over').waitFor()
  } },
  { name: 'updates-release-delta', cameras: 12, steps: async (page) => { await openReleases(page); await page.getByRole('button', { name: 'Delta for v1.2.0' }).click(); await page.getByRole('button', { name: 'Make the delta' }).click(); await page.getByText('90 % saved').waitFor() } },
  { name: 'updates-release-withdraw', cameras: 12, steps: async (page) => { await openReleases(page); await page.getByRole('button', { name: 'Withdraw v1.1.0' }).click(); await page.getByLabel(/^To withdraw it/).fill('v1.1') } },
  { name: 'updates-appliances', cameras: 12, steps: async (page) => { await openDevices(page, 'Appliances'); await page.getByText('gate-north').first().waitFor() } },
  { name: 'updates-appliance-ssh', cameras: 12, steps: async (page, server) => {
    await openDevices(page, 'Appliances')
    server?.workbench.deviceUpdates.change('device-mast', ({ problem: _problem, ...device }) => ({
      ...device, name: 'mast-west', address: 'ssh://root@192.168.1.22', keyFile: '/home/lab/.ssh/id_ed25519',
      problem: { code: 'device/wrong-identity', message: 'The host key of 192.168.1.22:22 is not known yet; its fingerprint is SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDVzsJ5DmGyV7CqJ1s', context: { hostKeySha256: 'SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDVzsJ5DmGyV7CqJ1s' }, hint: 'Compare it with the one that the appliance shows, and accept it if they are the same' },
    }))
    server?.workbench.deviceUpdates.change('device-gate', (device) => ({ ...device, address: 'ssh://root@192.168.1.20', keyFile: '/home/lab/.ssh/id_ed25519' }))
    await page.getByRole('button', { name: 'mast-west', exact: true }).click()
    await page.getByText('is not known yet').first().waitFor()
  } },
  { name: 'updates-boards', cameras: 12, steps: async (page) => { await openDevices(page, 'Boards'); await page.getByText('An earlier update had been interrupted').first().waitFor() } },
  { name: 'updates-appliances-empty', cameras: 12, isNew: true, steps: async (page) => { await openDevices(page, 'Appliances'); await page.getByRole('heading', { name: 'No appliance yet' }).waitFor() } },
  { name: 'updates-package-build', cameras: 12, steps: async (page) => {
    await openDevices(page, 'Appliances')
    await page.getByRole('button', { name: 'Build a package' }).click()
    await page.getByLabel(/^Folder, on the machine/).fill('/home/lab/gate')
    await page.getByLabel('Version', { exact: true }).fill('1.2.0')
    await page.getByLabel(/^Services and their files/).fill('device-api.service=services/device-api/device-api\nmotion-control.service=services/motion-control/motion-control')
    await page.getByLabel('Into this new file').fill('/srv/packages/stable/gate-1.2.0.zip')
    await page.getByRole('button', { name: 'Build the package' }).click()
    await page.getByText('1.2.0 is built').waitFor()
  } },
  { name: 'updates-package-changes', cameras: 12, steps: async (page) => {
    await openDevices(page, 'Appliances')
    await page.getByRole('button', { name: 'Build a package' }).click()
    await page.getByLabel('What it brings').selectOption('packages')
    await page.getByLabel('The older whole package').fill('/srv/packages/stable/gate-1.2.0.zip')
    await page.getByLabel('The newer whole package').fill('/srv/packages/stable/gate-1.3.0.zip')
    await page.getByLabel('Into this new file').fill('/srv/packages/stable/gate-1.2.0-1.3.0.zip')
    await page.getByRole('button', { name: 'Build the package' }).click()
    await page.getByText('90 % saved').waitFor()
  } },
  { name: 'updates-device-add', cameras: 12, isNew: true, steps: async (page) => { await openDevices(page, 'Appliances'); await page.getByRole('button', { name: 'Add an appliance' }).click(); await page.getByRole('dialog').waitFor() } },
  { name: 'updates-device-plan', cameras: 12, steps: async (page) => { await planned(page) } },
  { name: 'updates-device-running', cameras: 12, steps: async (page) => { await planned(page); await page.getByRole('button', { name: 'Update to 1.2.0' }).click(); await page.getByText('device-api is in place').waitFor() } },
  { name: 'updates-device-failed', cameras: 12, steps: async (page, server) => {
    await planned(page)
    await page.getByRole('button', { name: 'Update to 1.2.0' }).click()
    await page.getByText('device-api is in place').waitFor()
    server?.workbench.deviceUpdates.finish('device-gate', 'bad')
    await page.getByText('It reported 1.1.0 at the end').waitFor()
  } },
]

export const allUpdatesScenes = (): readonly UpdatesScene[] => scenes
