import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createORPCClient, ORPCError } from '@orpc/client'
import { RPCLink } from '@orpc/client/websocket'
import type { ContractRouterClient } from '@orpc/contract'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { sameToken } from '../../../src/main/hosts/web/tokenGate.ts'
import { serveWeb, type WebHost } from '../../../src/main/hosts/web/webHost.ts'
import type { WorkbenchContract } from '../../../src/shared/contracts/workbench.contract.ts'
import { createStubWorkbench, type StubWorkbench } from '../../support/stubWorkbench.ts'

const token = 'T'.repeat(43)
let folder = ''
let web: WebHost
let workbench: StubWorkbench
let lines: string[] = []
const sockets: WebSocket[] = []
const serve = async (port = 0): Promise<WebHost> => serveWeb({
  workbench, host: '127.0.0.1', port, rendererFolder: path.join(folder, 'renderer'), newToken: () => token, log: (line) => { lines.push(line) },
})

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'rackbench-web-'))
  mkdirSync(path.join(folder, 'renderer/assets'), { recursive: true })
  writeFileSync(path.join(folder, 'secret.html'), 'secret')
  writeFileSync(path.join(folder, 'renderer/index.html'), '<!doctype html><title>Rackbench</title>')
  writeFileSync(path.join(folder, 'renderer/assets/main-1.js'), 'export {}')
  writeFileSync(path.join(folder, 'renderer/notes.txt'), 'not a page file')
  symlinkSync(path.join(folder, 'secret.html'), path.join(folder, 'renderer/link.html'))
  lines = []
  workbench = createStubWorkbench()
  web = await serve()
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await web.close()
  rmSync(folder, { recursive: true })
})

interface Answer { readonly status: number; readonly headers: Record<string, string | string[] | undefined>; readonly body: string }
const ask = async (target: string, more: { host?: string; method?: string } = {}): Promise<Answer> => new Promise((resolve, reject) => {
  // A path as it stands, which `fetch` would tidy up.
  const asked = request({ port: web.port, host: '127.0.0.1', path: target, method: more.method ?? 'GET', headers: { host: more.host ?? `127.0.0.1:${web.port}` } }, (response) => {
    let body = ''
    response.on('data', (chunk: Buffer) => { body += chunk.toString() })
    response.on('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, body }) })
  })
  asked.on('error', reject)
  asked.end()
})
const link = (name: string, more: { origin?: string; host?: string } = {}): WebSocket => {
  const socket = new WebSocket(`ws://127.0.0.1:${web.port}${name}`, { origin: more.origin ?? `http://127.0.0.1:${web.port}`, ...(more.host ? { headers: { host: more.host } } : {}) })
  sockets.push(socket)
  return socket
}
const closeCode = async (socket: WebSocket): Promise<number> => ((await once(socket, 'close')) as [number])[0]
const openRpc = async (): Promise<{ socket: WebSocket; client: ContractRouterClient<WorkbenchContract> }> => {
  const socket = link('/rpc')
  await once(socket, 'open')
  socket.send(JSON.stringify({ token }))
  return { socket, client: createORPCClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket })) }
}

test('the address carries the token behind the #, and the page has its guards', async () => {
  expect(web.url).toBe(`http://127.0.0.1:${web.port}/#token=${token}`)
  const { status, headers, body } = await ask('/')
  expect(status).toBe(200)
  expect(body).toContain('Rackbench')
  expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
  const policy = String(headers['content-security-policy'])
  expect(policy).toContain(`default-src 'none'; script-src 'self';`)
  expect(policy).toContain(`frame-ancestors 'none'`)
  expect(policy).not.toContain('unsafe-eval')
  expect((await ask('/assets/main-1.js')).headers['content-type']).toContain('text/javascript')
  expect((await ask('/', { method: 'HEAD' })).body).toBe('')
})

test.each(['/../secret.html', '/%2e%2e/secret.html', '/..%2fsecret.html', '//etc/passwd', '/assets/../../secret.html', '/assets', '/link.html', '/notes.txt', '/nope', '/INDEX.HTML'])(
  '%s is not here: only what was listed at the start is', async (target) => {
    const { status, body, headers } = await ask(target)
    expect(status).toBe(404)
    expect(body).not.toContain('secret')
    expect(headers['content-security-policy']).toBeDefined()
  })

test.each(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1', '127.0.0.1.evil.example', '0.0.0.0'])('a request for the name "%s" is refused', async (host) => {
  expect((await ask('/', { host })).status).toBe(403)
})
test('localhost is a name of this computer; writing is not offered', async () => {
  expect((await ask('/', { host: `localhost:${web.port}` })).status).toBe(200)
  expect((await ask('/', { method: 'POST' })).status).toBe(405)
})

