import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type LoopbackRack, startLoopbackRack } from '../../../src/main/composition/simulator.ts'
import { bootStandIns } from '../../../src/main/sim/standIns.ts'
import { missingForWindow } from '../openWindow.ts'
import { freeUdpPort } from '../../support/freePort.ts'
import { beginDay, card, type Day, jobTime, panel, soon } from './storySteps.ts'

/** What a person does, one after the other: each is one click or one field. */
interface Hands {
  readonly acts: string[]
  readonly click: (words: string) => Promise<void>
  readonly fill: (label: string | RegExp, text: string) => Promise<void>
  readonly chip: (name: string) => Promise<void>
}

function handsOf({ page }: Day): Hands {
  const acts: string[] = []
  return {
    acts,
    click: async (words) => { acts.push(words); await page.getByRole('button', { name: words, exact: true }).last().click() },
    fill: async (label, text) => { acts.push(String(label)); await page.getByLabel(label).last().fill(text) },
    chip: async (name) => {
      acts.push('Chip')
      await page.getByLabel('Chip', { exact: true }).last().fill(name)
      await page.locator('.n-base-select-option').getByText(name, { exact: true }).click()
    },
  }
}

async function bench(day: Day): Promise<LoopbackRack & { readonly bridge: string; readonly api: string }> {
  const rack = await startLoopbackRack(join(day.folder, 'sim'), () => undefined)
  onTestFinished(async () => rack.close())
  const [, bridge = '', api = ''] = /:(\d+)\?api=(\d+)/.exec(rack.urls[0] ?? '') ?? []
  return { ...rack, bridge, api }
}

/** It plays the serial adapter. */
function missingSocat(): boolean {
  const isMissing = spawnSync('socat', ['-V'], { stdio: 'ignore' }).error !== undefined
  if (isMissing && process.env['CI'] === 'true') throw new Error('CI must run this: socat is not here')
  return isMissing
}

/** A serial adapter of this computer, with the camera's UART at its other end. */
async function serialPort(day: Day, bridge: string): Promise<string> {
  const link = join(day.folder, 'adapter')
  const socat = spawn('socat', ['-b65536', `pty,raw,echo=0,link=${link}`, `tcp:127.0.0.1:${bridge}`], { stdio: 'ignore' })
  const ended = once(socat, 'exit')
  onTestFinished(async () => { socat.kill('SIGKILL'); await ended })
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = await realpath(link).catch(() => '')
    if (port !== '') return port
    await wait(25)
  }
  throw new Error('socat made no serial port')
}

async function proved(day: Day): Promise<void> {
  const verdict = day.page.getByRole('region', { name: 'Verdict' })
  await verdict.getByRole('heading', { name: 'restored and booted' }).waitFor(jobTime)
  const [job] = day.workbench.jobs.list()
  expect(job?.partitions.map(({ readBackCrc32, crc32 }) => readBackCrc32 === crc32)).toEqual([true, true, true, true])
  const shown = (await verdict.innerText()).replaceAll(/\s/g, '')
  for (const { readBackCrc32 } of job?.partitions ?? []) expect(shown).toContain(readBackCrc32)
}

