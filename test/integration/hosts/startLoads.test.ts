import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
/** Each of them is loaded by whoever asks for what it does; together they are most of a start. */
const notForARack = [
  'aedes', 'mqtt', 'ajv', 'ajv-formats', 'bullmq', 'ioredis', 'ssh2', 'fastify', 'serialport', 'node-tftp', 'bonjour-service', '@modelcontextprotocol/sdk', '@orpc/openapi',
  '@micropython/micropython-webassembly-pyscript',
]

test('serve of a plain rack loads nothing that only other work needs, and the next start finds its modules compiled', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-loads-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const data = join(folder, 'data')
  await mkdir(data)
  await writeFile(join(data, 'rack.json'), JSON.stringify({ version: 1, pods: [{ id: 'pod-1', name: 'bench', url: 'tcp://127.0.0.1:9', cameraId: '00000000-0000-4000-8000-000000000001', cameraName: 'one', chip: 'hi3516ev300' }] }))
  const loaded = join(folder, 'loaded.txt')
  const child = spawn(process.execPath, ['--import', join(root, 'test/support/tellLoaded.ts'), join(root, 'src/main/hosts/web/main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], HOME: folder, LOCALAPPDATA: folder, RACKBENCH_DATA: data, RACKBENCH_TFTP_PORT: '0', RACKBENCH_LOADED: loaded },
  })
  const ended = once(child, 'exit')
  onTestFinished(async () => { child.kill('SIGKILL'); await ended })
  // Without a built page it ends once everything is open, and has loaded the same.
  const isBuilt = existsSync(join(root, 'out/renderer/index.html'))
  const [address] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended.then(() => ['it ended'])]) as [string]
  expect(address).toMatch(isBuilt ? /^http:\/\/127\.0\.0\.1:\d+\// : /ended/)
  const status = isBuilt ? (await fetch(address)).status : 200
  child.kill('SIGTERM')
  expect([status, (await ended)[0]]).toEqual([200, isBuilt ? 0 : 1])

  const modules = (await readFile(loaded, 'utf8')).trim().split('\n')
  const packages = new Set(modules.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]))
  // That the list is one.
  expect([...packages]).toEqual(expect.arrayContaining(['ws', 'zod', '@orpc/server']))
  expect(notForARack.filter((name) => packages.has(name))).toEqual([])
  expect(modules.filter((url) => url.includes('/src/main/sim/'))).toEqual([])
  const caches = process.platform === 'darwin' ? 'Library/Caches/Rackbench' : process.platform === 'win32' ? 'Rackbench' : '.cache/rackbench'
  const compiled = await readdir(join(folder, caches, 'compiled'), { recursive: true })
  expect(compiled.length).toBeGreaterThan(modules.length / 2)
}, 60_000)
