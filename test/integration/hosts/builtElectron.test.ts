import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const project = path.join(import.meta.dirname, '../../..')
const root = mkdtempSync(path.join(tmpdir(), 'rackbench-built-'))
let seen: Record<string, unknown> = {}

/** The built tree as it is shipped, with the stand-in where the built code looks for `electron`, and nothing else replaced. */
beforeAll(async () => {
  await run(process.execPath, [path.join(project, 'node_modules/electron-vite/bin/electron-vite.js'), 'build', '--outDir', path.join(root, 'out'), '--logLevel', 'warn'], { cwd: project })
  cpSync(path.join(project, 'package.json'), path.join(root, 'package.json'))
  cpSync(path.join(project, 'resources'), path.join(root, 'resources'), { recursive: true })
  symlinkSync(path.join(project, 'node_modules'), path.join(root, 'node_modules'))
  mkdirSync(path.join(root, 'out/node_modules'))
  symlinkSync(path.join(project, 'test/support/electronStandIn'), path.join(root, 'out/node_modules/electron'))
  const { stdout } = await run(process.execPath, [path.join(project, 'test/support/electronStandIn/drive.ts'), root], {
    env: { ...process.env, RACKBENCH_DATA: path.join(root, 'data') }, timeout: 60_000,
  })
  seen = JSON.parse(/^@@(.*)$/m.exec(stdout)?.[1] ?? '{}') as Record<string, unknown>
}, 120_000)
afterAll(() => { rmSync(root, { recursive: true, force: true }) })

test('the application\'s menu names a command, and the page is told which', () => {
  expect(seen['menu']).toEqual(expect.arrayContaining(['Rack', 'View', 'Camera', 'Captures', 'Help']))
  expect(seen['chosen']).toEqual(['view.jobs'])
})
test('what is built is what is declared: an ES module, a CommonJS preload, a page', () => {
  expect((JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')) as { main: string }).main).toBe('out/main/index.js')
  for (const file of ['out/main/index.js', 'out/preload/index.cjs', 'out/renderer/index.html']) expect(existsSync(path.join(root, file)), file).toBe(true)
  expect(readFileSync(path.join(root, 'out/preload/index.cjs'), 'utf8')).toContain('require("electron")')
})
test('the page runs in a sandbox, apart from the preload script and without Node', () => {
  expect(seen['webPreferences']).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false, nodeIntegrationInSubFrames: false, webSecurity: true, webviewTag: false })
  expect(seen['bridges']).toEqual(['rackbench'])
  expect(seen['bridgeKeys']).toEqual(['requestPorts'])
})
test('the page comes over our own scheme with its policy, and nothing else comes over it', () => {
  expect(seen['schemes']).toEqual([{ scheme: 'rackbench', privileges: { standard: true, secure: true, supportFetchAPI: true } }])
  expect(seen['csp']).toContain(`default-src 'none'; script-src 'self'`)
  expect(seen['status']).toEqual([200, 200, 404, 404, 404])
})
test('it goes nowhere and opens nothing', () => {
  expect(seen['navigation']).toEqual({ away: true, file: true, frame: true, redirect: true, reload: false, report: false, webview: true })
  expect(seen['open']).toBe('deny')
})
test('our page may tell the desktop of an alarm; nothing else is granted, and nothing to anybody else', () => {
  expect(seen['permissions']).toEqual([['geolocation', false, false, false, false], ['notifications', true, true, false, false]])
})
test('two ports are handed to our page and to nobody else; a call over them is answered', () => {
  expect(seen['ports']).toEqual([true, true])
  expect(seen['strangerPorts']).toBe(0)
  expect((seen['chips'] as { name: string }[]).length).toBeGreaterThan(0)
})
test('an error keeps its code over the ports', () => {
  expect(seen['error']).toMatchObject({ code: 'input/not-found' })
})
test('leaving closes the workbench first', () => {
  expect(seen['exitCode']).toBe(0)
  expect(seen['journal']).toEqual({ openBefore: true, openAtExit: false })
})
