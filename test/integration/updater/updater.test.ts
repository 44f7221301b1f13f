import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Answer, cutOff, redirect } from '../../support/fileServer.ts'
import { appliancePackage, hashHex, openUpdaterBench, type UpdaterBench, writeState } from '../../support/updaterBench.ts'

const bytes = appliancePackage('1.2.0')
const dayMs = 24 * 60 * 60 * 1000
const download = async (bench: UpdaterBench, change: object = {}): Promise<void> => { expect(await bench.ask('/api/v1.0/download', bench.request(bytes, change))).toMatchObject({ httpStatus: 200, code: 200, msg: 'success', data: null }) }
/** The line breaks once that much is on the disk. */
const cutWhenWritten = (bench: UpdaterBench, count: number): Answer => (response) => {
  response.writeHead(200, { 'content-length': bytes.length })
  response.write(bytes.subarray(0, count))
  const look = (left: number): void => {
    stat(join(bench.root, 'tmp/p.zip')).then(({ size }) => size, () => 0).then((size) => {
      if (size === count || left === 0) response.destroy()
      else setTimeout(look, 5, left - 1)
    }).catch(() => undefined)
  }
  look(1_000)
}
/** A package that is verified and waits. */
async function ready(): Promise<UpdaterBench> {
  const bench = await openUpdaterBench()
  bench.files.on('/p.zip', bytes)
  await download(bench)
  await bench.until('toInstall')
  return bench
}