describe.skipIf(missingForWindow() !== undefined)('a camera on a desk, from an empty window to its proof', () => {
  test.skipIf(missingSocat())('on a serial port, with a hand at the plug', async () => {
    const day = await beginDay('light', { tftpPort: await freeUdpPort() })
    const { page, step, picture } = day
    const rack = await bench(day)
    const port = await serialPort(day, rack.bridge)
    const hands = handsOf(day)
    const startedMs = performance.now()
    await step('the camera is added: its port, its chip, and Add camera', async () => {
      await page.getByRole('heading', { name: 'Add a pod' }).waitFor()
      await hands.fill('Address of the pod', port)
      await hands.chip(rack.chip)
      await picture('desk-add')
      await hands.click('Add camera')
      await card(page, 'cam-01').waitFor()
    })
    expect(hands.acts).toHaveLength(3)
    expect(performance.now() - startedMs).toBeLessThan(60_000)
    // A job that begins in the second in which U-Boot can be stopped finds its prompt, and asks for no plug.
    await step('it is plugged in, and seen to boot', async () => {
      await fetch(`http://127.0.0.1:${rack.api}/power/cycle`, { method: 'POST' })
      await expect.poll(() => day.camera('cam-01').life, soon).toBe('booted')
    })
    await step('its backup is chosen; this computer has no other network here than itself', async () => {
      await card(page, 'cam-01').click()
      await hands.fill(/^What to restore/, rack.imagesFolder)
      await page.getByText('More: flash, addresses, boot files, layout').click()
      await hands.fill('Address of this machine', '127.0.0.1')
    })
    await step('the plan says what is done and what a person has to do', async () => {
      await hands.click('Make plan')
      await page.getByRole('region', { name: 'Plan', exact: true }).getByText('mtd3').first().waitFor()
      await picture('desk-plan')
    })
    await step('it is started, and asks for the plug', async () => {
      await hands.click('Restore cam-01')
      await hands.click('Erase and restore')
      await page.getByRole('region', { name: 'Restore under way' }).waitFor()
      await page.getByText('Switch the camera off and on now').first().waitFor(jobTime)
      await picture('desk-plug')
      await fetch(`http://127.0.0.1:${rack.api}/power/cycle`, { method: 'POST' })
    })
    await step('every partition is proved, and the camera has booted', async () => {
      await proved(day)
      await picture('desk-restored')
    })
    expect(hands.acts).toHaveLength(8)
    expect(day.complaints).toEqual([])
  })

  test('in a pod, with the boot files of its chip brought in first', async () => {
    const { uboot, profileJson } = bootStandIns()
    const day = await beginDay('dark', { fetch: async () => new Response(new Uint8Array(uboot)) })
    const { page, step, picture } = day
    const rack = await bench(day)
    await mkdir(join(day.folder, 'profiles'))
    await writeFile(join(day.folder, 'profiles', `${rack.chip}.json`), profileJson)
    expect((await readFile(rack.ubootPath)).length).toBe(uboot.length)
    const hands = handsOf(day)
    await step('the pod is added: its address, its chip, and Add pod', async () => {
      await hands.fill('Address of the pod', rack.urls[0] ?? '')
      await hands.chip(rack.chip)
      await hands.click('Add pod')
      await card(page, 'cam-01').waitFor()
    })
    expect(hands.acts).toHaveLength(3)
    await step('its tab says what is missing, and leads to it', async () => {
      await card(page, 'cam-01').click()
      await page.getByRole('tab', { name: 'U-Boot' }).click()
      await page.getByRole('note', { name: 'Why not' }).getByText('needs a profile and a U-Boot image').waitFor()
      await hands.click('Boot files')
    })
    await step('the DDR steps are imported and the U-Boot is fetched', async () => {
      await hands.fill('Where the profiles are', join(day.folder, 'profiles'))
      await hands.click('Import profiles')
      await page.getByText('The profile of 1 chip is here now').waitFor()
      await hands.click('Fetch U-Boot')
      await page.getByRole('button', { name: `Fetch again: U-Boot of ${rack.chip}` }).waitFor()
      await page.getByText(`Ready: ${rack.chip}`).waitFor()
      await picture('desk-boot-files')
    })
    await step('the backup is chosen, planned and restored', async () => {
      await page.keyboard.press('Alt+1')
      await card(page, 'cam-01').click()
      await panel(page, 'cam-01').getByRole('tab', { name: 'Restore' }).click()
      await hands.fill(/^What to restore/, rack.imagesFolder)
      await hands.click('Make plan')
      await page.getByRole('region', { name: 'Plan', exact: true }).getByText('mtd3').first().waitFor()
      await hands.click('Restore cam-01')
      await hands.click('Erase and restore')
      await proved(day)
      await picture('desk-pod-restored')
    })
    expect(hands.acts).toHaveLength(11)
    expect(day.complaints).toEqual([])
  })
})
