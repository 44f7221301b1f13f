import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { referenceLayoutImages, writeReferenceLayout } from '../../src/main/sim/referenceLayout.ts'
import { runSim } from '../../src/main/sim/runSim.ts'
import { type SimAnnouncement, serveSimRack } from '../../src/main/sim/serveSimRack.ts'
import { createSimRack, type SimRackOptions } from '../../src/main/sim/simRack.ts'
import { bootStandIns } from '../../src/main/sim/standIns.ts'
import { denseBytes } from '../../src/main/sim/timing.ts'
import { openPlainTftpServer } from '../support/plainTftpServer.ts'
import { createUdpNetwork } from '../../src/main/sim/udpNetwork.ts'
import { encodeTestBlob } from '../support/bootBlob.ts'
import { createRealClock } from '../support/realClock.ts'

const realClock = createRealClock()
const undo: (() => Promise<unknown>)[] = []
afterEach(async () => { for (let next = undo.pop(); next; next = undo.pop()) await next() })

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sim-rack-'))
  undo.push(async () => rm(folder, { recursive: true, force: true }))
  return folder
}

async function serve(more: Partial<SimRackOptions> = {}): Promise<SimAnnouncement['pods'][number]> {
  const rack = createSimRack({ clock: realClock, pods: 1, speed: 'fast', ...more })
  undo.push(async () => rack.close())
  const served = await serveSimRack({ rack, host: '127.0.0.1', portBase: 0, clock: realClock, log: () => undefined, folder: await makeFolder() })
  undo.push(async () => served.close())
  return served.announcement.pods[0]!
}

interface Line { readonly socket: Socket; see(pattern: RegExp): Promise<string>; type(text: string): void }

/** A person on a TCP socket; the test's own time limit bounds the waiting. */
async function dial(uart: string): Promise<Line> {
  const { hostname, port } = new URL(uart)
  const socket = connect(Number(port), hostname)
  undo.push(async () => { socket.destroy() })
  let text = ''
  let waiting: (() => void)[] = []
  const wake = (): void => {
    const all = waiting
    waiting = []
    for (const each of all) each()
  }
  socket.on('data', (bytes) => { text += bytes.toString('latin1'); wake() })
  socket.on('error', () => undefined)
  socket.on('close', wake)
  await new Promise((resolve) => { socket.once('connect', resolve) })
  return {
    socket,
    type: (keys) => { socket.write(keys) },
    see: async (pattern) => {
      for (;;) {
        const found = pattern.exec(text)
        if (found) {
          const seen = text.slice(0, found.index + found[0].length)
          text = text.slice(seen.length)
          return seen
        }
        if (socket.destroyed) throw new Error(`closed after ${JSON.stringify(text.slice(-200))}`)
        await new Promise<void>((resolve) => { waiting.push(resolve) })
      }
    },
  }
}

const answerOf = async (url: string, method: string, body?: NonNullable<RequestInit['body']>): Promise<{ status: number; json: unknown }> => {
  const response = await fetch(url, { method, ...(body === undefined ? {} : { body }) })
  return { status: response.status, json: await response.json() }
}