describe('the updater over HTTP: download', () => {
  test('2.1 a good request is accepted at once and ends in toInstall; 2.10 the state says so and when', async () => {
    const bench = await openUpdaterBench()
    bench.files.on('/p.zip', bytes)
    expect(await bench.ask('/')).toMatchObject({ httpStatus: 200, status: 'ok', service: 'tope-updater', version: '2.0.0' })
    expect(await bench.ask('/api/v1.0/progress')).toMatchObject({ code: 200, data: { stage: 'idle', progress: 0, error: null } })
    await download(bench, { package_sha256: hashHex('sha256', bytes) })
    expect(await bench.until('toInstall')).toMatchObject({ code: 200, msg: 'success', data: { stage: 'toInstall', progress: 100, error: null } })
    expect(bench.log.map((line) => line.split(' ')[0]).filter((word, index, all) => all.indexOf(word) === index)).toEqual(expect.arrayContaining(['downloading', 'verifying', 'toInstall']))
    expect(await bench.state()).toMatchObject({ stage: 'toInstall', bytes_downloaded: bytes.length, verified_at: expect.stringMatching(/^\d{4}-.*Z$/) as string })
    expect(Buffer.compare(await readFile(join(bench.root, 'tmp/p.zip')), bytes)).toBe(0)
  })
  test('2.2 bad requests: HTTP 200 with code 400 each, and nothing is started', async () => {
    const bench = await openUpdaterBench()
    for (const change of [{ version: '1.2' }, { package_md5: 'a'.repeat(31) }, { package_size: 0 }, { package_url: 'ftp://h/x' }, { package_name: '../x.zip' }, { package_name: 'state.json' }, { package_name: 'State.json.tmp' }]) {
      expect(await bench.ask('/api/v1.0/download', bench.request(bytes, change))).toMatchObject({ httpStatus: 200, code: 400, msg: expect.stringMatching(/^VALIDATION_ERROR: /) as string })
    }
    for (const body of ['rubbish', '[]', '""', '{"__proto__":{"version":"1.2.3"}}', 'x'.repeat(100_000)]) expect(await bench.ask('/api/v1.0/download', body)).toMatchObject({ httpStatus: 200, code: 400 })
    expect(await bench.ask('/api/v1.0/nosuch')).toMatchObject({ httpStatus: 200, code: 404 })
    expect(await bench.ask('/api/v1.0/progress')).toMatchObject({ data: { stage: 'idle' } })
    expect(bench.files.asked).toEqual([])
  })
  test('2.4 a declared size that the body does not have: PACKAGE_SIZE_MISMATCH, file and state are gone', async () => {
    for (const package_size of [bytes.length + 1, bytes.length - 1]) {
      const bench = await openUpdaterBench()
      bench.files.on('/p.zip', bytes)
      await download(bench, { package_size })
      expect(await bench.until('failed')).toMatchObject({ code: 500, stage: 'failed', msg: expect.stringMatching(/^Update failed: PACKAGE_SIZE_MISMATCH/) as string })
      expect(await bench.names('tmp')).toEqual([])
    }
  })
  test('2.5 a connection that closes half-way: failed, and never toInstall', async () => {
    const bench = await openUpdaterBench()
    bench.files.on('/p.zip', cutOff(bytes, 468))
    await download(bench)
    expect(await bench.until('failed', 'toInstall')).toMatchObject({ data: { stage: 'failed', error: expect.stringMatching(/INCOMPLETE_DOWNLOAD|DOWNLOAD_FAILED/) as string } })
  })
  test('a wrong MD5: the file goes, the state says failed with 0 bytes and 100 %', async () => {
    const bench = await openUpdaterBench()
    bench.files.on('/p.zip', bytes)
    await download(bench, { package_md5: 'b'.repeat(32) })
    expect(await bench.until('failed')).toMatchObject({ data: { progress: 100, error: `MD5_MISMATCH: expected ${'b'.repeat(32)}, got ${hashHex('md5', bytes)}` } })
    expect(await bench.state()).toMatchObject({ stage: 'failed', bytes_downloaded: 0 })
    expect(await bench.names('tmp')).toEqual(['state.json'])
    await download(bench, { package_sha256: 'c'.repeat(64) })
    expect(await bench.until('failed')).toMatchObject({ data: { error: expect.stringContaining('SHA256_MISMATCH') as string } })
  })
  test('2.7 503, 503, 200: there after 1 s and 2 s; 2.8 four errors: DOWNLOAD_FAILED after 7 s of waits, 403 at once', async () => {
    const statuses = [503, 503, 200]
    const first = await openUpdaterBench()
    first.files.on('/p.zip', (response) => { const status = statuses.shift() ?? 500; response.writeHead(status).end(status === 200 ? bytes : 'sorry') })
    await download(first)
    await first.until('toInstall')
    expect(first.clock.skipped).toEqual([1_000, 2_000])
    for (const [status, waits] of [[503, [1_000, 2_000, 4_000]], [404, [1_000, 2_000, 4_000]], [403, []]] as const) {
      const bench = await openUpdaterBench()
      bench.files.on('/p.zip', (response) => { response.writeHead(status).end('no') })
      await download(bench)
      expect(await bench.until('failed')).toMatchObject({ data: { error: expect.stringMatching(new RegExp(`^DOWNLOAD_FAILED: .*${status}`)) as string } })
      expect(bench.clock.skipped).toEqual(waits)
      expect(bench.files.asked).toHaveLength(waits.length + 1)
    }
  })
  test('a beginning is continued where the server says that it continues it', async () => {
    const bench = await openUpdaterBench()
    bench.files.on('/p.zip', cutWhenWritten(bench, 300))
    await download(bench)
    await bench.until('failed')
    expect((await stat(join(bench.root, 'tmp/p.zip'))).size).toBe(300)
    let asked: string | undefined
    bench.files.on('/p.zip', (response, request) => { asked = request.headers.range; response.writeHead(206, { 'content-range': `bytes 300-${bytes.length - 1}/${bytes.length}`, 'content-length': bytes.length - 300 }).end(bytes.subarray(300)) })
    await download(bench)
    await bench.until('toInstall')
    expect(asked).toBe('bytes=300-')
  })
  test.each([
    ['200 instead: from the start', 200, {}, 0], ['206 of another part: from the start', 206, { 'content-range': `bytes 200-${bytes.length - 1}/${bytes.length}` }, 200],
    ['206 of another length: from the start', 206, { 'content-range': `bytes 300-999999/1000000` }, 300], ['416: from the start', 416, {}, 0],
  ])('%s, never patched together', async (_, status, headers, from) => {
    const bench = await openUpdaterBench()
    bench.files.on('/p.zip', cutWhenWritten(bench, 300))
    await download(bench)
    await bench.until('failed')
    bench.files.on('/p.zip', (response, request) => {
      if (request.headers.range === undefined) response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
      else response.writeHead(status, headers).end(status === 416 ? '' : bytes.subarray(from))
    })
    await download(bench)
    await bench.until('toInstall')
    expect(Buffer.compare(await readFile(join(bench.root, 'tmp/p.zip')), bytes)).toBe(0)
  })
  test('a page with status 200, a redirect to another host, a packed body: refused', async () => {
    const answers = [
      ['sent a page and no package', (response: ServerResponse) => { response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>Sorry</h1>') }],
      ['leads to another place, http://127.0.0.2:9', redirect('http://127.0.0.2:9/p.zip')],
      ['sent a part of a file that nobody asked for', (response: ServerResponse) => { response.writeHead(206, { 'content-range': 'bytes 0-9/10' }).end('0123456789') }],
      // Unpacked, it would be the very file.
      ['packs the file on its way', (response: ServerResponse) => { response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes)) }],
    ] as const
    for (const [why, answer] of answers) {
      const bench = await openUpdaterBench()
      bench.files.on('/p.zip', answer)
      await download(bench)
      expect(await bench.until('failed')).toMatchObject({ data: { error: expect.stringMatching(new RegExp(`^DOWNLOAD_FAILED: .*${why}`)) as string } })
      expect(bench.clock.skipped).toEqual([])
    }
  })
  test('2.40 progress is told at each 5 % and never waited for; two downloads at once: 409 with stage and progress', async () => {
    const heard: { stage: string; progress: number }[] = []
    const sink = createServer((request, response) => {
      let text = ''
      request.on('data', (piece: Buffer) => { text += piece.toString() }).on('end', () => { heard.push(JSON.parse(text) as { stage: string; progress: number }); response.end('{}') })
    })
    await new Promise<void>((resolve) => { sink.listen(0, '127.0.0.1', resolve) })
    onTestFinished(async () => { sink.closeAllConnections(); await new Promise((resolve) => { sink.close(resolve) }) })
    const { port } = sink.address() as AddressInfo
    const large = appliancePackage('1.2.0', 'works', [{ name: 'filler', bytes: crypto.getRandomValues(new Uint8Array(60_000)) }])
    const bench = await openUpdaterBench({ report: `http://127.0.0.1:${port}/api/v1.0/ota/report` })
    const gate: { go?: () => void } = {}
    const piece = Math.ceil(large.length / 20)
    bench.files.on('/p.zip', (response) => {
      response.writeHead(200, { 'content-length': large.length })
      // Each piece only after the one before was told: on a busy computer two of them would arrive as one.
      const send = async (from: number): Promise<void> => {
        for (let attempt = 0; from > piece && !heard.some(({ progress }) => progress >= Math.floor((100 * from) / large.length)) && attempt < 1000; attempt += 1) await new Promise((resolve) => { setTimeout(resolve, 2) })
        if (from >= large.length) { response.end(); return }
        response.write(large.subarray(from, from + piece))
        if (from > 0) await send(from + piece)
        else gate.go = () => { void send(piece) }
      }
      void send(0)
    })
    expect(await bench.ask('/api/v1.0/download', bench.request(large))).toMatchObject({ code: 200 })
    await bench.until('downloading')
    expect(await bench.ask('/api/v1.0/download', bench.request(large))).toMatchObject({ httpStatus: 200, code: 409, stage: 'downloading', progress: expect.any(Number) as number })
    expect(await bench.ask('/api/v1.0/update', { version: '1.2.0' })).toMatchObject({ code: 409, msg: expect.stringContaining('DOWNLOAD_INCOMPLETE') as string })
    for (let attempt = 0; gate.go === undefined && attempt < 1000; attempt += 1) await new Promise((resolve) => { setTimeout(resolve, 5) })
    gate.go?.()
    await bench.until('toInstall')
    for (let attempt = 0; heard.at(-1)?.stage !== 'toInstall' && attempt < 1000; attempt += 1) await new Promise((resolve) => { setTimeout(resolve, 5) })
    const steps = new Set(heard.filter(({ stage }) => stage === 'downloading').map(({ progress }) => Math.floor(progress / 5)))
    expect([...steps].length).toBeGreaterThanOrEqual(20)
    expect(heard.slice(-2).map(({ stage }) => stage)).toEqual(['verifying', 'toInstall'])
  })
})

