import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runCli } from '../../../src/main/hosts/cli/main.ts'
import { makeNodeImage } from '../../../src/main/sim/node/nodeImage.ts'
import { createFakeCli, type FakeCli } from '../../support/fakeCli.ts'
import { openFileServer, redirect } from '../../support/fileServer.ts'
import { ask } from '../../support/registryBench.ts'
import { startServed } from '../../support/servedProcess.ts'

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-registry-cli-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}
async function run(folder: string, argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<{ readonly exitCode: number; readonly events: ReturnType<FakeCli['events']> }> {
  const fake = createFakeCli({ dataFolder: join(folder, 'data'), environment })
  const exitCode = await runCli([...argv, '--dir', join(folder, 'registry'), '--output', 'json'], fake.deps)
  return { exitCode, events: fake.events() }
}

test('images are kept, published to a part of the nodes, listed and withdrawn', async () => {
  const folder = await folderOf()
  const file = join(folder, 'esp32-csi-node-1.0.0.bin')
  await writeFile(file, makeNodeImage({ version: '1.0.0' }))
  expect((await run(folder, ['registry', 'upload', file])).events.at(-1)).toMatchObject({ success: true, image: { version: '1.0.0', sizeBytes: 262_144 } })
  expect((await run(folder, ['registry', 'publish', '1.0.0', '--percent', '20', '--group', 'lab'])).events.at(-1)).toMatchObject({ changed: true, row: { percent: 20, groups: ['lab'] }, warnings: [] })
  expect((await run(folder, ['registry', 'publish', '1.0.0', '--percent', '20', '--group', 'lab'])).events.at(-1)).toMatchObject({ changed: false })
  expect((await run(folder, ['registry', 'list'])).events.at(-1)).toMatchObject({ images: [{ version: '1.0.0' }], channels: [{ current: { version: '1.0.0' } }] })
  expect((await run(folder, ['registry', 'withdraw'])).events.at(-1)).toMatchObject({ changed: true })
  const fake = createFakeCli()
  const rows: string[] = []
  await fake.deps.registry.withRegistry({ folder: join(folder, 'registry'), dataFolder: join(folder, 'data'), log: () => undefined }, async (registry) => { rows.push(...registry.channels()[0]?.rows.map(({ version = 'withdrawn' }) => version) ?? []) })
  expect(rows).toEqual(['withdrawn', '1.0.0'])
})

test('a registry is served until SIGINT, with its token from the environment, and takes uploads by command', async () => {
  const folder = await folderOf()
  const fake = createFakeCli({ dataFolder: join(folder, 'data'), environment: { RACKBENCH_REGISTRY_TOKEN: 'from-outside' } })
  const serving = runCli(['registry', 'serve', '--dir', join(folder, 'registry'), '--port', '0', '--output', 'json'], fake.deps)
  await expect.poll(() => fake.events().find(({ event }) => event === 'serving'), { timeout: 10_000 }).toMatchObject({ takesUploads: true, current: [] })
  const url = String(fake.events().find(({ event }) => event === 'serving')?.['url'])
  const file = join(folder, 'fw.bin')
  await writeFile(file, makeNodeImage({ version: '1.2.0' }))
  const large = join(folder, 'large.bin')
  await writeFile(large, new Uint8Array(2_097_152))
  // Also of a file that does not fit into the buffers between the two: who sends hears why, and not that nobody is there.
  for (const path of [file, large]) for (const given of [['--token', 'wrong'], []]) {
    expect((await run(folder, ['registry', 'upload', path, '--url', url, '--version', '1.2.0', ...given])).events[0]).toMatchObject({ event: 'error', code: 'host/no-permission', message: 'The registry refused it: The token is missing or wrong' })
  }
  expect((await run(folder, ['registry', 'upload', file, '--url', url, '--version', '1.2.0'], { RACKBENCH_REGISTRY_TOKEN: 'from-outside' })).events.at(-1)).toMatchObject({ success: true, version: '1.2.0', published: true })
  expect((await ask(`${url}/api/v1/firmware/latest`)).json).toMatchObject({ version: '1.2.0' })
  // What is of another product goes to that one, and to nobody else's nodes.
  const lamp = join(folder, 'lamp.bin')
  await writeFile(lamp, makeNodeImage({ version: '2.0.0', project: 'lamp' }))
  expect((await run(folder, ['registry', 'upload', lamp, '--url', url, '--version', '2.0.0', '--product', 'lamp', '--channel', 'developer', '--token', 'from-outside'])).events.at(-1)).toMatchObject({ success: true, version: '2.0.0' })
  expect((await ask(`${url}/api/v1/products/lamp/channels/developer/firmware/latest`)).json).toMatchObject({ version: '2.0.0' })
  expect((await ask(`${url}/api/v1/firmware/latest`)).json).toMatchObject({ version: '1.2.0' })
  fake.interrupt()
  expect(await serving).toBe(0)
  expect(fake.out.lines.join('\n')).not.toContain('from-outside')
})

test('a registry that is a process of its own: an upload without the token is told so, however large it is', async () => {
  const folder = await folderOf()
  const { url, end } = await startServed(['registry', 'serve', '--dir', join(folder, 'registry'), '--data', join(folder, 'served'), '--port', '0'], { environment: { RACKBENCH_REGISTRY_TOKEN: 'secret' } })
  const large = join(folder, 'large.bin')
  // More than the buffers of both ends hold: the line is cut under the hands of who still sends.
  await writeFile(large, new Uint8Array(7_000_000))
  for (let count = 0; count < 5; count += 1) {
    expect((await run(folder, ['registry', 'upload', large, '--url', url, '--version', '1.2.0'])).events[0]).toMatchObject({ code: 'host/no-permission', message: 'The registry refused it: The token is missing or wrong' })
  }
  expect(await end('SIGINT')).toBe(0)
})

test('an upload elsewhere counts when it was said by its hash to be there; a page, another file and a closed port are told as what they are', async () => {
  const folder = await folderOf()
  const files = await openFileServer()
  onTestFinished(async () => files.close())
  const [image, large] = [join(folder, 'fw.bin'), join(folder, 'large.bin')]
  await writeFile(image, makeNodeImage({ version: '1.2.0' }))
  await writeFile(large, '')
  await truncate(large, 17 * 2 ** 20)
  const upload = async (path: string, url: string): Promise<unknown> => (await run(folder, ['registry', 'upload', path, '--url', url, '--version', '1.2.0', '--token', 'x'])).events[0]
  for (const body of ['<h1>It works</h1>', '{"status":"ok","version":"1.2.0"}', JSON.stringify({ status: 'ok', version: '1.2.0', sha256: 'a'.repeat(64) })]) {
    files.on('/api/v1/firmware/upload', (response, request) => { request.resume(); response.writeHead(200).end(body) })
    expect(await upload(image, files.url)).toMatchObject({ event: 'error', code: 'link/garbled', hint: expect.stringContaining('Is it a registry?') as string })
  }
  expect(await upload(large, files.url)).toMatchObject({ code: 'input/too-large' })
  expect(await upload(join(folder, 'nosuch.bin'), files.url)).toMatchObject({ code: 'input/not-found' })
  expect(await upload(folder, files.url)).toMatchObject({ code: 'input/not-supported' })
  expect(await upload(image, 'http://127.0.0.1:1')).toMatchObject({ code: 'link/unreachable', message: 'No registry answers at 127.0.0.1:1' })
})

test.each([301, 302, 307, 308])('an upload that is sent on elsewhere (%i) is told as such, and neither the token nor the image goes there', async (status) => {
  const folder = await folderOf()
  const [here, there] = [await openFileServer(), await openFileServer()]
  onTestFinished(async () => { await here.close(); await there.close() })
  here.on('/api/v1/firmware/upload', redirect(`${there.url}api/v1/firmware/upload`, status))
  const image = join(folder, 'fw.bin')
  await writeFile(image, makeNodeImage({ version: '1.2.0' }))
  const { exitCode, events } = await run(folder, ['registry', 'upload', image, '--url', here.url, '--version', '1.2.0', '--token', 'x'])
  expect([exitCode, events[0]]).toMatchObject([3, { code: 'link/garbled', message: expect.stringContaining(`sends on elsewhere (HTTP ${String(status)}), and that is not followed`) as string }])
  expect([here.asked.length, there.asked]).toEqual([1, []])
})