describe('the pod on HTTP', () => {
  test('answers every endpoint, and only those', async () => {
    const { http } = await serve()
    const image = Buffer.from(denseBytes(50_000, 1))
    expect(await answerOf(`${http}/tftp`, 'GET')).toEqual({ status: 200, json: { files: [], max_size_bytes: 8_388_608, max_slots: 4, psram_free_bytes: 8_355_840, psram_largest_free_block: 8_355_840 } })
    expect(await answerOf(`${http}/tftp/uImage%2B1`, 'POST', image)).toEqual({ status: 200, json: { name: 'uImage+1', size: 50_000 } })
    expect((await answerOf(`${http}/tftp`, 'GET')).json).toMatchObject({ files: [{ name: 'uImage+1', size: 50_000, reads: 0 }] })
    expect(await answerOf(`${http}/tftp/uImage%2B1`, 'DELETE')).toEqual({ status: 200, json: { ok: true } })
    expect((await answerOf(`${http}/tftp/uImage%2B1`, 'DELETE')).status).toBe(404)
    expect(await answerOf(`${http}/tftp`, 'DELETE')).toEqual({ status: 200, json: { ok: true } })
    for (const action of ['off', 'on', 'cycle']) expect((await answerOf(`${http}/power/${action}`, 'POST')).status, action).toBe(200)
    expect((await answerOf(`${http}/uart/baud`, 'POST', '{"rate":115200}')).status).toBe(200)
    expect((await answerOf(`${http}/uart/baud`, 'POST', '{"rate":"fast"}')).status).toBe(400)
    expect((await answerOf(`${http}/uart/baud`, 'POST', 'no json')).status).toBe(400)
    expect((await answerOf(`${http}/nothing`, 'GET')).status).toBe(404)
    expect((await answerOf(`${http}/power/on`, 'GET')).status).toBe(405)
    expect((await answerOf(`${http}/tftp/a`, 'GET')).status).toBe(405)
    for (const name of ['', '%', 'a%2Fb', '%20', 'a%00']) expect((await answerOf(`${http}/tftp/${name}`, 'POST', image)).status, name).toBe(400)
  })
  test('keeps to its limits', async () => {
    const { http } = await serve()
    expect(await answerOf(`${http}/fastboot`, 'POST', Buffer.from(encodeTestBlob(1024, 1024 * 1024)))).toMatchObject({ status: 413, json: { error: 'too large' } })
    expect(await answerOf(`${http}/tftp/big`, 'POST', Buffer.alloc(8 * 1024 * 1024 + 1))).toMatchObject({ status: 413 })
    expect((await answerOf(`${http}/tftp/a`, 'POST', Buffer.alloc(6 * 1024 * 1024))).status).toBe(200)
    expect(await answerOf(`${http}/tftp/b`, 'POST', Buffer.alloc(4 * 1024 * 1024))).toEqual({ status: 503, json: { error: 'oom', requested: 4_194_304, psram_largest_free: 2_064_384 } })
    expect(await answerOf(`${http}/fastboot`, 'POST', Buffer.from('no blob'))).toMatchObject({ status: 400 })
    const endless = new ReadableStream({ pull: (controller) => { controller.enqueue(new Uint8Array(100_000)) } })
    await expect(fetch(`${http}/fastboot`, { method: 'POST', body: endless, duplex: 'half' } as RequestInit)
      // Cut off while it is still sending, a client sees the refusal or the closed line.
      .then(async (response) => { if (response.status === 413) throw new Error('refused') })).rejects.toThrow()
  })
  test('an upload in chunks works, and one that breaks off leaves nothing', async () => {
    const { http } = await serve()
    const pieces = new ReadableStream({ start: (controller) => { for (let count = 0; count < 5; count += 1) controller.enqueue(new Uint8Array(1000)); controller.close() } })
    const response = await fetch(`${http}/tftp/chunked`, { method: 'POST', body: pieces, duplex: 'half' } as RequestInit)
    expect(await response.json()).toEqual({ name: 'chunked', size: 5000 })
    const { hostname, port } = new URL(http)
    const half = connect(Number(port), hostname)
    await new Promise((resolve) => { half.write('POST /tftp/half HTTP/1.1\r\nHost: pod\r\nContent-Length: 100000\r\n\r\nonly this', resolve) })
    const reserved = async (): Promise<number> => ((await answerOf(`${http}/tftp`, 'GET')).json as { psram_free_bytes: number }).psram_free_bytes
    let left = await reserved()
    for (let round = 0; round < 200 && left > 8_355_840 - 100_000; round += 1) left = await reserved()
    expect(left).toBe(8_355_840 - 5 * 1024 - 98 * 1024)
    half.destroy()
    let seen = { files: [] as unknown[], psram_free_bytes: 0 }
    for (let round = 0; round < 200 && seen.psram_free_bytes !== 8_355_840 - 5 * 1024; round += 1) {
      seen = (await answerOf(`${http}/tftp`, 'GET')).json as typeof seen
    }
    expect(seen).toMatchObject({ files: [{ name: 'chunked', size: 5000, reads: 0 }], psram_free_bytes: 8_355_840 - 5 * 1024 })
  })
})

