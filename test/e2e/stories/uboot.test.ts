import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeEnvironmentBlock } from '../../../src/main/protocols/uboot/environmentBlock.ts'
import { crc32 } from '../../../src/shared/bytes/crc32.ts'
import { describeWithPeer } from '../../peers/peerGate.ts'
import { hasQemu, type QemuCamera, startQemuCamera } from '../../peers/qemuCamera.ts'
import { bootableImage } from '../../peers/restoreBench.ts'
import { findUbootImages } from '../../peers/uboot/ubootImages.ts'
import { type RelayStandIn, servePduDaemon } from '../../support/powerStandIns.ts'
import { missingForWindow } from '../openWindow.ts'
import { beginDay, card, type Day, filterRack, goTo, lifeOf, openRackThatBoots, openTab, pageComplaints, panel, sendAlarmsAway, soon } from './storySteps.ts'

const uboot = findUbootImages()?.good ?? ''
const missing = [...(hasQemu() ? [] : ['qemu-system-arm']), ...(uboot === '' ? ['the built U-Boot (test/peers/uboot/build.sh)'] : [])]
/** Long enough for a browser on a busy machine to press a key in. */
const countdownS = 6
/** There is no Linux behind it: what one would say, U-Boot says when its countdown is over. */
const bootCommand = 'echo Starting kernel ...; sleep 1; echo Linux version 6.1.0 of a bench; sleep 1; echo "bench login: "'

interface Bench { readonly board: QemuCamera; readonly outlets: RelayStandIn; switched(): Promise<unknown> }

/** A real U-Boot on its board, and the outlet that it hangs on. */
async function openBench(): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'rackbench-story-'))
  onTestFinished(async () => rm(dir, { recursive: true }))
  const flash = await bootableImage(uboot, 7)
  flash.set(encodeEnvironmentBlock(new Map([['bootcmd', bootCommand], ['bootdelay', String(countdownS)], ['ethaddr', '00:12:31:aa:bb:cc']]), 0x10000), 0x40000)
  await writeFile(join(dir, 'flash.bin'), flash)
  const board = await startQemuCamera({ uboot, flashFile: join(dir, 'flash.bin'), dir, signal: new AbortController().signal })
  onTestFinished(async () => board.stop())
  const outlets = await servePduDaemon()
  onTestFinished(async () => outlets.close())
  let switching: Promise<unknown> = Promise.resolve()
  outlets.override = ({ url = '' }) => {
    const [, to] = /^\/power\/control\/(on|off)\?/.exec(url) ?? []
    if (to === 'on' || to === 'off') switching = switching.then(async () => board.switchPower(to))
    return false
  }
  return { board, outlets, switched: async () => switching }
}

const consoleOf = (page: Page) => page.getByRole('region', { name: 'Console of bench-01' })
const screen = async (page: Page): Promise<string> => (await consoleOf(page).locator('.xterm-rows').innerText()).replaceAll('\u00a0', ' ')
const says = async (page: Page, words: string | RegExp): Promise<void> => {
  await (typeof words === 'string' ? expect.poll(async () => screen(page), soon).toContain(words) : expect.poll(async () => screen(page), soon).toMatch(words))
}

async function addBoard({ page }: Day, { board, outlets }: Bench): Promise<void> {
  await goTo(page, 'Settings')
  await page.getByRole('button', { name: 'Add a pod', exact: true }).click()
  const form = page.getByRole('form', { name: 'Add a pod' })
  await form.getByLabel('Address of the pod, or of the camera\'s line').fill(`tcp://127.0.0.1:${String(board.consolePort)}`)
  await form.getByLabel('Name of its camera').fill('bench-01')
  await form.getByLabel('Chip', { exact: true }).fill('hi3516ev300')
  await page.keyboard.press('Enter')
  await form.getByLabel('Who switches its power').fill('PDUDaemon')
  await page.keyboard.press('Enter')
  await form.getByLabel('Address', { exact: true }).fill('127.0.0.1')
  await form.getByLabel('PDU', { exact: true }).fill('pdu01')
  await form.getByLabel('Outlet', { exact: true }).fill('4')
  await form.getByLabel('Port', { exact: true }).fill(String(outlets.port))
  await form.getByRole('button', { name: 'Add camera' }).click()
  await form.waitFor({ state: 'detached' })
}

