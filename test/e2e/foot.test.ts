import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { chromiumFlags, chromiumPath } from '../support/chromium.ts'
import { openFixtureServer } from '../support/fixtureServer.ts'
import { missingForWindow } from './openWindow.ts'

describe.skipIf(missingForWindow() !== undefined)('the foot of a small window', () => {
  test('a plan that waits for a yes covers nothing there: figures that have no room give way whole, the last first', { timeout: 60_000 }, async () => {
    const server = await openFixtureServer(join(import.meta.dirname, '../../out/renderer'), { cameras: 12, perPod: 4, nowMs: () => Date.now() })
    onTestFinished(async () => server.close())
    const browser = await chromium.launch({ ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }), args: chromiumFlags })
    onTestFinished(async () => browser.close())
    const page = await browser.newPage({ viewport: { width: 1024, height: 700 } })
    await page.goto(server.url)
    const foot = page.getByRole('contentinfo', { name: 'State of this machine' })
    await foot.getByText('connected', { exact: true }).waitFor()
    server.workbench.approvals.ask('a'.repeat(64), 'Power off for cam-01')
    await foot.getByRole('button', { name: /1 plan waits/ }).waitFor()
    const edges = await foot.evaluate((element) => [...element.children].map((child) => child.getBoundingClientRect()).filter(({ width }) => width > 1).map(({ left, right }) => [Math.round(left), Math.round(right)] as const))
    expect(edges.length).toBeGreaterThan(3)
    for (const [index, [left, right]] of edges.entries()) {
      expect(left).toBeGreaterThanOrEqual(edges[index - 1]?.[1] ?? 0)
      expect(right).toBeLessThanOrEqual(1024)
    }
    // What lies within one, too: a box without a width hides nothing of what it holds.
    const inside = await foot.evaluate((element) => [...element.children].filter((child) => !child.classList.contains('facts') && child.scrollWidth > child.clientWidth + 1 && child.clientWidth > 1).map((child) => child.textContent))
    expect(inside).toEqual([])
    expect((await foot.getByRole('button', { name: 'no new alarms' }).boundingBox())?.width).toBeGreaterThan(100)
    expect(await foot.getByText(/^local time/).isVisible()).toBe(true)
    expect(await foot.getByText('journal ok').isVisible()).toBe(true)
  })
})
