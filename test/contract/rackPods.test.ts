import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createRackPodClient } from '../../src/main/drivers/http/rackPodClient.ts'
import { createRackPodPower } from '../../src/main/drivers/power/rackPodPower.ts'
import { serveSimRack } from '../../src/main/sim/serveSimRack.ts'
import { createSimRack } from '../../src/main/sim/simRack.ts'
import type { RackPod } from '../../src/shared/devices/rackPod.ts'
import { createDeferred } from '../../src/shared/lifecycle/signals.ts'
import { encodeTestBlob } from '../support/bootBlob.ts'
import { type HttpPod, serveHttpPod } from '../support/httpPod.ts'
import { createRealClock } from '../support/realClock.ts'
import { createVirtualClock } from '../support/virtualClock.ts'
import { describeRackPod } from './rackPod.contract.ts'

const realClock = createRealClock()
const never = new AbortController().signal

describeRackPod('client over HTTP', async () => {
  const server = await serveHttpPod()
  return { pod: createRackPodClient({ baseUrl: server.baseUrl, clock: realClock }), goodBlob: new Uint8Array(41_834), run: async (work) => work, dispose: server.close }
})

describe('the client on the wire', () => {
  let server: HttpPod
  let pod: RackPod
  beforeEach(async () => { server = await serveHttpPod(); pod = createRackPodClient({ baseUrl: server.baseUrl, clock: realClock }) })
  afterEach(async () => { await server.close() })
  const answer = (status: number, text: string): void => {
    server.override = (_request, response, body) => { void body().then(() => { response.writeHead(status).end(text) }); return true }
  }

  test('every endpoint is asked as the pod expects it', async () => {
    await pod.power('cycle', never)
    await pod.fastboot(Uint8Array.from({ length: 256 }, (_, index) => index), never)
    await pod.stage('root.fs+1', new Uint8Array(40_000), never)
    await pod.store(never)
    await pod.setBaudRate(921_600, never)
    await pod.unstage('root.fs+1', never)
    await pod.clear(never)
    expect(server.requests.map(({ method, path, headers, bodyBytes }) => `${method} ${path} ${headers['content-type'] ?? '-'} ${headers['content-length'] ?? '-'} ${bodyBytes}`)).toEqual([
      'POST /power/cycle application/octet-stream 0 0',
      'POST /fastboot application/octet-stream 256 256',
      'POST /tftp/root.fs%2B1 application/octet-stream 40000 40000',
      'GET /tftp - - 0',
      'POST /uart/baud application/json 15 15',
      'DELETE /tftp/root.fs%2B1 application/octet-stream 0 0',
      'DELETE /tftp application/octet-stream 0 0',
    ])
    expect(server.requests.every(({ headers }) => headers['transfer-encoding'] === undefined)).toBe(true)
    expect(server.requests[1]?.body).toEqual(Buffer.from(Uint8Array.from({ length: 256 }, (_, index) => index)))
    expect(server.requests[4]?.body.toString()).toBe('{"rate":921600}')
  })

  test('a name that no U-Boot could ask for is refused before anything is sent', async () => {
    for (const bad of ['', '..', 'a/b', '../x', 'a b', 'a?b', 'a#b', 'a%2fb', 'a\\b', 'a\nb', 'a;reset', 'x'.repeat(65)]) {
      await expect(pod.stage(bad, new Uint8Array(1), never)).rejects.toMatchObject({ code: 'input/malformed' })
      await expect(pod.unstage(bad, never)).rejects.toMatchObject({ code: 'input/malformed' })
    }
    expect(server.requests).toEqual([])
  })

  test('a boot ROM that fails is a result with phase and reason', async () => {
    expect(await pod.fastboot(new Uint8Array(3), never)).toEqual({
      success: false, lastPhase: 'prestep0', failedPhase: 'prestep0', error: 'PRESTEP0 HEAD', elapsedMs: 214, handshakeMarkers: 5,
    })
  })

  test('a pod that says 500 and success is not believed', async () => {
    answer(500, '{"success":true,"last_phase":"done"}')
    expect(await pod.fastboot(new Uint8Array(30), never)).toMatchObject({ success: false, error: 'HTTP 500' })
  })

  test('refusals carry the code and the first words, without what would move a cursor', async () => {
    answer(409, `busy\u001b[2J\r\n with a job ${'x'.repeat(500)}`)
    const failure = await pod.power('on', never).catch((error: unknown) => error) as Error & { context: unknown }
    expect(failure).toMatchObject({ code: 'pod/refused', context: { status: 409 }, hint: expect.stringContaining('busy') as string })
    expect(failure.message).toMatch(/HTTP 409, busy \[2J with a job x+$/)
    expect(failure.message.length).toBeLessThan(290)
    answer(400, 'blob does not parse')
    await expect(pod.fastboot(new Uint8Array(30), never)).rejects.toMatchObject({ code: 'pod/refused' })
  })

  test('a web page instead of a pod is named', async () => {
    answer(200, '<html>router</html>')
    for (const asked of [pod.power('on', never), pod.store(never), pod.fastboot(new Uint8Array(30), never), pod.stage('a', new Uint8Array(3), never), pod.clear(never)]) {
      await expect(asked).rejects.toMatchObject({ code: 'pod/not-a-pod' })
    }
    answer(200, '{"hello":"world"}')
    await expect(pod.store(never)).rejects.toMatchObject({ code: 'pod/not-a-pod' })
    await expect(pod.fastboot(new Uint8Array(30), never)).rejects.toMatchObject({ code: 'pod/not-a-pod' })
    answer(200, '[]')
    await expect(pod.store(never)).rejects.toMatchObject({ code: 'pod/not-a-pod' })
  })

  test('an answer without end is cut off', async () => {
    server.override = (_request, response) => {
      const more = (): void => { if (!response.destroyed) response.write('x'.repeat(65_536), () => { setImmediate(more) }) }
      response.writeHead(200)
      more()
      return true
    }
    await expect(pod.store(never)).rejects.toMatchObject({ code: 'pod/not-a-pod' })
  })

  test('something that speaks no HTTP is named', async () => {
    const other = createServer((socket) => { socket.on('error', () => undefined).resume().end('SSH-2.0-OpenSSH\r\n') }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(createRackPodClient({ baseUrl: `http://127.0.0.1:${port}`, clock: realClock }).store(never)).rejects.toMatchObject({ code: 'pod/not-a-pod' })
    await new Promise((resolve) => { other.close(resolve) })
    await expect(createRackPodClient({ baseUrl: `http://127.0.0.1:${port}`, clock: realClock }).store(never)).rejects.toMatchObject({
      code: 'link/unreachable', hint: 'Is the pod on, and is the address right?',
    })
  })

  test('a pod that kept less than was sent has not staged it', async () => {
    answer(200, '{"name":"a","size":2}')
    await expect(pod.stage('a', new Uint8Array(3), never)).rejects.toMatchObject({ code: 'pod/refused', context: { sentBytes: 3, keptBytes: 2 } })
  })

  test('a missing figure for the largest block counts as nothing free', async () => {
    answer(200, '{"files":[],"max_size_bytes":8388608,"max_slots":4}')
    expect(await pod.store(never)).toEqual({ files: [], maxFileBytes: 8_388_608, maxFiles: 4, freeBytes: 0, largestFreeBytes: 0 })
  })

  test('an abort drops the connection', async () => {
    const arrived = createDeferred<void>()
    const dropped = createDeferred<void>()
    server.override = (request) => { request.socket.once('close', () => { dropped.resolve() }); request.resume(); arrived.resolve(); return true }
    const cancel = new AbortController()
    const asking = pod.fastboot(new Uint8Array(1000), cancel.signal).catch((error: unknown) => error)
    await arrived.promise
    const reason = new Error('cancelled')
    cancel.abort(reason)
    expect(await asking).toBe(reason)
    await dropped.promise
  })

  test('the pod says no while the upload is under way: its answer counts, not the broken connection', async () => {
    server.override = (request, response) => {
      request.once('data', () => { request.pause(); response.writeHead(503, { connection: 'close' }).end('{"error":"oom","requested":8000000,"psram_largest_free":4194304}') })
      return true
    }
    await expect(pod.stage('big', new Uint8Array(8_000_000), never)).rejects.toMatchObject({
      code: 'pod/no-room', context: { requestedBytes: 8_000_000, largestFreeBytes: 4_194_304 },
    })
  })

  test('nothing stays open after an answer', async () => {
    await pod.store(never)
    for (let turn = 0; turn < 1000 && server.openSockets() > 0; turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
    expect(server.openSockets()).toBe(0)
  })
})

describe('limits', () => {
  test.each([
    ['power', 10_000], ['store', 10_000], ['stage', 180_000], ['fastboot', 180_000], ['setBaudRate', 5_000],
  ] as const)('%s waits %i ms', async (call, limitMs) => {
    const clock = createVirtualClock()
    const silent = async (connect: boolean): Promise<unknown> => {
      const pod = createRackPodClient({
        baseUrl: 'http://pod:8080', clock,
        exchange: async ({ onConnected }, signal) => { if (connect) onConnected?.(); return new Promise((_, reject) => { signal.addEventListener('abort', () => { reject(signal.reason as Error) }) }) },
      })
      const asking = {
        power: async () => pod.power('on', never), store: async () => pod.store(never), stage: async () => pod.stage('a', new Uint8Array(1), never),
        fastboot: async () => pod.fastboot(new Uint8Array(30), never), setBaudRate: async () => pod.setBaudRate(9600, never),
      }[call]()
      return clock.run(asking.then(() => 'answered', (error: unknown) => error))
    }
    expect(await silent(false)).toMatchObject({ code: 'link/unreachable' })
    expect(clock.nowMs()).toBe(limitMs)
    expect(await silent(true)).toMatchObject({ code: 'link/timeout' })
    expect(clock.sleepers()).toBe(0)
  })
})

describe('power of a rack pod', () => {
  const bench = (fail: (call: string, count: number) => Error | undefined = () => undefined) => {
    const clock = createVirtualClock()
    const calls: string[] = []
    const pod = { label: 'http://pod:8080', power: async (action: string) => {
      calls.push(`${action}@${clock.nowMs()}`)
      const error = fail(action, calls.length)
      if (error) throw error
    } }
    return { clock, calls, power: createRackPodPower({ pod, clock }) }
  }

  test('up to 2.5 s the pod cycles by itself; longer is off, sleep, on', async () => {
    const { clock, calls, power } = bench()
    await clock.run(power.cycle(0, never))
    await clock.run(power.cycle(2_500, never))
    await clock.run(power.cycle(3_000, never))
    expect(calls).toEqual(['cycle@0', 'cycle@0', 'off@0', 'on@3000'])
  })

  test('the state is unknown until told', async () => {
    const { power } = bench()
    expect(await power.read(never)).toBe('unknown')
    await power.set('off', never)
    expect(await power.read(never)).toBe('off')
    await power.cycle(2_000, never)
    expect(await power.read(never)).toBe('on')
  })

  test('a cycle cancelled half-way still switches on before it rejects', async () => {
    const { clock, calls, power } = bench()
    const cancel = new AbortController()
    const reason = new Error('closed the window')
    const cycling = power.cycle(5_000, cancel.signal)
    await clock.advance(1_000)
    cancel.abort(reason)
    await expect(clock.run(cycling)).rejects.toBe(reason)
    expect(calls).toEqual(['off@0', 'on@1000'])
    expect(await power.read(never)).toBe('on')
  })

  test('an "on" that fails is tried three times; then the camera is said to be dark', async () => {
    const once = bench((action, count) => (action === 'on' && count === 2 ? new Error('lost') : undefined))
    await once.clock.run(once.power.cycle(3_000, never))
    expect(once.calls).toEqual(['off@0', 'on@3000', 'on@4000'])
    const always = bench((action) => (action === 'on' ? new Error('lost') : undefined))
    await expect(always.clock.run(always.power.cycle(3_000, never))).rejects.toMatchObject({
      code: 'pod/wrong-power-state', message: expect.stringContaining('The camera is dark') as string, context: { tries: 3 },
    })
    expect(always.calls).toHaveLength(4)
    expect(await always.power.read(never)).toBe('unknown')
  })
})

describeRackPod('simulated pod in memory, virtual time', async () => {
  const clock = createVirtualClock()
  const rack = createSimRack({ clock, pods: 1, speed: 'real', flashMb: 16 })
  const handle = rack.pods[0]!
  return { pod: handle.pod, goodBlob: encodeTestBlob(24_576, 17_104), run: async (work) => clock.run(work), dispose: async () => rack.close() }
})

describeRackPod('simulated pod on loopback, through the client', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-pod-'))
  const rack = createSimRack({ clock: realClock, pods: 1, speed: 'fast', flashMb: 16 })
  const served = await serveSimRack({ rack, host: '127.0.0.1', portBase: 0, clock: realClock, log: () => undefined, folder })
  return {
    pod: createRackPodClient({ baseUrl: served.announcement.pods[0]!.http, clock: realClock }), goodBlob: encodeTestBlob(24_576, 17_104), run: async (work) => work,
    dispose: async () => { await served.close(); await rack.close(); await rm(folder, { recursive: true }) },
  }
})
