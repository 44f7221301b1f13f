import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, onTestFinished, test } from 'vitest'
import { type Approvals, createApprovals } from '../../../src/main/composition/approvals.ts'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { createDoorTokens, type DoorTokens } from '../../../src/main/composition/doorTokens.ts'
import { serveWeb, type WebHost } from '../../../src/main/hosts/web/webHost.ts'

interface Bench { readonly web: WebHost; readonly tokens: DoorTokens; readonly approvals: Approvals; later(ms: number): void }

async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rackbench-mcp-'))
  onTestFinished(() => { rmSync(folder, { recursive: true }) })
  mkdirSync(path.join(folder, 'renderer'))
  writeFileSync(path.join(folder, 'renderer/index.html'), '<!doctype html>')
  let nowMs = 1_000
  const [tokens, approvals] = [createDoorTokens(folder, () => nowMs), createApprovals(folder, () => nowMs)]
  const workbench = await createWorkbench({ host: 'web', version: '9', dataFolder: path.join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder: path.join(import.meta.dirname, '../../../resources'), log: () => undefined })
  onTestFinished(async () => workbench.close())
  const web = await serveWeb({
    workbench, host: '127.0.0.1', port: 0, rendererFolder: path.join(folder, 'renderer'), newToken: () => 'P'.repeat(43), log: () => undefined,
    doors: { version: '9', approvals, roleOf: async (token) => (await tokens.find(token))?.role },
  })
  onTestFinished(async () => web.close())
  await fetch(`http://127.0.0.1:${web.port}/api/v1/rack/open-demo`, { method: 'POST', headers: { 'authorization': `Bearer ${'P'.repeat(43)}`, 'content-type': 'application/json' }, body: '{}' })
  return { web, tokens, approvals, later: (ms) => { nowMs += ms } }
}

async function openAssistant({ web }: Bench, token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${web.port}/mcp`), { requestInit: { headers: { authorization: `Bearer ${token}` } } }) as Parameters<typeof client.connect>[0])
  onTestFinished(async () => client.close())
  return client
}
const call = async (client: Client, name: string, given: Record<string, unknown> = {}): Promise<{ readonly isError: boolean; readonly value: Record<string, unknown> }> => {
  const result = await client.callTool({ name, arguments: given })
  const [first] = result.content as { text: string }[]
  return { isError: result.isError === true, value: JSON.parse(first?.text ?? '{}') as Record<string, unknown> }
}

test('without a token there is no door; a viewer reads the rack and plans nothing', { timeout: 60_000 }, async () => {
  const bench = await openBench()
  await expect(openAssistant(bench, 'rb_wrong')).rejects.toThrow()
  const viewer = await openAssistant(bench, await bench.tokens.add('reader', 'viewer'))
  expect((await viewer.listTools()).tools.map(({ name }) => name)).toEqual(['rack', 'jobs', 'search_consoles', 'plan_restore', 'start_restore', 'plan_power', 'power', 'cancel_job'])
  const rack = await call(viewer, 'rack')
  expect((rack.value['pods'] as { cameras: object[] }[]).flatMap(({ cameras }) => cameras)).toHaveLength(12)
  const refused = await call(viewer, 'plan_power', { cameraIds: ['cam-1'], action: 'off' })
  expect(refused).toMatchObject({ isError: true, value: { message: expect.stringContaining('operator') as string } })
  expect(await bench.approvals.list()).toEqual([])
})

test('power is switched after a person\'s yes, once, for exactly what was planned, within the hour', { timeout: 60_000 }, async () => {
  const bench = await openBench()
  const assistant = await openAssistant(bench, await bench.tokens.add('assistant', 'operator'))
  const pods = (await call(assistant, 'rack')).value['pods'] as { cameras: { id: string }[] }[]
  const [one, two] = pods.flatMap(({ cameras }) => cameras.map(({ id }) => id))
  const wish = { cameraIds: [one], action: 'off' }
  const planHash = (await call(assistant, 'plan_power', wish)).value['planHash'] as string
  const unapproved = await call(assistant, 'power', { ...wish, planHash })
  expect(unapproved).toMatchObject({ isError: true, value: { code: 'input/conflict', message: 'No person has approved this plan' } })
  expect(await bench.approvals.list()).toMatchObject([{ hash: planHash, state: 'waiting', words: `Power off for ${one}` }])
  await bench.approvals.decide(planHash, true)
  expect(await call(assistant, 'power', { cameraIds: [two], action: 'off', planHash })).toMatchObject({ isError: true, value: { message: 'This hash is of another plan' } })
  expect(await call(assistant, 'power', { ...wish, planHash })).toMatchObject({ isError: false, value: { results: [{ cameraId: one, done: true }] } })
  expect(await call(assistant, 'power', { ...wish, planHash })).toMatchObject({ isError: true, value: { code: 'input/conflict' } })
  const again = (await call(assistant, 'plan_power', wish)).value['planHash'] as string
  await bench.approvals.decide(again, true)
  bench.later(60 * 60_000)
  expect(await call(assistant, 'power', { ...wish, planHash: again })).toMatchObject({ isError: true })
})

test('a restore is planned, refused without a yes, and started with one', { timeout: 60_000 }, async () => {
  const bench = await openBench()
  const assistant = await openAssistant(bench, await bench.tokens.add('assistant', 'operator'))
  const full = await fetch(`http://127.0.0.1:${bench.web.port}/api/v1/rack/watch`, { headers: { authorization: `Bearer ${'P'.repeat(43)}` }, signal: AbortSignal.timeout(20_000) })
  const reader = full.body?.getReader()
  let text = ''
  for (let chunk = 0; chunk < 50 && !text.includes('\n\n'); chunk += 1) text += new TextDecoder().decode((await reader?.read())?.value)
  await reader?.cancel()
  const view = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}') as { pods: { imagesFolder?: string; cameras: { id: string }[] }[] }
  const pod = view.pods.find(({ imagesFolder }) => imagesFolder !== undefined)
  const request = { cameraId: pod?.cameras[0]?.id, inputPath: pod?.imagesFolder }
  const plan = await call(assistant, 'plan_restore', request)
  expect(plan).toMatchObject({ isError: false, value: { planHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string } })
  const planHash = plan.value['planHash'] as string
  expect(await call(assistant, 'start_restore', { ...request, planHash })).toMatchObject({ isError: true, value: { message: 'No person has approved this plan' } })
  await bench.approvals.decide(planHash, true)
  const started = await call(assistant, 'start_restore', { ...request, planHash })
  expect(started).toMatchObject({ isError: false, value: { jobId: expect.any(String) as string } })
  expect((await call(assistant, 'jobs')).value['jobs']).toMatchObject([{ id: started.value['jobId'], workflow: 'restore' }])
})
