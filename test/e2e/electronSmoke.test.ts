import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { _electron } from 'playwright-core'
import { expect, test } from 'vitest'
import { electronBinary } from '../../src/main/hosts/cli/start.ts'

const root = path.join(import.meta.dirname, '../..')
const binary = electronBinary(root)
const hasDisplay = process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'])
const missing = !binary ? 'Electron\'s binary is not here (its download needs the network)'
  : !hasDisplay ? 'there is no display; run it under xvfb-run'
    : !existsSync(path.join(root, 'out/main/index.js')) ? 'nothing is built; run "npm run build"' : undefined
// The one test that may be skipped in CI, and it says so.
if (missing) process.stdout.write(`SKIPPED the real Electron: ${missing}\n`)

test.skipIf(missing !== undefined)('the real Electron opens the workbench, in a sandbox, and the page is served over its ports', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'rackbench-electron-'))
  const noSandboxAsRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const electron = await _electron.launch({
    executablePath: binary ?? '', args: [...noSandboxAsRoot, root], timeout: 60_000,
    env: { ...process.env, RACKBENCH_DATA: data } as Record<string, string>,
  })
  try {
    const page = await electron.firstWindow()
    // Drawn only after a call over the ports was answered.
    await page.getByRole('button', { name: 'Open the demo rack' }).first().waitFor({ timeout: 30_000 })
    expect(page.url()).toMatch(/^rackbench:\/\/app\/index\.html/)
    expect(await page.evaluate(() => ['require', 'process', 'module'].filter((name) => name in globalThis))).toEqual([])
  } finally {
    await electron.close()
    rmSync(data, { recursive: true, force: true })
  }
})
