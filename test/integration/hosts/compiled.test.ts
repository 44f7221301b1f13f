import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const program = path.join(import.meta.dirname, '../../../src/main/hosts/cli/bin.mjs')
/** Node's own compiler of TypeScript: loading it takes longer than most commands. */
const tellCompiler = "data:text/javascript,process.on('exit',()=>{process.stderr.write(process.moduleLoadList.some((name)=>name.includes('amaro'))?'compiled':'kept')})"

async function run(cache: string): Promise<{ readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, ['--import', tellCompiler, program, '--version'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, XDG_CACHE_HOME: cache, LOCALAPPDATA: cache, HOME: cache, NODE_COMPILE_CACHE: '' } })
  let [out, err] = ['', '']
  child.stdout.on('data', (bytes: Uint8Array) => { out += Buffer.from(bytes).toString() })
  child.stderr.on('data', (bytes: Uint8Array) => { err += Buffer.from(bytes).toString() })
  await new Promise((resolve) => { child.once('close', resolve) })
  return { out, err }
}

test('a second start compiles nothing, not even what says where compiled modules are kept', async () => {
  const cache = mkdtempSync(path.join(tmpdir(), 'rackbench-compiled-'))
  onTestFinished(() => { rmSync(cache, { recursive: true }) })
  const first = await run(cache)
  expect(first.out).toMatch(/\d+\.\d+\.\d+/)
  expect(first.err).toBe('compiled')
  expect(await run(cache)).toEqual({ out: first.out, err: 'kept' })
})