test.each(['http://evil.example', 'null', 'http://127.0.0.1', 'https://127.0.0.1:PORT', 'http://localhost:PORT', 'http://127.0.0.1:PORT.evil.example'])(
  'a page from %s gets no link', async (origin) => {
    const socket = link('/rpc', { origin: origin.replace('PORT', String(web.port)) })
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toContain('403')
  })
test('a link for another name or another place is refused', async () => {
  for (const [name, more] of [['/rpc', { host: 'evil.example', origin: 'http://evil.example' }], ['/other', {}], ['/rpc?x', {}], ['/bytes/', {}]] as const) {
    const [error] = (await once(link(name, more), 'error')) as [Error]
    expect(error.message).toContain('403')
  }
})

test.each([
  ['wrong', JSON.stringify({ token: `${token}x` })], ['empty', JSON.stringify({ token: '' })], ['not JSON', 'token'], ['no text', JSON.stringify({ token: 7 })],
  ['binary', Buffer.from(JSON.stringify({ token }))], ['huge', JSON.stringify({ token: 'x'.repeat(5_000) })], ['a call', JSON.stringify({ i: '1', p: { u: '/system/chips' } })],
])('a first message that is %s closes the link with 4401, on both doors', async (_, message) => {
  for (const name of ['/rpc', '/bytes']) {
    const socket = link(name)
    await once(socket, 'open')
    socket.send(message)
    expect(await closeCode(socket)).toBe(4401)
  }
  expect(workbench.lanes).toHaveLength(0)
})

test('tokens are compared whole', () => {
  expect(sameToken(token, token)).toBe(true)
  expect(sameToken(token.slice(1), token)).toBe(false)
  expect(sameToken('', token)).toBe(false)
})

test('a call is answered; an error keeps code, message, context and hint', async () => {
  const { client } = await openRpc()
  expect(await client.system.chips({})).toEqual([{ name: 'hi3516ev300', loadAddress: 0x42000000 }])
  await expect(client.rack.power({ cameraId: 'cam-1' as never, action: 'on' })).rejects.toMatchObject({
    data: { code: 'pod/busy', message: 'cam-1 is in use by Restore', context: { holder: 'Restore', seconds: 7 }, hint: 'Wait for it' },
  })
})
test('a foreign error leaves without its text, which is in the log', async () => {
  const { client } = await openRpc()
  const error = await client.system.listFolder({ path: '/' }).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ORPCError)
  expect(error).toMatchObject({ data: { code: 'internal/bug' } })
  expect(JSON.stringify(error)).not.toContain('secret')
  expect(lines.join()).toContain('secret of the host')
})
test('a malformed request names its field', async () => {
  const { client } = await openRpc()
  await expect(client.rack.power({ cameraId: '../../x' as never, action: 'on' })).rejects.toMatchObject({ data: { code: 'input/malformed', message: expect.stringContaining('cameraId') as string } })
})
test('an error in the middle of a stream keeps its code as well', async () => {
  const { client } = await openRpc()
  const revisions: number[] = []
  const reading = (async () => { for await (const view of await client.rack.watch({})) revisions.push(view.revision) })()
  await expect(reading).rejects.toMatchObject({ data: { code: 'link/gap', hint: 'Subscribe again' } })
  expect(revisions).toEqual([1])
})
test('a link that closes ends its streams', async () => {
  const { client, socket } = await openRpc()
  for await (const status of await client.system.watchStatus({})) { expect(status.version).toBe('1'); break }
  const second = await client.system.watchStatus({})
  await second.next()
  socket.terminate()
  await workbench.streamEnded.promise
  expect(workbench.closed()).toBe(false)
})

test('bytes go both ways on the other door', async () => {
  const socket = link('/bytes')
  await once(socket, 'open')
  socket.send(JSON.stringify({ token }))
  socket.send('{"do":"watch"}')
  const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
  expect(isBinary).toBe(true)
  expect([...data]).toEqual([1, 2, 3])
  expect(workbench.laneMessages).toEqual(['{"do":"watch"}'])
  const gone = new Promise<void>((resolve) => { workbench.lanes[0]!.onClose(resolve) })
  socket.close()
  await gone
})
test('a message over the limit ends the link', async () => {
  const { socket } = await openRpc()
  socket.on('error', () => undefined)
  socket.send('x'.repeat(300_000))
  expect(await closeCode(socket)).toBe(1009)
})

test('a taken port and a missing page are told with the next step', async () => {
  await expect(serve(web.port)).rejects.toMatchObject({ code: 'host/port-in-use', context: { port: web.port } })
  rmSync(path.join(folder, 'renderer/index.html'))
  await expect(serve()).rejects.toMatchObject({ code: 'input/missing-file', hint: expect.stringContaining('npm run build') as string })
})