describe('a restore over sockets', () => {
  test('through the pod, with the stand-ins of the announcement', async () => {
    const { http, uart } = await serve()
    const { uboot } = bootStandIns()
    expect(uboot.length).toBe(236_195)
    expect(await answerOf(`${http}/fastboot`, 'POST', Buffer.from(encodeTestBlob(17_408, 236_195)))).toMatchObject({ status: 200, json: { success: true, last_phase: 'done' } })
    const line = await dial(uart)
    await line.see(/autoboot/)
    line.type('\x03')
    await line.see(/OpenIPC # /)
    const busy = await dial(uart)
    await new Promise((resolve) => { busy.socket.once('close', resolve) })
    expect(await answerOf(`${http}/fastboot`, 'POST', Buffer.from(encodeTestBlob(1024, 1024)))).toMatchObject({ status: 409, json: { success: false } })
    const [, , kernel] = referenceLayoutImages()
    await answerOf(`${http}/tftp/mtd2`, 'POST', Buffer.from(kernel!.bytes))
    const commands = ['sf probe 0', 'setenv ipaddr 192.168.1.20', 'setenv serverip 192.168.1.1', 'tftpboot 0x82000000 mtd2', 'sf erase 0x50000 0x300000', 'sf write 0x82000000 0x50000 0x300000']
    let answers = ''
    for (const command of commands) {
      line.type(`${command}\r`)
      answers += await line.see(/\r\nOpenIPC # /)
    }
    expect(answers).toContain('Bytes transferred = 3145728 (300000 hex)')
    expect(answers).toContain('Written: OK')
    line.type('reset\r')
    await line.see(/login: $/)
  })
  test('by a TFTP server on this computer', async () => {
    const network = createUdpNetwork()
    const { http, uart } = await serve({ network })
    const door = await network.bind('127.0.0.1', 0)
    const { port } = door
    await door.close()
    const server = await openPlainTftpServer(network, { address: '127.0.0.1', port }, { image: denseBytes(400_000, 9) }, realClock)
    undo.push(async () => server.close())
    await answerOf(`${http}/fastboot`, 'POST', Buffer.from(encodeTestBlob(1024, 1024)))
    const line = await dial(uart)
    await line.see(/autoboot/)
    line.type('\x03')
    await line.see(/OpenIPC # /)
    line.type(`setenv ipaddr 127.0.0.1; setenv serverip 127.0.0.1; setenv tftpdstp ${port}; tftpboot 0x42000000 image\r`)
    expect(await line.see(/Bytes transferred = \d+ /)).toContain('Bytes transferred = 400000 ')
  })
})

describe('for other programs', () => {
  test('one line of JSON, and every port is free after the signal', async () => {
    const folder = await makeFolder()
    const stop = new AbortController()
    const lines: string[] = []
    const running = new Promise<void>((resolve, reject) => {
      const ended = runSim({ pods: 2, portBase: 0, speed: 'fast', flashMb: 8, faults: [], host: '127.0.0.1', folder }, realClock, (text) => { lines.push(text); resolve() }, () => undefined, stop.signal)
      ended.catch(reject)
      undo.push(async () => ended)
    })
    await running
    const { pods, boot } = JSON.parse(lines[0]!) as SimAnnouncement
    expect(pods.map(({ camera }) => camera)).toEqual([
      { id: 'cam-1', chip: 'hi3516ev300', flashMb: 8 }, { id: 'cam-2', chip: 'hi3516ev300', flashMb: 8 },
    ])
    expect(JSON.parse(await readFile(boot.profile, 'utf8'))).toMatchObject({ ADDRESS: ['0x04013000', '0x04010500', '0x41000000'] })
    const uboot = await readFile(boot.uboot)
    expect(uboot.indexOf(Uint8Array.of(0x1f, 0x8b, 0x08))).toBe(17_408)
    stop.abort()
    await undo.pop()!()
    for (const url of pods.flatMap(({ http, uart }) => [http, uart])) {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      expect(await new Promise((resolve) => { socket.once('connect', () => { resolve('open') }); socket.once('error', (error: NodeJS.ErrnoException) => { resolve(error.code) }) }), url).toBe('ECONNREFUSED')
      socket.destroy()
    }
    expect(lines.length).toBe(1)
  })
  test('a port that is taken is named, and nothing stays open', async () => {
    const taken = await serve()
    const rack = createSimRack({ clock: realClock, pods: 2, speed: 'fast', powered: false })
    undo.push(async () => rack.close())
    const portBase = Number(new URL(taken.http).port)
    await expect(serveSimRack({ rack, host: '127.0.0.1', portBase, clock: realClock, log: () => undefined, folder: await makeFolder() }))
      .rejects.toMatchObject({ code: 'host/port-in-use', context: { port: portBase } })
  })
  test('the reference layout on disk is the one in memory', async () => {
    const folder = await makeFolder()
    await writeReferenceLayout(folder)
    for (const { name, bytes } of referenceLayoutImages()) expect(Buffer.compare(await readFile(join(folder, name)), bytes), name).toBe(0)
    expect(referenceLayoutImages().map(({ name, bytes }) => `${name} ${bytes.length / 1024}`)).toEqual(['mtd0 256', 'mtd1 64', 'mtd2 3072', 'mtd3 4272'])
  })
})
