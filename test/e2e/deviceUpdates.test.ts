import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { demoApplianceId, demoBoardId } from '../../src/main/composition/demoDevices.ts'
import { demoGatewayId } from '../../src/main/composition/demoGateway.ts'
import { installedSshd } from '../../src/main/sim/appliance/applianceSshd.ts'
import { applianceServices, serviceProgram } from '../../src/main/sim/appliance/applianceTree.ts'
import { missingForWindow, openDemo, openWindow } from './openWindow.ts'

/** An installation is watched for five seconds; a machine that does more besides takes its time. */
const workMs = 90_000

/** Chosen, looked at, started. */
async function update(page: Page, device: string, version: string): Promise<void> {
  await page.getByRole('button', { name: `Update ${device}` }).click()
  const dialog = page.getByRole('dialog', { name: `Update ${device}` })
  await dialog.getByLabel('Release').waitFor()
  expect(await dialog.getByRole('button', { name: 'Update', exact: true }).isDisabled()).toBe(true)
  await dialog.getByLabel('Release').selectOption(version)
  await dialog.getByText('the version that it reports at the end').waitFor()
  await dialog.getByRole('button', { name: `Update to ${version}` }).click()
  await dialog.waitFor({ state: 'detached' })
}

/** In CI it has to be there: a proof that is skipped is none. */
function missingSshd(): boolean {
  if (installedSshd() !== undefined) return false
  if (process.env['CI'] === 'true') throw new Error('CI must run this: no sshd (package openssh-server)')
  process.stderr.write('skipped: no sshd on this machine\n')
  return true
}

