import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startLoopbackRack } from '../../src/main/composition/simulator.ts'
import { freeUdpPort } from '../support/freePort.ts'
import { missingForWindow, openWindow } from './openWindow.ts'

const jobTime = { timeout: 60_000 } as const
const [firstMac, secondMac] = ['02:52:42:00:00:01', '02:52:42:00:00:02'] as const

describe.skipIf(missingForWindow() !== undefined)('a camera that was swapped, in a browser on the real host', () => {
  test('nothing is erased before somebody accepts it: the job says so, the next plan refuses, a tick in the plan accepts', async () => {
    const { page, workbench, folder, complaints } = await openWindow({ tftpPort: await freeUdpPort() })
    const rack = await startLoopbackRack(join(folder, 'sim'), () => undefined, { pods: 2 })
    onTestFinished(async () => rack.close())
    // Only U-Boot: an image of everything would bring the address of the first camera to the second.
    const inputPath = join(folder, 'boot-only')
    await mkdir(inputPath)
    await copyFile(join(rack.imagesFolder, 'mtd0'), join(inputPath, 'mtd0'))
    const pod = (url: string) => ({ url, name: '', cameraName: 'front', chip: rack.chip })
    const spec = workbench.setup.addForNow(pod(rack.urls[0] ?? ''))

    const front = page.getByRole('option', { name: /front/ })
    const plan = page.getByRole('region', { name: 'Plan', exact: true })
    const verdict = page.getByRole('region', { name: 'Verdict' })
    const start = page.getByRole('button', { name: 'Restore front', exact: true })
    const ended = async (count: number) => {
      await expect.poll(() => workbench.jobs.list().filter(({ verdict: words }) => words !== undefined).length, jobTime).toBe(count)
      return workbench.jobs.list()[0]
    }
    const makePlan = async (): Promise<void> => {
      await front.click()
      await page.getByLabel(/^What to restore/).fill(inputPath)
      await page.getByText('More: flash, addresses, boot files, layout').click()
      await page.getByLabel('Boot profile').fill(rack.profilePath)
      await page.getByLabel('U-Boot image').fill(rack.ubootPath)
      await page.getByText('Write also what is equal').click()
      await page.getByRole('button', { name: 'Make plan' }).click()
      await plan.getByText('mtd0').first().waitFor()
    }
    const begin = async (): Promise<void> => {
      await start.click()
      await page.getByRole('button', { name: 'Erase and restore' }).click()
    }
    await makePlan()
    await begin()
    await verdict.getByRole('heading', { name: 'restored and booted' }).waitFor(jobTime)
    expect(await ended(1)).toMatchObject({ identity: { facts: { mac: firstMac } } })

    await workbench.rack.remove(spec.id)
    await front.waitFor({ state: 'detached' })
    workbench.setup.addForNow(pod(rack.urls[1] ?? ''), undefined, undefined, spec)
    await front.click()
    await verdict.getByRole('button', { name: 'New plan' }).click()
    await page.getByRole('button', { name: 'Make plan' }).click()
    await begin()
    // Nobody had looked yet, and so the job stops before its first erase.
    await verdict.getByText(`is ${secondMac}, and was ${firstMac} when "Restore front" read it`).first().waitFor(jobTime)
    expect(await ended(2)).toMatchObject({ verdict: 'failed (state known)', partitions: [{ state: 'pending', writes: 0 }] })
    await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByRole('region', { name: 'Identity' }).getByText(`its MAC address was ${secondMac}, and not ${firstMac} as before`).waitFor()

    await page.getByRole('tab', { name: 'Restore' }).click()
    await verdict.getByRole('button', { name: 'New plan' }).click()
    await page.getByRole('button', { name: 'Make plan' }).click()
    await plan.getByText(`is ${secondMac}, and was ${firstMac}`).first().waitFor()
    expect(await start.count()).toBe(0)
    const tick = plan.getByLabel('The camera was swapped: accept the one that is there now')
    expect(await tick.isChecked()).toBe(false)
    await tick.click()
    await plan.getByText('It is accepted').first().waitFor()
    await begin()
    await verdict.getByRole('heading', { name: 'restored and booted' }).waitFor(jobTime)
    expect(await ended(3)).toMatchObject({ identity: { state: 'accepted', facts: { mac: secondMac } } })
    expect(workbench.audit.list({ limit: 50 }).filter(({ what }) => what === 'accept identity')).toMatchObject([{ subject: 'front', details: { known: `mac ${firstMac}`, found: `mac ${secondMac}` } }])
    // Said once, and of this camera only.
    await verdict.getByRole('button', { name: 'New plan' }).click()
    await page.getByRole('button', { name: 'Make plan' }).click()
    await start.waitFor()
    expect(await tick.count()).toBe(0)
    expect(complaints.filter((line) => !line.startsWith('log:'))).toEqual([])
  })
})
