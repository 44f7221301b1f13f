import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findBootFiles } from '../../src/main/drivers/files/bootFiles.ts'
import { createUbootImages, publicUbootUrl, type UbootImages } from '../../src/main/drivers/profiles/ubootImages.ts'
import { type Answer, cutOff, type FileServer, openFileServer, redirect, stalled } from '../support/fileServer.ts'
import { createRealClock } from '../support/realClock.ts'

const { signal } = new AbortController()
const uboot = (seed = 1): Uint8Array => Uint8Array.from({ length: 9000 }, (_, index) => (index * 7 + seed) | 0x80)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const name = 'u-boot-hi3516ev300-universal.bin'
let server: FileServer
let folder = ''
const images = (more: { readonly baseUrl?: string; readonly limitMs?: number; readonly fetch?: typeof fetch } = {}): UbootImages =>
  createUbootImages({ dataFolder: folder, fetch, clock: createRealClock(), baseUrl: server.url, ...more })
const held = async (): Promise<readonly string[]> => readdir(join(folder, 'uboot')).catch(() => [])
const refused = (code: string, message: RegExp): unknown => expect.objectContaining({ name: 'WorkbenchError', code, message: expect.stringMatching(message) as unknown })

beforeEach(async () => {
  server = await openFileServer()
  folder = await mkdtemp(join(tmpdir(), 'rackbench-uboot-'))
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

describe('first use', () => {
  test('downloaded, kept with its record, and used again without a network', async () => {
    server.on(`/${name}`, uboot())
    expect(await images().get('hi3516ev300', signal)).toMatchObject({ from: 'download', sha256: sha256(uboot()), path: join(folder, 'uboot', name) })
    expect(await held()).toEqual([name, `${name}.json`])
    expect(JSON.parse(await readFile(join(folder, 'uboot', `${name}.json`), 'utf8'))).toMatchObject({ version: 1, url: `${server.url}${name}`, etag: '"one"', sizeBytes: 9000, sha256: sha256(uboot()) })
    const offline = images({ fetch: async () => { throw new Error('offline') } })
    expect(await offline.get('hi3516ev300', signal)).toMatchObject({ from: 'cache', bytes: Buffer.from(uboot()) })
    expect(await offline.cached('hi3516ev300', signal)).toMatchObject({ from: 'cache' })
    expect(server.asked).toEqual([`/${name}`])
    expect(await offline.list()).toEqual(['hi3516ev300'])
  })

  test('it lies where the restore looks for it', async () => {
    server.on(`/${name}`, uboot())
    await images().get('hi3516ev300', signal)
    const found = await findBootFiles({ chip: 'hi3516ev300', ubootName: 'hi3516ev300', profilePath: undefined, ubootPath: undefined, dataFolder: folder })
    expect(found.uboot).toMatchObject({ bytes: Buffer.from(uboot()) })
  })

  test('a file that somebody put there is taken, and watched from then on', async () => {
    await mkdir(join(folder, 'uboot'))
    await writeFile(join(folder, 'uboot', name), uboot())
    expect(await images().get('hi3516ev300', signal)).toMatchObject({ from: 'cache' })
    expect(await held()).toEqual([name, `${name}.json`])
  })

  test('redirects are followed, to another host as well', async () => {
    server.on('/moved/u-boot-hi3516ev300-universal.bin', redirect('/again'))
    server.on('/again', redirect(`${server.url}files/x?token=secret`, 307))
    server.on('/files/x', uboot())
    expect(await images({ baseUrl: `${server.url}moved` }).get('hi3516ev300', signal)).toMatchObject({ from: 'download' })
  })

  test('a chosen file', async () => {
    await writeFile(join(folder, 'mine.bin'), uboot(9))
    expect(await images().adopt('hi3516ev300', join(folder, 'mine.bin'), signal)).toMatchObject({ from: 'file', sha256: sha256(uboot(9)) })
    expect(await images().cached('hi3516ev300', signal)).toMatchObject({ sha256: sha256(uboot(9)) })
    await expect(images().adopt('hi3516ev300', join(folder, 'other.bin'), signal)).rejects.toEqual(refused('input/not-found', /other.bin is not there/))
  })

  test('the public address is the default', () => { expect(publicUbootUrl).toBe('https://github.com/OpenIPC/firmware/releases/download/latest/') })
})

describe('a download that is not whole leaves nothing', () => {
  const chunked: Answer = (response) => { response.writeHead(200); response.write(uboot().subarray(0, 2000), () => { response.destroy() }) }
  test.each<[string, Answer | Uint8Array | undefined, string, RegExp]>([
    ['404', undefined, 'input/not-found', /does not exist/],
    ['503', (response) => { response.writeHead(503).end() }, 'link/garbled', /answered with 503/],
    ['403', (response) => { response.writeHead(403).end() }, 'host/no-permission', /may not be read/],
    ['206', (response) => { response.writeHead(206).end(uboot()) }, 'link/garbled', /answered with 206/],
    ['cut off', cutOff(uboot(), 3000), 'link/closed', /was cut off/],
    ['cut off without a length', chunked, 'link/closed', /was cut off/],
    ['more than announced', (response) => { response.writeHead(200, { 'content-length': '5000000' }); response.end(uboot()) }, 'input/too-large', /is larger than 4194304/],
    ['without end', (response) => { response.writeHead(200); const more = (): void => { if (!response.destroyed) response.write(new Uint8Array(262_144).fill(0x80), more) }; more() }, 'input/too-large', /is larger than 4194304/],
    ['a page', new TextEncoder().encode(`<html>${' '.repeat(2000)}`), 'input/malformed', /is no U-Boot image: it is a text page/],
    ['a page as large as a U-Boot', new TextEncoder().encode(`<html>${' '.repeat(200_000)}`), 'input/malformed', /is no U-Boot image: it is a text page/],
    ['an answer in JSON as large as a U-Boot', new TextEncoder().encode(`{"message":"${' '.repeat(200_000)}"}`), 'input/malformed', /is no U-Boot image: it is a text page/],
    ['too short', uboot().subarray(0, 1000), 'input/malformed', /it has 1000 bytes/],
    ['smaller than any SPL, which no plan would take', uboot().subarray(0, 8_191), 'input/malformed', /it has 8191 bytes/],
    ['nothing', new Uint8Array(), 'input/malformed', /it has 0 bytes/],
    ['a ring', redirect(`/${name}`), 'link/garbled', /from one address to the next, more than 5 times/],
    ['a file address', redirect('file:///etc/passwd'), 'link/garbled', /no web address/],
    ['a redirect to nowhere', (response) => { response.writeHead(302).end() }, 'link/garbled', /no web address/],
  ])('%s', async (_, answer, code, message) => {
    if (answer) server.on(`/${name}`, answer)
    await expect(images().get('hi3516ev300', signal)).rejects.toEqual(refused(code, message))
    expect(await held()).toEqual([])
  })

  test('a server that stops in the middle', async () => {
    server.on(`/${name}`, stalled(uboot()))
    await expect(images({ limitMs: 300 }).get('hi3516ev300', signal)).rejects.toEqual(refused('link/timeout', /no result within 300 ms/))
    expect(await held()).toEqual([])
  })

  test('a server that says nothing, and a person who does not want to wait', async () => {
    server.on(`/${name}`, () => undefined)
    await expect(images({ limitMs: 300 }).get('hi3516ev300', signal)).rejects.toEqual(refused('link/timeout', /no result/))
    const stop = new AbortController()
    const asking = images().get('hi3516ev300', stop.signal)
    stop.abort(new Error('enough'))
    await expect(asking).rejects.toThrow('enough')
  })

  test('nobody there, and no password in the words', async () => {
    await expect(images({ baseUrl: 'http://me:hunter2@127.0.0.1:1/a?key=hunter2' }).get('hi3516ev300', signal)).rejects.toSatisfy((error: unknown) => error instanceof Error && !error.message.includes('hunter2'))
  })

  test('from an encrypted address to one without', async () => {
    const toPlain: typeof fetch = async (_url, init) => fetch(`${server.url}secure`, init)
    server.on('/secure', redirect(`${server.url}plain`))
    server.on('/plain', uboot())
    await expect(images({ baseUrl: 'https://example.invalid/', fetch: toPlain }).get('hi3516ev300', signal)).rejects.toEqual(refused('link/garbled', /without encryption/))
    expect(server.asked).toEqual(['/secure'])
  })

  test.each(['ftp://x/', 'file:///tmp/', 'nonsense', ''])('%j is no address for it', async (baseUrl) => {
    await expect(images({ baseUrl }).get('hi3516ev300', signal)).rejects.toEqual(refused('input/malformed', /no web address/))
  })

  test.each(['../x', 'a/b', 'A', '', '.x', 'x'.repeat(40)])('%j is no name of a build', async (given) => {
    await expect(images().get(given, signal)).rejects.toEqual(refused('input/malformed', /is not the name of a U-Boot build/))
    expect(server.asked).toEqual([])
  })
})

describe('another content than before is never used silently', () => {
  beforeEach(async () => {
    server.on(`/${name}`, uboot())
    await images().get('hi3516ev300', signal)
  })

  test('one byte of the kept file changed', async () => {
    await writeFile(join(folder, 'uboot', name), uboot(2))
    for (const ask of [async () => images().get('hi3516ev300', signal), async () => images().cached('hi3516ev300', signal)]) {
      await expect(ask()).rejects.toEqual(refused('input/conflict', /is not the file that was used before/))
    }
    await expect(images().get('hi3516ev300', signal)).rejects.toMatchObject({ context: { expected: sha256(uboot()), found: sha256(uboot(2)) }, hint: expect.stringContaining('on purpose') as unknown })
  })

  test('the kept file cut short, or gone', async () => {
    await writeFile(join(folder, 'uboot', name), uboot().subarray(0, 900))
    await expect(images().get('hi3516ev300', signal)).rejects.toEqual(refused('input/malformed', /it has 900 bytes/))
    await rm(join(folder, 'uboot', name))
    await expect(images().cached('hi3516ev300', signal)).rejects.toEqual(refused('input/missing-file', /is not here yet/))
  })

  test('the record damaged: nothing is taken on trust', async () => {
    await writeFile(join(folder, 'uboot', `${name}.json`), '{"version":1}')
    await expect(images().get('hi3516ev300', signal)).rejects.toEqual(refused('input/malformed', /is damaged, so nothing shows/))
  })

  test('a new release: refused, then taken on request', async () => {
    expect(await images().refresh('hi3516ev300', { acceptOther: false }, signal)).toMatchObject({ sha256: sha256(uboot()) })
    server.on(`/${name}`, uboot(3))
    await expect(images().refresh('hi3516ev300', { acceptOther: false }, signal)).rejects.toEqual(refused('input/conflict', /holds another file than the one that was used before/))
    expect(await images().get('hi3516ev300', signal)).toMatchObject({ from: 'cache', sha256: sha256(uboot()) })
    expect(await images().refresh('hi3516ev300', { acceptOther: true }, signal)).toMatchObject({ from: 'download', sha256: sha256(uboot(3)) })
    expect(await images().get('hi3516ev300', signal)).toMatchObject({ from: 'cache', sha256: sha256(uboot(3)) })
    expect(await held()).toEqual([name, `${name}.json`])
  })

  test('gone and downloaded again with another content: told as well', async () => {
    await rm(join(folder, 'uboot', name))
    server.on(`/${name}`, uboot(4))
    await expect(images().get('hi3516ev300', signal)).rejects.toEqual(refused('input/conflict', /another file than the one/))
    expect(await held()).toEqual([`${name}.json`])
  })
})