describe.skipIf(missingForWindow() !== undefined)('devices that are updated from here', () => {
  test('an appliance and a MicroPython board are updated and rolled back from the window', { timeout: 300_000 }, async () => {
    const open = await openWindow({ fetch: globalThis.fetch })
    const { page, workbench: { deviceUpdates: desk } } = open
    await openDemo(page)
    await page.keyboard.press('Alt+7')
    const job = (device: string) => page.getByRole('region', { name: `Last transaction of ${device}` })
    const reading = async (id: typeof demoBoardId) => (await desk.read(id, new AbortController().signal)).reading

    await page.getByRole('tab', { name: 'Appliances' }).click()
    const appliances = page.getByRole('region', { name: 'Appliances', exact: true })
    await appliances.getByText('1.1.0').first().waitFor()
    await update(page, 'sim-appliance', '1.2.0')
    // Looked at for five seconds before it counts; what came before may be over between two polls.
    await job('sim-appliance').getByRole('list', { name: 'Journal' }).getByText('Starting the services').waitFor({ timeout: workMs })
    expect(await page.getByRole('button', { name: 'Roll back sim-appliance' }).isDisabled()).toBe(true)
    // A window that is closed stops nothing, and the next one shows all of it.
    await page.reload()
    // A key that comes before the window stands is heard by nobody.
    await page.getByRole('navigation', { name: 'Views' }).waitFor()
    await page.keyboard.press('Alt+7')
    await page.getByRole('tab', { name: 'Appliances' }).click()
    await job('sim-appliance').getByText('It reported 1.2.0 at the end').waitFor({ timeout: workMs })
    await appliances.getByText('updated and read back').waitFor()
    expect(await reading(demoApplianceId)).toMatchObject({ version: '1.2.0', previous: '1.1.0' })

    // One of whose services dies: the appliance goes back by itself, and nobody calls that a success.
    await update(page, 'sim-appliance', '1.3.0')
    await job('sim-appliance').getByText(/ROLLBACK_LEVEL_1_SUCCESS: 1\.2\.0/).first().waitFor({ timeout: workMs })
    await job('sim-appliance').getByText('It reported 1.2.0 at the end').waitFor()
    await appliances.getByText('failed (state known)').waitFor()

    await page.getByRole('button', { name: 'Roll back sim-appliance' }).click()
    const back = page.getByRole('dialog', { name: 'Roll sim-appliance back' })
    const { previous } = await reading(demoApplianceId) ?? {}
    await back.getByRole('button', { name: `Go back to ${String(previous)}` }).click()
    await job('sim-appliance').getByText(`It reported ${String(previous)} at the end`).waitFor({ timeout: workMs })
    expect(await reading(demoApplianceId)).toMatchObject({ version: previous })

    await page.getByRole('tab', { name: 'Boards', exact: true }).click()
    await page.getByRole('region', { name: 'Boards', exact: true }).getByText('v1.0.0').first().waitFor()
    await update(page, 'sim-board', 'v1.1.0')
    await job('sim-board').getByText('It reported v1.1.0 at the end').waitFor({ timeout: workMs })
    await job('sim-board').getByText('The new version counts from here on').waitFor()
    await page.getByRole('button', { name: 'Roll back sim-board' }).click()
    const dialog = page.getByRole('dialog', { name: 'Roll sim-board back' })
    await dialog.getByText('lib/colour.py').waitFor()
    await dialog.getByRole('button', { name: 'Go back to v1.0.0' }).click()
    await job('sim-board').getByText('It reported v1.0.0 at the end').waitFor({ timeout: workMs })
    expect(await reading(demoBoardId)).toMatchObject({ version: 'v1.0.0', previous: 'v1.1.0' })
    expect(open.workbench.jobs.list().filter(({ workflow }) => workflow === 'update').map(({ verdict }) => verdict)).toEqual(['updated and read back', 'updated and read back', 'updated and read back', 'failed (state known)', 'updated and read back'])
    expect(open.complaints).toEqual([])
  })
  test('a package that is built in the window, whole or only what changed, is what the appliance then runs', { timeout: 300_000 }, async () => {
    const open = await openWindow({ fetch: globalThis.fetch })
    const { page, folder, workbench: { deviceUpdates: desk } } = open
    await openDemo(page)
    await page.keyboard.press('Alt+7')
    await page.getByRole('tab', { name: 'Appliances' }).click()
    await page.getByRole('region', { name: 'Appliances', exact: true }).getByText('1.1.0').first().waitFor()
    const stable = join((await desk.list()).find(({ id }) => id === demoApplianceId)?.releases ?? '', 'stable')
    const source = join(folder, 'gate')
    const write = async (version: string): Promise<void> => {
      for (const name of applianceServices) {
        await mkdir(join(source, 'services', name), { recursive: true })
        await writeFile(join(source, 'services', name, name), serviceProgram(name, name === 'device-api' ? version : '1.4.0'), { mode: 0o755 })
      }
      await writeFile(join(source, 'large.bin'), Buffer.alloc(100_000, 'a line of it\n'))
      await writeFile(join(source, 'notes.md'), 'not for appliances\n')
    }
    const dialog = page.getByRole('dialog', { name: 'Build a package' })
    const whole = async (version: string, out: string): Promise<void> => {
      await write(version)
      await page.getByRole('button', { name: 'Build a package' }).click()
      await dialog.getByLabel(/^Folder, on the machine/).fill(source)
      await dialog.getByLabel('Version', { exact: true }).fill(version)
      await dialog.getByLabel('Leave out').fill('*.md')
      await dialog.getByLabel(/^Services and their files/).fill('device-api.service')
      await dialog.getByText('“device-api.service” is not UNIT=PATH').waitFor()
      await dialog.getByLabel(/^Services and their files/).fill(applianceServices.map((name) => `${name}.service=services/${name}/${name}`).join('\n'))
      await dialog.getByLabel('Into this new file').fill(out)
      await dialog.getByRole('button', { name: 'Build the package' }).click()
      await dialog.getByText(new RegExp(`^${version} is built: 3 files, .* services device-api\\.service, motion-control\\.service$`)).waitFor()
    }
    const updated = async (version: string): Promise<void> => {
      await update(page, 'sim-appliance', version)
      await page.getByRole('region', { name: 'Last transaction of sim-appliance' }).getByText(`It reported ${version} at the end`).waitFor({ timeout: workMs })
      expect((await desk.read(demoApplianceId, new AbortController().signal)).reading).toMatchObject({ version })
    }

    await whole('1.4.0', join(stable, 'gate-1.4.0.zip'))
    // Nothing is overwritten, and what was said of the first is not said of the second.
    await dialog.getByLabel('Version', { exact: true }).fill('1.4.1')
    await dialog.getByRole('button', { name: 'Build the package' }).click()
    await dialog.getByText('is there already').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await updated('1.4.0')

    const second = join(folder, 'gate-1.5.0.zip')
    await whole('1.5.0', second)
    await dialog.getByLabel('What it brings').selectOption('packages')
    await dialog.getByLabel('The older whole package').fill(join(stable, 'gate-1.4.0.zip'))
    await dialog.getByLabel('The newer whole package').fill(second)
    await dialog.getByLabel('Into this new file').fill(join(stable, 'gate-1.4.0-1.5.0.zip'))
    await dialog.getByRole('button', { name: 'Build the package' }).click()
    await dialog.getByText(/^1\.4\.0 to 1\.5\.0: .* % saved; 1 file brought, 2 kept, 0 deleted$/).waitFor()
    await dialog.getByRole('button', { name: 'Done' }).click()
    await updated('1.5.0')
    expect(open.complaints).toEqual([])
  })
  test.skipIf(missingSshd())("an appliance behind Debian's OpenSSH is updated, taken back and rolled back from the window", { timeout: 300_000 }, async () => {
    const open = await openWindow({ fetch: globalThis.fetch })
    const { page, workbench: { deviceUpdates: desk, jobs, audit } } = open
    await openDemo(page)
    await page.keyboard.press('Alt+7')
    await page.getByRole('tab', { name: 'Appliances' }).click()
    const row = page.getByRole('region', { name: 'Appliances', exact: true }).getByRole('row', { name: /sim-gateway/ })
    const job = page.getByRole('region', { name: 'Last transaction of sim-gateway' })
    const reading = async () => (await desk.read(demoGatewayId, new AbortController().signal)).reading

    // Nothing is sent to it before a person took its host key.
    await row.getByText('key not accepted').waitFor()
    await row.getByRole('button', { name: 'sim-gateway', exact: true }).click()
    await job.getByText(/SHA256:/).first().waitFor()
    await job.getByRole('button', { name: 'Accept this host key' }).click()
    await row.getByText('1.1.0', { exact: true }).waitFor({ timeout: workMs })
    expect(audit.list({ limit: 20 }).map(({ what }) => what)).toContain('accept host key')

    await update(page, 'sim-gateway', '1.2.0')
    await job.getByText('It reported 1.2.0 at the end').waitFor({ timeout: workMs })
    expect(await reading()).toMatchObject({ version: '1.2.0', previous: '1.1.0' })

    // Its service dies, and the appliance is taken back from here.
    await update(page, 'sim-gateway', '1.3.0')
    await job.getByText(/ROLLBACK_LEVEL_1_SUCCESS: 1\.2\.0/).first().waitFor({ timeout: workMs })
    await job.getByText('It reported 1.2.0 at the end').waitFor({ timeout: workMs })

    const { previous } = await reading() ?? {}
    await page.getByRole('button', { name: 'Roll back sim-gateway' }).click()
    await page.getByRole('dialog', { name: 'Roll sim-gateway back' }).getByRole('button', { name: `Go back to ${String(previous)}` }).click()
    await job.getByText(`It reported ${String(previous)} at the end`).waitFor({ timeout: workMs })
    expect(await reading()).toMatchObject({ version: previous })
    expect(jobs.list().filter(({ workflow }) => workflow === 'update').map(({ verdict }) => verdict)).toEqual(['updated and read back', 'failed (state known)', 'updated and read back'])
    expect(open.complaints).toEqual([])
  })
})