async function cyclePower({ page }: Day): Promise<void> {
  await panel(page, 'bench-01').getByRole('tab', { name: 'Power', exact: true }).click()
  await page.getByRole('button', { name: 'Power cycle', exact: true }).click()
  await panel(page, 'bench-01').getByRole('tab', { name: 'Console', exact: true }).click()
}

describe.skipIf(missingForWindow() !== undefined)('in the window', () => {
  describeWithPeer('a real U-Boot among the cameras of a rack', missing, () => {
    test('its console is live, it is stopped at its prompt, typed into, power-cycled, and its boot has times', async () => {
      const bench = await openBench()
      const day = await beginDay('dark')
      const { page, step, picture, camera, workbench } = day
      await step('opens a rack of simulated cameras', async () => openRackThatBoots(day))
      await step('sends the alarms of the one that loops away', async () => sendAlarmsAway(page))
      await step('adds the board on the bench, with its outlet', async () => {
        await addBoard(day, bench)
        expect(camera('bench-01')).toMatchObject({ powerAbility: 'on-off' })
      })

      await step('cycles its power, and sees it start', async () => {
        await goTo(page, 'Rack')
        await filterRack(page, 'bench-01')
        await openTab(page, 'bench-01', 'Console')
        await expect.poll(() => camera('bench-01').console, soon).toBe('open')
        await cyclePower(day)
        await says(page, /U-Boot 20\d\d\.\d\d/)
      })

      await step('stops it at its prompt', async () => {
        await says(page, 'Hit any key to stop autoboot')
        await consoleOf(page).locator('.xterm-helper-textarea').focus()
        await page.keyboard.press('Space')
        await says(page, /OpenIPC # *$/m)
        await lifeOf(day, 'bench-01', 'u-boot')
        await picture('uboot-prompt')
      })

      await step('types a command, and the answer is that of this flash', async () => {
        const bytes = await readFile(uboot)
        await page.keyboard.type(`crc32 20000000 ${bytes.length.toString(16)}\n`)
        await says(page, `==> ${crc32(bytes).toString(16).padStart(8, '0')}`)
        await consoleOf(page).getByText(/^You type here since/).waitFor()
      })

      await step('cycles its power again and lets it boot, while the others go on', async () => {
        const heard = camera('cam-01').bytesReceived
        const cuts = bench.outlets.cuts()
        await cyclePower(day)
        await lifeOf(day, 'bench-01', 'booted')
        await bench.switched()
        expect(bench.outlets.cuts()).toBe(cuts + 1)
        expect(camera('bench-01').power).toBe('on')
        expect(camera('cam-01')).toMatchObject({ life: 'booted', console: 'open' })
        expect(camera('cam-01').bytesReceived).toBeGreaterThanOrEqual(heard)
        await card(page, 'bench-01').getByText('booted', { exact: true }).waitFor()
      })

      await step('reads how long each part of the boot took', async () => {
        await workbench.captures.caughtUp(AbortSignal.timeout(soon.timeout))
        await goTo(page, 'Captures')
        await page.getByRole('tab', { name: 'Boots', exact: true }).click()
        await page.getByRole('textbox', { name: 'Boots of this camera' }).fill('bench-01')
        await page.keyboard.press('Enter')
        const boots = page.getByRole('region', { name: 'Boots' })
        await boots.getByText(/1 of \d boots? came to the login prompt/).waitFor()
        await picture('uboot-boots')
        const row = await boots.getByRole('option', { name: /login|kernel/i }).first().innerText()
        const took = (phase: string): number => Number(new RegExp(`${phase} (\\d+\\.\\d\\d) s`).exec(row)?.[1])
        // The countdown of the board itself, and the two pauses behind it.
        expect(took('U-Boot')).toBeGreaterThan(countdownS - 0.5)
        expect(took('kernel')).toBeGreaterThan(1.5)
      })
      expect(pageComplaints(day)).toEqual([])
    }, 240_000)
  })
})
