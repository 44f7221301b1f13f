import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeNodeImage } from '../../../src/main/sim/node/nodeImage.ts'
import { ask, type Answer, leastBytes, openBench, rawAnswer, type RegistryBench } from '../../support/registryBench.ts'

const token = 'operator-token'
const wire = '/api/v1/firmware'
const image = makeNodeImage({ version: '0.8.0' })
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const upload = async (url: string, version: string, body: Uint8Array, more = ''): Promise<Answer> => ask(`${url}${wire}/upload?version=${version}${more}`, { method: 'POST', body, headers: { authorization: `Bearer ${token}` } })
const images = async ({ folder }: RegistryBench): Promise<string[]> => readdir(join(folder, 'images')).catch(() => [])

async function opened(): Promise<RegistryBench & { readonly url: string; readonly port: number }> {
  const bench = await openBench()
  const { url, port } = await bench.door(token)
  return { ...bench, url, port }
}

describe('what a node reads', () => {
  test('3.13 latest: the very bytes, their length, no chunks and no spaces', async () => {
    const { url, port } = await opened()
    await upload(url, '0.8.0', image)
    const raw = await rawAnswer(port, `GET ${wire}/latest HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`)
    const [head = '', body = ''] = raw.split('\r\n\r\n')
    expect(body).toBe(`{"available":true,"version":"0.8.0","sha256":"${sha256(image)}","size":262144,"compile_time":null,"download_url":"/api/v1/firmware/download"}`)
    expect(head).toMatch(/^HTTP\/1\.1 200 /)
    expect(head.toLowerCase()).toContain(`content-length: ${body.length}`)
    expect(head.toLowerCase()).not.toMatch(/transfer-encoding|content-encoding/)
    expect(head.toLowerCase()).toContain('cache-control: no-cache, no-store, must-revalidate')
    expect(body.length).toBeLessThan(4096)
  })
  test('latest of an empty registry is 200 and says so', async () => {
    const { url } = await opened()
    const answer = await ask(`${url}${wire}/latest`)
    expect([answer.status, answer.body.toString(), answer.headers['cache-control']]).toEqual([200, '{"available":false,"message":"no firmware is published"}', 'no-cache, no-store, must-revalidate'])
  })
  test('3.14 download: 404 when empty, all of it with five headers when set, 500 when the file is gone', async () => {
    const bench = await opened()
    expect((await ask(`${bench.url}${wire}/download`)).status).toBe(404)
    await upload(bench.url, '0.8.0', image)
    const whole = await ask(`${bench.url}${wire}/download`)
    expect(whole.status).toBe(200)
    expect(whole.headers).toMatchObject({
      'content-type': 'application/octet-stream', 'content-length': String(image.length), 'content-disposition': 'attachment; filename="esp32-csi-node-0.8.0.bin"',
      'x-firmware-version': '0.8.0', 'x-firmware-sha256': sha256(image), 'cache-control': 'no-cache, no-store, must-revalidate',
    })
    expect(whole.headers['transfer-encoding']).toBeUndefined()
    expect(whole.body.equals(image)).toBe(true)
    const [name = ''] = await images(bench)
    await rm(join(bench.folder, 'images', name))
    const gone = await ask(`${bench.url}${wire}/download`)
    expect(gone.status).toBe(500)
    expect(gone.body.toString()).not.toMatch(/\/|at .*\.ts/)
  })
  test('a file that was changed underneath is never served, also when it has the same length', async () => {
    const bench = await opened()
    await upload(bench.url, '0.8.0', image)
    expect((await ask(`${bench.url}${wire}/download`)).status).toBe(200)
    const [name = ''] = await images(bench)
    await writeFile(join(bench.folder, 'images', name), image.map((byte, index) => (index === 5_000 ? byte ^ 1 : byte)))
    expect((await ask(`${bench.url}${wire}/download`)).status).toBe(500)
  })
  test('ranges, ETag and If-Range', async () => {
    const { url } = await opened()
    await upload(url, '0.8.0', image)
    const get = async (headers: Readonly<Record<string, string>>): Promise<Answer> => ask(`${url}${wire}/download`, { headers })
    const etag = `"${sha256(image)}"`
    const part = await get({ range: 'bytes=1000-1999' })
    expect([part.status, part.headers['content-range'], part.headers['etag'], part.headers['content-length']]).toEqual([206, `bytes 1000-1999/${image.length}`, etag, '1000'])
    expect(part.body.equals(image.subarray(1000, 2000))).toBe(true)
    expect((await get({ range: 'bytes=262000-' })).body.equals(image.subarray(262_000))).toBe(true)
    expect((await get({ range: 'bytes=-10' })).body.equals(image.subarray(-10))).toBe(true)
    expect((await get({ range: `bytes=${image.length}-` })).status).toBe(416)
    expect((await get({ 'range': 'bytes=0-9', 'if-range': '"another"' })).status).toBe(200)
    expect((await get({ 'range': 'bytes=0-9', 'if-range': etag })).status).toBe(206)
    expect((await get({ range: 'bytes=0-1,5-6' })).status).toBe(200)
    expect((await get({ range: 'bytes=9-1' })).status).toBe(200)
    expect((await get({ 'if-none-match': etag })).status).toBe(304)
    const head = await ask(`${url}${wire}/download`, { method: 'HEAD' })
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(image.length), 0])
  })
  test('3.32 twenty downloads while another version is uploaded: each is one whole image with its own hash', async () => {
    const { url } = await opened()
    const big = makeNodeImage({ version: '0.8.0', sizeBytes: 1_200_000 })
    const next = makeNodeImage({ version: '0.9.0', sizeBytes: 1_100_000 })
    await upload(url, '0.8.0', big)
    const asked = Array.from({ length: 20 }, async () => ask(`${url}${wire}/download`))
    const uploading = upload(url, '0.9.0', next)
    const late = Array.from({ length: 20 }, async () => ask(`${url}${wire}/download`))
    for (const { body, headers } of await Promise.all([...asked, ...late])) expect([sha256(body), String(body.length)]).toEqual([headers['x-firmware-sha256'], headers['content-length']])
    expect((await uploading).status).toBe(200)
    expect((await ask(`${url}${wire}/download`)).headers['x-firmware-version']).toBe('0.9.0')
  })
  test('other products and channels have paths of their own', async () => {
    const { url } = await opened()
    const base = `${url}/api/v1/products/lamp/channels/developer/firmware`
    const lamp = makeNodeImage({ version: '2.0.0', project: 'lamp' })
    expect((await ask(`${base}/upload?version=2.0.0`, { method: 'POST', body: lamp, headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
    expect((await ask(`${base}/latest`)).json).toMatchObject({ version: '2.0.0', download_url: '/api/v1/products/lamp/channels/developer/firmware/download' })
    expect((await ask(`${base}/download`)).body.equals(lamp)).toBe(true)
    expect((await ask(`${url}${wire}/latest`)).json).toMatchObject({ available: false })
    expect((await ask(`${url}/api/v1/products/LAMP../channels/x/firmware/latest`)).status).toBe(400)
  })
  test('a node that hangs up before its question is looked at: no error in the log, and no node of that', async () => {
    const { url, port, logged, registry } = await opened()
    await upload(url, '0.8.0', image)
    for (const path of ['latest', 'download']) {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      // In one go: when the registry reads the question the line is gone, and with it the address of the other end.
      socket.write(`GET ${wire}/${path} HTTP/1.1\r\nHost: x\r\nX-Node-Id: hasty\r\n\r\n`)
      socket.resetAndDestroy()
      await once(socket, 'close')
    }
    expect((await ask(`${url}${wire}/latest`, { headers: { 'x-node-id': 'patient' } })).json).toMatchObject({ available: true })
    expect(logged).toEqual([])
    expect(registry.nodes.list({ limit: 9 }).map(({ id }) => id)).toEqual(['patient'])
  })
  test('who polled, from where and with what is known; nonsense about itself is not', async () => {
    const { url, registry } = await opened()
    await upload(url, '0.8.0', image)
    await ask(`${url}${wire}/latest`, { headers: { 'x-node-id': 'kitchen', 'x-firmware-version': '0.7.0' } })
    await ask(`${url}${wire}/latest?node=hall&running=0.8.0`)
    await ask(`${url}${wire}/latest`, { headers: { 'x-node-id': '../evil', 'x-firmware-version': 'a"b' } })
    await ask(`${url}${wire}/download`, { headers: { 'x-node-id': 'kitchen', 'x-firmware-version': '0.7.0' } })
    await expect.poll(() => registry.nodes.list({ limit: 9 }).find(({ id }) => id === 'kitchen')?.phase).toBe('fetched')
    expect(registry.nodes.list({ limit: 9 }).map(({ id, idFrom, running, phase }) => [id, idFrom, running, phase])).toEqual([
      ['kitchen', 'node', '0.7.0', 'fetched'], ['127.0.0.1', 'address', undefined, 'unknown'], ['hall', 'node', '0.8.0', 'running'],
    ])
    expect(registry.rollouts()).toMatchObject([{ version: '0.8.0', nodes: 3, counts: { fetched: 1, running: 1, unknown: 1 } }])
  })
})

describe('what an operator sends', () => {
  test('3.16 sizes: 262143 bytes are 400, 2097152 are taken, one more is 413', async () => {
    const bench = await opened()
    expect((await upload(bench.url, '0.8.0', new Uint8Array(leastBytes - 1))).status).toBe(400)
    const most = await upload(bench.url, '0.8.0', new Uint8Array(2_097_152))
    expect([most.status, most.json]).toMatchObject([200, { status: 'ok', version: '0.8.0', size: 2_097_152, published: false, note: expect.stringContaining('no node') as string }])
    expect((await upload(bench.url, '0.8.1', new Uint8Array(2_097_153))).status).toBe(413)
    expect(await images(bench)).toHaveLength(1)
  })
  test('3.17 a hash in capitals is right; a wrong one is 400, changes nothing and leaves no file', async () => {
    const bench = await opened()
    const right = await upload(bench.url, '0.8.0', image, `&sha256=${sha256(image).toUpperCase()}`)
    expect([right.status, right.json]).toEqual([200, { status: 'ok', version: '0.8.0', sha256: sha256(image), size: image.length, published: true }])
    const other = makeNodeImage({ version: '0.9.0' })
    for (const wrong of [sha256(image), 'abc', 'g'.repeat(64)]) expect((await upload(bench.url, '0.9.0', other, `&sha256=${wrong}`)).status).toBe(400)
    expect((await ask(`${bench.url}${wire}/latest`)).json).toMatchObject({ version: '0.8.0' })
    expect(await images(bench)).toHaveLength(1)
  })
  test.each(['nightly', '..%2F..%2Fetc%2F0.8.0', '%00', '0.8.0%22', `0.8.0-${'x'.repeat(40)}`, ''])('3.19 the version %j is 400 and leaves no file', async (version) => {
    const bench = await opened()
    expect((await upload(bench.url, version, image)).status).toBe(400)
    expect(await images(bench)).toEqual([])
    expect((await readdir(bench.folder)).filter((name) => !name.startsWith('registry.sqlite') && name !== 'images')).toEqual([])
  })
  test('an upload without a version is 400', async () => {
    const { url } = await opened()
    expect((await ask(`${url}${wire}/upload`, { method: 'POST', body: image, headers: { authorization: `Bearer ${token}` } })).status).toBe(400)
  })
  test('3.20 the same version with other bytes is 409; with the same bytes it is 200', async () => {
    const { url } = await opened()
    expect((await upload(url, '0.8.0', image)).status).toBe(200)
    expect((await upload(url, '0.8.0', image)).status).toBe(200)
    expect((await upload(url, '0.8.0', makeNodeImage({ version: '0.8.0', build: 2 }))).status).toBe(409)
    expect((await ask(`${url}${wire}/latest`)).json).toMatchObject({ sha256: sha256(image) })
  })
  test('without the token nothing is taken, and it stands in no log and no answer', async () => {
    const bench = await opened()
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${token}` }, { authorization: `Bearer ${token}x` }, { authorization: 'Bearer ' }]) {
      const answer = await ask(`${bench.url}${wire}/upload?version=0.8.0`, { method: 'POST', headers, body: image })
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer'])
      expect(answer.body.toString()).not.toContain(token)
    }
    expect(await images(bench)).toEqual([])
    await upload(bench.url, '0.8.0', image)
    expect(JSON.stringify([bench.logged, bench.audit.lines()])).not.toContain(token)
  })
  test('a registry without a token takes no uploads at all', async () => {
    const bench = await openBench()
    const { openRegistryDoor } = await import('../../../src/main/drivers/http/registryDoor.ts')
    const { sourceOf } = await import('../../../src/main/composition/registryDesk.ts')
    const { createRealClock } = await import('../../support/realClock.ts')
    const door = await openRegistryDoor({ source: sourceOf(bench.registry), clock: createRealClock(), address: '127.0.0.1', port: 0, token: undefined, log: () => undefined })
    try {
      expect((await ask(`${door.url}${wire}/upload?version=0.8.0`, { method: 'POST', body: image, headers: { authorization: 'Bearer undefined' } })).status).toBe(403)
    } finally {
      await door.close()
    }
  })
  test('an upload that ends in the middle leaves nothing', async () => {
    const bench = await opened()
    const socket = connect({ port: bench.port, host: '127.0.0.1' })
    socket.on('error', () => undefined)
    socket.write(`POST ${wire}/upload?version=0.8.0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${image.length}\r\n\r\n`)
    socket.write(image.subarray(0, 100_000))
    await expect.poll(async () => images(bench)).toHaveLength(1)
    socket.destroy()
    await expect.poll(async () => images(bench)).toEqual([])
    expect((await ask(`${bench.url}${wire}/latest`)).json).toMatchObject({ available: false })
  })
  test('a folder that cannot be written is 500 without a path in it, and what is published stays', async () => {
    const bench = await opened()
    await upload(bench.url, '0.8.0', image)
    await rm(join(bench.folder, 'images'), { recursive: true })
    await writeFile(join(bench.folder, 'images'), '')
    const answer = await upload(bench.url, '0.9.0', makeNodeImage({ version: '0.9.0' }))
    expect(answer.status).toBe(500)
    expect(answer.body.toString()).not.toContain(bench.folder)
    expect((await ask(`${bench.url}${wire}/latest`)).json).toMatchObject({ version: '0.8.0' })
  })
  test('other paths and methods are told off without a trace', async () => {
    const { url } = await opened()
    for (const [path, method] of [['/', 'GET'], ['/api/v1/firmware/../../etc/passwd', 'GET'], [`${wire}/latest`, 'DELETE'], [`${wire}/%ff`, 'GET']] as const) {
      const answer = await ask(`${url}${path}`, { method })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
      expect(answer.body.toString()).not.toMatch(/node_modules|\.ts/)
    }
  })
  test('a port that is taken is said', async () => {
    const bench = await openBench()
    const { port } = await bench.door()
    const { openRegistryDoor } = await import('../../../src/main/drivers/http/registryDoor.ts')
    const { sourceOf } = await import('../../../src/main/composition/registryDesk.ts')
    const { createRealClock } = await import('../../support/realClock.ts')
    await expect(openRegistryDoor({ source: sourceOf(bench.registry), clock: createRealClock(), address: '127.0.0.1', port, token: undefined, log: () => undefined })).rejects.toMatchObject({ code: 'host/port-in-use' })
  })
})
