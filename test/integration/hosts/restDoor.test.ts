import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createWorkbench } from '../../../src/main/composition/createWorkbench.ts'
import { type Approvals, createApprovals } from '../../../src/main/composition/approvals.ts'
import { createDoorTokens, type DoorTokens } from '../../../src/main/composition/doorTokens.ts'
import { serveWeb, type WebHost } from '../../../src/main/hosts/web/webHost.ts'
import { createStubWorkbench, type StubWorkbench } from '../../support/stubWorkbench.ts'

const pageToken = 'P'.repeat(43)
let folder = ''
let web: WebHost
let workbench: StubWorkbench
let tokens: DoorTokens
let approvals: Approvals
let lines: string[] = []

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'rackbench-door-'))
  mkdirSync(path.join(folder, 'renderer'))
  writeFileSync(path.join(folder, 'renderer/index.html'), '<!doctype html><title>Rackbench</title>')
  lines = []
  workbench = createStubWorkbench()
  tokens = createDoorTokens(folder, () => 1_000)
  approvals = createApprovals(folder, () => 1_000)
  web = await serveWeb({
    workbench, host: '127.0.0.1', port: 0, rendererFolder: path.join(folder, 'renderer'), newToken: () => pageToken, log: (line) => { lines.push(line) },
    doors: { version: '9.9.9', approvals, roleOf: async (token) => (await tokens.find(token))?.role },
  })
})
afterEach(async () => {
  await web.close()
  rmSync(folder, { recursive: true })
})

const ask = async (target: string, token?: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${web.port}${target}`, { ...init, signal: AbortSignal.timeout(10_000), headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' } })
const post = async (target: string, token: string, body: object): Promise<Response> => ask(target, token, { method: 'POST', body: JSON.stringify(body) })

test('without a token, with a wrong one, with an endless one or in the address nobody comes in, and the answer says how to get one', async () => {
  const refused = [await ask('/api/v1/system/chips'), await ask('/api/v1/system/chips', 'rb_wrong'), await ask('/api/v1/system/chips', 'x'.repeat(5_000)), await ask(`/api/v1/system/chips?token=${pageToken}`), await ask('/metrics'), await ask('/api/openapi.json')]
  expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401])
  expect(await refused[0]?.json()).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('rackbench token add') as string })
})

test('a viewer reads by GET and does nothing else; an operator works; the page is an admin', async () => {
  const [viewer, operator] = [await tokens.add('dashboard', 'viewer'), await tokens.add('ci', 'operator')]
  const chips = await ask('/api/v1/system/chips', viewer)
  expect([chips.status, await chips.json()]).toEqual([200, [{ name: 'hi3516ev300', loadAddress: 0x42000000 }]])
  const power = { cameraId: 'cam-1', action: 'off' }
  const refused = await post('/api/v1/rack/power', viewer, power)
  expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'FORBIDDEN', message: 'rack.power needs the role operator; this token is for a viewer' }])
  // The stub's own refusal: the call came as far as the rack.
  const busy = await post('/api/v1/rack/power', operator, power)
  expect([busy.status, await busy.json()]).toMatchObject([409, { data: { code: 'pod/busy', hint: 'Wait for it', context: { seconds: 7 } } }])
  expect((await post('/api/v1/rack/power', pageToken, power)).status).toBe(409)
})

test('a token that was taken away is refused at the next call; the file keeps hashes and is for its owner alone', async () => {
  const token = await tokens.add('old', 'viewer')
  expect((await ask('/api/v1/system/chips', token)).status).toBe(200)
  const file = path.join(folder, 'door-tokens.json')
  expect(readFileSync(file, 'utf8')).not.toContain(token.slice(3))
  expect(statSync(file).mode & 0o077).toBe(0)
  await expect(tokens.add('old', 'admin')).rejects.toMatchObject({ code: 'input/conflict' })
  await expect(tokens.add('../evil', 'admin')).rejects.toMatchObject({ code: 'input/malformed' })
  await tokens.remove('old')
  expect((await ask('/api/v1/system/chips', token)).status).toBe(401)
  await expect(tokens.remove('old')).rejects.toMatchObject({ code: 'input/not-found' })
})

test('a stream is server-sent events, and ends at the workbench when the reader goes', async () => {
  const abort = new AbortController()
  const response = await fetch(`http://127.0.0.1:${web.port}/api/v1/system/watch-status`, { headers: { authorization: `Bearer ${pageToken}` }, signal: abort.signal })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const reader = response.body?.getReader()
  let text = ''
  for (let chunk = 0; chunk < 50 && !text.includes('"consoles"'); chunk += 1) text += new TextDecoder().decode((await reader?.read())?.value)
  expect(text).toMatch(/event: message\ndata: \{.*"consoles":0/)
  abort.abort()
  await workbench.streamEnded.promise
})

