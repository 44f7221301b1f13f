import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { electronBinary, isStale, webHostProgram } from '../../../src/main/hosts/cli/start.ts'

const starter = path.join(import.meta.dirname, '../../../src/main/hosts/cli/start.ts')
let root = ''
const put = (file: string, text: string, mode = 0o644): void => {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  writeFileSync(path.join(root, file), text)
  chmodSync(path.join(root, file), mode)
}
const outputs = ['out/main/index.js', 'out/preload/index.cjs', 'out/renderer/index.html']
const say = (text: string): string => `process.stdout.write(${JSON.stringify(`${text}\n`)})\n`

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'rackbench-start-'))
  put('package.json', '{"type":"module"}')
  put('src/a/b.ts', '')
  put('src/main/hosts/web/main.ts', say('http://127.0.0.1:1/#token=t'))
  put('node_modules/electron-vite/bin/electron-vite.js', `${say('BUILT')}const fs=require('node:fs');for(const f of ${JSON.stringify(outputs)}){fs.mkdirSync(require('node:path').dirname(f),{recursive:true});fs.writeFileSync(f,'')}`)
  put('node_modules/electron-vite/package.json', '{"type":"commonjs"}')
  put('node_modules/electron/package.json', '{"type":"commonjs"}')
  put('node_modules/electron/install.js', `${say('DOWNLOADING')}process.exit(1)`)
})
afterEach(() => { rmSync(root, { recursive: true }) })

const start = async (variables: Record<string, string> = { DISPLAY: ':9' }): Promise<{ lines: string[]; code: number | null }> => {
  const program = `const { startWorkbench } = await import(${JSON.stringify(starter)})
    process.exitCode = await startWorkbench({ root: ${JSON.stringify(root)}, variables: ${JSON.stringify(variables)}, platform: 'linux', out: (line) => { process.stdout.write(line + '\\n') }, signal: new AbortController().signal })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
  const code = await new Promise<number | null>((resolve) => { child.once('close', resolve) })
  return { lines: text.split('\n').filter(Boolean), code }
}
const build = (): void => { for (const file of outputs) put(file, '') }
const withElectron = (): void => {
  put('node_modules/electron/path.txt', 'electron')
  put('node_modules/electron/dist/electron', '#!/bin/sh\necho "WINDOW $1"\nexit 7\n', 0o755)
}

test('without Electron: built once, one line that says why, and the address', async () => {
  const { lines, code } = await start()
  expect(lines).toEqual([
    'Building the workbench once', 'BUILT',
    'Electron\'s binary is not here and could not be downloaded; serving the same workbench to your browser:', 'http://127.0.0.1:1/#token=t',
  ])
  expect(code).toBe(0)
  expect((await start()).lines).toHaveLength(2)
})
test('with Electron: the window, and its exit code', async () => {
  build()
  withElectron()
  const { lines, code } = await start()
  expect(lines).toEqual([`WINDOW ${root}`])
  expect(code).toBe(7)
})
test('with Electron that the download just brought', async () => {
  build()
  put('node_modules/electron/install.js', `const fs=require('node:fs');fs.mkdirSync(__dirname+'/dist');fs.writeFileSync(__dirname+'/path.txt','electron');fs.writeFileSync(__dirname+'/dist/electron','#!/bin/sh\\necho WINDOW\\n',{mode:0o755})`)
  expect((await start()).lines).toEqual(['WINDOW'])
})
test('with Electron and no display: the browser, and why', async () => {
  build()
  withElectron()
  expect((await start({})).lines).toEqual(['There is no display here; serving the same workbench to your browser:', 'http://127.0.0.1:1/#token=t'])
})
test('a build that fails is not served', async () => {
  put('node_modules/electron-vite/bin/electron-vite.js', 'process.exit(3)')
  const { lines, code } = await start()
  expect(lines.at(-1)).toContain('The build failed')
  expect(code).toBe(1)
})

test('stale is: nothing built, or a source newer than the oldest output', () => {
  expect(isStale(root)).toBe(true)
  build()
  const later = new Date(Date.now() + 60_000)
  for (const file of outputs) utimesSync(path.join(root, file), later, later)
  expect(isStale(root)).toBe(false)
  const latest = new Date(Date.now() + 120_000)
  utimesSync(path.join(root, 'src/a/b.ts'), latest, latest)
  expect(isStale(root)).toBe(true)
})
test('a path without the program behind it is no Electron', () => {
  put('node_modules/electron/path.txt', 'electron')
  expect(electronBinary(root)).toBeUndefined()
})
test('the web host is the built one while nothing is newer than it, else its source', () => {
  const source = path.join(root, 'src/main/hosts/web/main.ts')
  expect(webHostProgram(root)).toBe(source)
  build()
  const later = new Date(Date.now() + 60_000)
  for (const file of outputs) utimesSync(path.join(root, file), later, later)
  // An older build has none.
  expect(webHostProgram(root)).toBe(source)
  put('out/main/web.js', '')
  expect(webHostProgram(root)).toBe(path.join(root, 'out/main/web.js'))
  const latest = new Date(Date.now() + 120_000)
  utimesSync(path.join(root, 'src/a/b.ts'), latest, latest)
  expect(webHostProgram(root)).toBe(source)
})
