import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import type { CameraLife, CameraView } from '../../../src/shared/rack/rackView.schema.ts'
import { openDemo, openWindow, type OpenWindow, type OpenWindowOptions, takePicture } from '../openWindow.ts'

/** A build machine with other work; nothing waits this long on a quiet one. */
export const soon = { timeout: 30_000 } as const
export const jobTime = { timeout: 90_000 } as const

export interface Day extends OpenWindow {
  /** One thing that a person does, named as they would: the name stands on top of what goes wrong in it. */
  step(words: string, work: () => Promise<unknown>): Promise<void>
  /** A picture for the documentation, only where somebody asks for one: `RACKBENCH_PICTURES=DIR`. */
  picture(name: string, page?: Page): Promise<void>
  /** What the workbench itself knows of a camera; the proof of what the window says. */
  camera(name: string): CameraView
}

/** The whole product with nothing set up, at the start of somebody's day. */
export async function beginDay(colour: 'light' | 'dark', options: OpenWindowOptions = {}): Promise<Day> {
  const open = await openWindow({ ...options, colour })
  open.page.setDefaultTimeout(soon.timeout)
  // What Node says of itself is a leak mostly. That it calls its own database an experiment is none of ours.
  const onWarning = (warning: Error): void => { if (warning.name !== 'ExperimentalWarning') open.complaints.push(`process: ${warning.stack ?? warning.message}`) }
  process.on('warning', onWarning)
  onTestFinished(() => { process.off('warning', onWarning) })
  return {
    ...open,
    step: async (words, work) => {
      try {
        await work()
      } catch (error) {
        throw new Error(`in the step "${words}": ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      }
    },
    picture: async (name, page = open.page) => takePicture(page, name),
    camera: (name) => {
      const found = open.workbench.rack.view().pods.flatMap(({ cameras }) => cameras).find((each) => each.name === name)
      if (!found) throw new Error(`there is no ${name}`)
      return found
    },
  }
}

export const card = (page: Page, name: string): Locator => page.getByRole('listbox').getByRole('option', { name: new RegExp(name) })
export const panel = (page: Page, name: string): Locator => page.getByRole('complementary', { name: `Camera ${name}` })

/** All but the one in a boot loop. */
export async function openRackThatBoots(day: Day): Promise<void> {
  await openDemo(day.page)
  await expect.poll(() => day.workbench.rack.view().pods.filter(({ cameras }) => cameras[0]?.life === 'booted').length, soon).toBeGreaterThanOrEqual(11)
}

/** The one that loops raises three alarms, said at the foot of the window. */
export async function sendAlarmsAway(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^3 new alarms/ }).click()
  const alarms = page.getByRole('region', { name: 'Alarms' })
  for (const name of ['Boot loop', 'Oops or BUG', 'Kernel panic']) await alarms.getByText(name, { exact: true }).waitFor()
  await alarms.getByRole('button', { name: /^Dismiss all/ }).click()
  await page.getByRole('button', { name: 'no new alarms' }).waitFor()
}

export const lifeOf = async (day: Day, name: string, life: CameraLife): Promise<void> => { await expect.poll(() => day.camera(name).life, soon).toBe(life) }

export async function goTo(page: Page, view: 'Rack' | 'Consoles' | 'Jobs' | 'Captures' | 'Settings'): Promise<void> {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: view, exact: true }).click()
}

export async function openTab(page: Page, name: string, tab: string): Promise<void> {
  await card(page, name).click()
  await panel(page, name).getByRole('tab', { name: tab, exact: true }).click()
}

export const filterRack = async (page: Page, words: string): Promise<void> => { await page.getByRole('searchbox', { name: 'Show only cameras with these words' }).fill(words) }

export const imagesOf = ({ folder }: Day): string => join(folder, 'data', 'demo', 'images')

/** From the camera's card to a job that runs. */
export async function startRestore(day: Day, name: string): Promise<void> {
  const { page } = day
  await openTab(page, name, 'Restore')
  await page.getByLabel(/^What to restore/).fill(imagesOf(day))
  await page.getByRole('button', { name: 'Make plan' }).click()
  await page.getByRole('button', { name: `Restore ${name}` }).click()
  await page.getByRole('button', { name: 'Erase and restore' }).click()
  await page.getByRole('region', { name: 'Restore under way' }).waitFor()
}

export async function select(page: Page, names: readonly string[]): Promise<void> {
  for (const name of names) await card(page, name).click({ modifiers: ['Control'] })
  await page.getByText(`${String(names.length)} selected`).waitFor()
}

/** What the page itself complained of, and what Node did; the log of the workbench tells of cameras. */
export const pageComplaints = ({ complaints }: Day): string[] => complaints.filter((line) => ['page:', 'console:', 'process:'].some((by) => line.startsWith(by)))