test('bad input is named by its field; foreign errors keep their words in the log; too much is refused', async () => {
  const bad = await post('/api/v1/rack/power', pageToken, { cameraId: 'cam-1', action: 'explode' })
  expect([bad.status, await bad.json()]).toMatchObject([400, { data: { code: 'input/malformed', message: expect.stringContaining('action') as string } }])
  const foreign = await post('/api/v1/system/list-folder', pageToken, { path: '/etc' })
  const body = await foreign.text()
  expect(foreign.status).toBe(500)
  expect(body).not.toContain('shadow')
  expect(lines.join('\n')).toContain('/etc/shadow')
  expect((await post('/api/v1/system/list-folder', pageToken, { path: 'x'.repeat(300 * 1024) })).status).toBe(413)
  expect((await ask('/api/v1/nothing/here', pageToken)).status).toBe(404)
  expect((await ask('/api/v1/system/chips', pageToken, { method: 'DELETE' })).status).toBe(404)
})

test('whoever still sends what is too much hears so, is not cut off, and goes on with the same line', async () => {
  const line = connect(web.port, '127.0.0.1')
  onTestFinished(() => { line.destroy() })
  let heard = ''
  const broken: unknown[] = []
  line.on('data', (piece: Buffer) => { heard += piece.toString() }).on('error', (error) => { broken.push(error) }).on('end', () => { broken.push('closed') })
  const head = (method: string, target: string, more: string): string => `${method} ${target} HTTP/1.1\r\nhost: 127.0.0.1:${web.port}\r\nauthorization: Bearer ${pageToken}\r\n${more}\r\n`
  line.write(`${head('POST', '/api/v1/system/list-folder', `content-type: application/json\r\ncontent-length: ${400 * 1024}\r\n`)}${'x'.repeat(1024)}`)
  await expect.poll(() => heard).toContain('HTTP/1.1 413 ')
  // Slower than the answer, as over a busy line.
  for (let piece = 1; piece < 400; piece += 1) { line.write('x'.repeat(1024)); if (piece % 100 === 0) await new Promise((resolve) => { setTimeout(resolve, 20) }) }
  line.write(head('GET', '/api/v1/system/chips', ''))
  await expect.poll(() => heard).toContain('hi3516ev300')
  expect(broken).toEqual([])
})

test('the description lists the calls with their shapes and how to come in', async () => {
  const description = await (await ask('/api/openapi.json', pageToken)).json() as { openapi: string; info: object; paths: Record<string, Record<string, { description: string }>>; components: object }
  expect(description).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) as string, info: { version: '9.9.9' }, components: { securitySchemes: { token: { scheme: 'bearer' } } } })
  expect(description.paths['/system/chips']?.['get']?.description).toBe('Role: viewer')
  expect(JSON.stringify(description.paths['/rack/power'])).toContain('cycle')
})

test('a real workbench: the demo rack is opened by an operator, read by a viewer, and an operator may not take a pod away; metrics have bounded labels', { timeout: 60_000 }, async () => {
  const bench = await createWorkbench({
    host: 'web', version: '9.9.9', dataFolder: path.join(folder, 'data'), homeFolder: folder, tftpPort: 0, resourcesFolder: path.join(import.meta.dirname, '../../../resources'), log: (line) => { lines.push(line) },
  })
  onTestFinished(async () => bench.close())
  await web.close()
  web = await serveWeb({
    workbench: bench, host: '127.0.0.1', port: 0, rendererFolder: path.join(folder, 'renderer'), newToken: () => pageToken, log: (line) => { lines.push(line) },
    doors: { version: '9.9.9', approvals, roleOf: async (token) => (await tokens.find(token))?.role },
  })
  const [viewer, operator] = [await tokens.add('dashboard', 'viewer'), await tokens.add('ci', 'operator')]
  expect(await (await post('/api/v1/rack/open-demo', operator, {})).json()).toMatchObject({ pods: expect.any(Number) as number })
  expect((await post('/api/v1/rack/remove-pod', operator, { podId: 'pod-1' })).status).toBe(403)
  const jobs = await ask('/api/v1/jobs/list', viewer)
  expect([jobs.status, await jobs.json()]).toEqual([200, []])
  // Numbers of a query are read as numbers.
  expect((await ask('/api/v1/captures/search?words=nothing-says-this&limit=5&ignoreCase=true', viewer)).status).toBe(200)
  const metrics = await (await ask('/metrics', viewer)).text()
  const rows = metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const cameras = rows.filter((line) => line.startsWith('rackbench_cameras{')).map((line) => Number(line.split(' ').at(-1)))
  expect(cameras.reduce((sum, count) => sum + count, 0)).toBe(12)
  expect(metrics).toContain('rackbench_info{version="9.9.9",host="web"} 1')
  for (const line of rows) expect(line).toMatch(/^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+]+$/)
  expect(rows.length).toBeLessThan(80)
})
