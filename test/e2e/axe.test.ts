import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { chromiumFlags, chromiumPath } from '../support/chromium.ts'
import { openFixtureServer } from '../support/fixtureServer.ts'
import { freeTcpPort } from '../support/freePort.ts'
import { allScenes, axeFindings, type Scene } from '../support/screenshots.ts'
import { missingForWindow } from './openWindow.ts'

const renderer = join(import.meta.dirname, '../../out/renderer')
const sceneLimitMs = 30_000
/** Scenes wait for their servers more than they compute. */
const lanes = 4

/** Each scene is played once and looked at in both themes: the window follows the system's. A new page of it, in the lane's own browser context. */
async function lookAt(context: BrowserContext, port: number, { name, cameras, perPod = 4, quotaNear, isNew, steps }: Scene, axe: string): Promise<readonly string[]> {
  const server = await openFixtureServer(renderer, { cameras, perPod, ...(quotaNear === undefined ? {} : { quotaNear }), ...(isNew === undefined ? {} : { isNew }), nowMs: () => Date.now() }, undefined, port)
  const page = await context.newPage()
  try {
    page.setDefaultTimeout(sceneLimitMs)
    await page.goto(server.url)
    await page.getByText('connected', { exact: true }).waitFor()
    await steps(page, server)
    const found: string[] = []
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.locator(`html[data-theme="${colorScheme}"]`).waitFor()
      // A colour on its way to the other theme is none that anybody reads.
      await page.evaluate('for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish()')
      // The same elements in other colours: only what colours decide can differ.
      found.push(...(await axeFindings(page, axe, colorScheme === 'dark' ? undefined : ['color-contrast', 'link-in-text-block'])).map((line) => `${name}, ${colorScheme}: ${line}`))
    }
    return found
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`]
  } finally {
    // What a window keeps is the next scene's to begin without.
    await page.evaluate('localStorage.clear()').catch(() => undefined)
    await page.close()
    await server.close()
  }
}

/** Every screen that there are pictures of: whoever adds a screen adds it there, and it is looked at here. */
describe.skipIf(missingForWindow() !== undefined)('axe', () => {
  test('finds nothing serious on any screen, dark or light', { timeout: 900_000, retry: 0 }, async () => {
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    const browser = await chromium.launch({ ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }), args: chromiumFlags })
    onTestFinished(async () => browser.close())
    const waiting = [...allScenes()]
    expect(waiting.length).toBeGreaterThan(80)
    const found: string[] = []
    // One address a lane, so that the browser reads and compiles the page once and not for each scene.
    const lane = async (): Promise<void> => {
      const context = await browser.newContext({ viewport: { width: 1024, height: 700 }, colorScheme: 'dark', reducedMotion: 'reduce' })
      const port = await freeTcpPort()
      for (let scene = waiting.shift(); scene; scene = waiting.shift()) found.push(...await lookAt(context, port, scene, axe))
      await context.close()
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    expect(found).toEqual([])
  })
})