describe('the updater over HTTP: update', () => {
  test('download, update, success: the new version runs, state and package are gone', async () => {
    const bench = await ready()
    expect(await bench.ask('/api/v1.0/update', { version: '1.2.0' })).toMatchObject({ httpStatus: 200, code: 200, msg: 'success', data: null })
    expect(await bench.until('success', 'failed')).toMatchObject({ data: { stage: 'success', progress: 100 } })
    expect([await bench.link('current'), await bench.link('previous'), await bench.link('factory')]).toEqual(['v1.2.0', 'v1.1.0', 'v1.0.0'])
    expect(await bench.names('tmp')).toEqual([])
    expect(await readFile(join(bench.root, 'run/units/.calls'), 'utf8')).toMatch(/stop motion-control[^]*stop device-api[^]*start device-api[^]*start motion-control/)
    expect((await stat(join(bench.root, 'opt/tope/versions/current/services/device-api/device-api'))).mode & 0o777).toBe(0o755)
  })
  test('2.11 exactly 24 h later it is accepted; a second more: 410 PACKAGE_EXPIRED, and the files are gone', async () => {
    const bench = await ready()
    const { verified_at: verifiedAt } = await bench.state() ?? {}
    bench.clock.jump(Date.parse(String(verifiedAt)) + dayMs + 1_000 - bench.clock.wallMs())
    expect(await bench.ask('/api/v1.0/update', { version: '1.2.0' })).toMatchObject({ httpStatus: 200, code: 410, msg: expect.stringMatching(/^PACKAGE_EXPIRED: /) as string, stage: 'failed' })
    expect(await bench.names('tmp')).toEqual([])
    // Expired or not, it can be had again.
    await download(bench)
    await bench.until('toInstall')
    bench.clock.jump(dayMs - 60_000)
    expect(await bench.ask('/api/v1.0/update', { version: '1.2.0' })).toMatchObject({ code: 200 })
    await bench.until('success', 'failed')
  })
  test('a clock that is set back lengthens nothing: what was verified a day of running ago is over, whatever the wall says', async () => {
    const bench = await ready()
    bench.clock.setBack(dayMs - 60_000)
    bench.clock.jump(dayMs + 2_000)
    expect(bench.clock.wallMs()).toBeLessThan(Date.parse(String((await bench.state())?.['verified_at'])) + dayMs)
    expect(await bench.ask('/api/v1.0/update', { version: '1.2.0' })).toMatchObject({ code: 410, stage: 'failed' })
    // Set back while nothing ran: so much of its day is over.
    await download(bench)
    await bench.until('toInstall')
    await bench.stop()
    bench.clock.setBack(dayMs - 60_000)
    await bench.start()
    await bench.until('toInstall')
    bench.clock.jump(120_000)
    expect(await bench.ask('/api/v1.0/update', { version: '1.2.0' })).toMatchObject({ code: 410 })
  })
  test('the version that runs is not installed once more, and is not called the one before', async () => {
    const bench = await openUpdaterBench()
    const same = appliancePackage('1.1.0')
    bench.files.on('/p.zip', same)
    expect(await bench.ask('/api/v1.0/download', bench.request(same, { version: '1.1.0' }))).toMatchObject({ code: 200 })
    await bench.until('toInstall')
    await bench.ask('/api/v1.0/update', { version: '1.1.0' })
    expect(await bench.until('failed')).toMatchObject({ data: { error: expect.stringContaining('VERSION_EXISTS') as string, message: 'Failed; 1.1.0 runs, as before' } })
  })
  test('an expired package does not stand in the way of its own second download', async () => {
    const bench = await ready()
    expect(await bench.ask('/api/v1.0/download', bench.request(bytes))).toMatchObject({ code: 409, stage: 'toInstall' })
    bench.clock.jump(dayMs + 1_000)
    await download(bench)
    await bench.until('toInstall')
    expect(bench.files.asked).toHaveLength(2)
  })
  test('2.13 another version than the one that is there: 404', async () => {
    expect(await (await ready()).ask('/api/v1.0/update', { version: '9.9.9' })).toMatchObject({ httpStatus: 200, code: 404, msg: expect.stringMatching(/^PACKAGE_NOT_FOUND/) as string })
  })
  test('2.14 an update in idle: 409', async () => {
    expect(await (await openUpdaterBench()).ask('/api/v1.0/update', { version: '1.2.0' })).toMatchObject({ httpStatus: 200, code: 409, stage: 'idle', progress: 0 })
  })
  test('a package that is not what it should be ends in failed, with the old version running and no folder left', async () => {
    const bench = await openUpdaterBench()
    const evil = appliancePackage('1.2.0', 'works', [{ name: '../x', bytes: Buffer.from('x') }])
    bench.files.on('/p.zip', evil)
    await bench.ask('/api/v1.0/download', bench.request(evil))
    await bench.until('toInstall')
    await bench.ask('/api/v1.0/update', { version: '1.2.0' })
    expect(await bench.until('success', 'failed')).toMatchObject({ code: 500, data: { error: expect.stringMatching(/^DEPLOYMENT_FAILED: INVALID_PACKAGE: .*points outside/) as string } })
    expect(await bench.names('opt/tope/versions')).toEqual(['current', 'factory', 'previous', 'v1.0.0', 'v1.1.0'])
    expect(await bench.link('current')).toBe('v1.1.0')
  })
  test('a package that the disk has changed since it was verified is not installed', async () => {
    const bench = await ready()
    await writeFile(join(bench.root, 'tmp/p.zip'), bytes.map((byte, index) => (index === 60 ? byte ^ 1 : byte)))
    await bench.ask('/api/v1.0/update', { version: '1.2.0' })
    expect(await bench.until('success', 'failed')).toMatchObject({ data: { error: expect.stringContaining('MD5_MISMATCH') as string } })
    expect(await bench.link('current')).toBe('v1.1.0')
  })
  test('a service that does not start: level 1, and failed all the same', async () => {
    const bench = await openUpdaterBench()
    const sick = appliancePackage('1.2.0', 'refuses')
    bench.files.on('/p.zip', sick)
    await bench.ask('/api/v1.0/download', bench.request(sick))
    await bench.until('toInstall')
    await bench.ask('/api/v1.0/update', { version: '1.2.0' })
    expect(await bench.until('success', 'failed')).toMatchObject({ data: { error: expect.stringMatching(/SERVICE_START_FAILED.*ROLLBACK_LEVEL_1_SUCCESS: 1\.1\.0/) as string } })
    expect(await bench.link('current')).toBe('v1.1.0')
  })
})

describe('what a start finds', () => {
  test.each([
    ['downloading', {}, 'idle', []], ['verifying', { stage: 'verifying', bytes_downloaded: 100 }, 'idle', []],
    ['failed', { stage: 'failed' }, 'failed', ['p.zip', 'state.json']], ['more bytes than the package has', { stage: 'failed', bytes_downloaded: 101 }, 'idle', []],
    ['a package that was verified long ago', { stage: 'toInstall', verified_at: '2020-01-01T00:00:00Z' }, 'idle', []],
    ['a package that does not verify any more', { stage: 'toInstall', verified_at: new Date().toISOString() }, 'idle', []],
    ['an installation that touched nothing', { stage: 'installing' }, 'failed', ['p.zip', 'state.json']],
  ])('2.37 %s', async (_, change, stage, left) => {
    const bench = await openUpdaterBench({ before: async (root) => { await writeState(change)(root); await writeFile(join(root, 'tmp/p.zip'), 'x'.repeat(50)); await writeFile(join(root, 'tmp/orphan.zip'), 'x') } })
    // Waits for the end of the start, as every request does.
    await bench.ask('/api/v1.0/update', { version: '9.9.9' })
    expect((await bench.ask('/api/v1.0/progress')).data?.stage).toBe(stage)
    await bench.stop()
    expect(await bench.names('tmp')).toEqual(left)
    expect(await bench.link('current')).toBe('v1.1.0')
  })
  test('2.37 garbage', async () => {
    const bench = await openUpdaterBench({ before: async (root) => { await writeState({})(root); await writeFile(join(root, 'tmp/state.json'), '{"version":') } })
    await bench.ask('/api/v1.0/update', { version: '9.9.9' })
    expect((await bench.ask('/api/v1.0/progress')).data?.stage).toBe('idle')
    await bench.stop()
    expect(await bench.names('tmp')).toEqual([])
  })
  test('a package that was verified is still there after a restart', async () => {
    const bench = await ready()
    await bench.stop()
    await bench.start()
    expect(await bench.ask('/api/v1.0/update', { version: '1.2.0' })).toMatchObject({ code: 200 })
    expect(await bench.until('success', 'failed')).toMatchObject({ data: { stage: 'success' } })
  })
  test('a tmp that is everybody\'s is not taken for its own', async () => {
    const bench = await openUpdaterBench()
    await bench.stop()
    await writeFile(join(bench.root, 'tmp/foreign'), 'x')
    await chmod(join(bench.root, 'tmp'), 0o1777)
    await expect(bench.start()).rejects.toMatchObject({ code: 'input/conflict', message: expect.stringContaining('is everybody\'s') as string })
    expect(await bench.names('tmp')).toEqual(['foreign'])
    await chmod(join(bench.root, 'tmp'), 0o755)
    await bench.start()
  })
  test('a port that is taken is refused in words, and nothing of the other one is touched', async () => {
    const bench = await ready()
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => { other.close() })
    await new Promise((resolve) => { other.once('listening', resolve) })
    await bench.stop()
    const { port } = other.address() as AddressInfo
    await expect(bench.start({ port })).rejects.toMatchObject({ code: 'host/port-in-use', message: expect.stringContaining('is an updater running already?') as string })
    expect(await bench.names('tmp')).toEqual(['p.zip', 'state.json'])
  })
})
