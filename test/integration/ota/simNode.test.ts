import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { demoProduct, openDemoNodes } from '../../../src/main/composition/demoNodes.ts'
import { bitFlip, cutAt, neverConfirms, type NodeBehaviour } from '../../../src/main/sim/node/nodeBehaviours.ts'
import { nodeHttp } from '../../../src/main/sim/node/nodeHttp.ts'
import { makeNodeImage } from '../../../src/main/sim/node/nodeImage.ts'
import { createPushDoor } from '../../../src/main/sim/node/pushDoor.ts'
import { createSimNode, type SimNode } from '../../../src/main/sim/node/simNode.ts'
import { startSimNodes } from '../../../src/main/sim/node/startSimNodes.ts'
import { defaultChannel, defaultProduct } from '../../../src/shared/ota/registry.schema.ts'
import { createRealClock } from '../../support/realClock.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'
import { ask, fileOf, noSignal, openBench, type RegistryBench } from '../../support/registryBench.ts'

const place = { product: defaultProduct, channel: defaultChannel }
const minute = 60_000
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function publish({ registry }: RegistryBench, clock: VirtualClock, version: string, build = 1, percent = 100): Promise<Uint8Array> {
  const image = makeNodeImage({ version, build })
  await clock.whileReal((async () => {
    await registry.add({ product: defaultProduct }, fileOf(`fw-${version}.bin`, image), noSignal)
    await registry.publish({ ...place, version, percent, groups: [] }, noSignal)
  })())
  return image
}

interface Bench {
  readonly clock: VirtualClock
  readonly bench: RegistryBench
  readonly node: SimNode
  readonly polls: () => number
  readonly ends: () => string[]
  readonly kinds: () => string[]
  /** Until it holds, in the node's own time. */
  readonly until: (holds: (node: SimNode) => boolean) => Promise<void>
  readonly wait: (ms: number) => Promise<void>
}

async function powered({ behaviours = [], base, tellsItself = true }: { readonly behaviours?: readonly NodeBehaviour[]; readonly base?: string; readonly tellsItself?: boolean } = {}): Promise<Bench> {
  const clock = createVirtualClock()
  const bench = await openBench({ clock })
  const { url } = await bench.door()
  const node = createSimNode({
    id: 'kitchen', clock, base: base ?? `${url}/api/v1/firmware`, factory: makeNodeImage({ version: '0.8.0' }), random: () => 0.5, behaviours, tellsItself,
    http: async (question, signal) => clock.whileReal(nodeHttp(question, signal)),
  })
  const off = new AbortController()
  const running = node.run(off.signal).catch(() => undefined)
  onTestFinished(async () => { off.abort(); await running })
  return {
    clock, bench, node,
    polls: () => bench.registry.nodes.list({ limit: 9 }).reduce((sum, { polls }) => sum + polls, 0),
    ends: () => node.told.flatMap((each) => (each.kind === 'checked' ? [each.end] : [])),
    kinds: () => node.told.map(({ kind }) => kind),
    until: async (holds) => clock.run(node.until(holds, noSignal), 48 * 60 * minute),
    wait: async (ms) => clock.run(clock.sleep(ms, noSignal), ms + 1),
  }
}

describe('a node that fetches its firmware', () => {
  test('3.25 no question before 300 s of uptime, one then, and one each 300 s', async () => {
    const { wait, polls, node } = await powered()
    await wait(299_000)
    expect(polls()).toBe(0)
    await wait(1_000)
    await wait(1)
    expect(polls()).toBe(1)
    await wait(299_000)
    expect(polls()).toBe(1)
    await wait(1_000)
    await wait(1)
    expect(polls()).toBe(2)
    expect(node.told.filter(({ kind }) => kind === 'checked').map(({ uptimeMs }) => uptimeMs)).toEqual([300_000, 600_000])
  })
  test('a newer image is fetched, proved, started, and confirmed once the registry answers it', async () => {
    const { clock, bench, node, until, kinds } = await powered()
    const image = await publish(bench, clock, '0.9.0')
    await until(({ told }) => told.some(({ kind }) => kind === 'confirmed'))
    expect([node.flash.version(), node.flash.running, node.flash.slot('B').state, node.flash.sha256Of('B')]).toEqual(['0.9.0', 'B', 'valid', sha256(image)])
    // The radio is silent before the flash is written.
    expect(kinds()).toEqual(['booted', 'radio-stopped', 'checked', 'restarting', 'booted', 'confirmed'])
    expect(node.told.at(-1)).toMatchObject({ uptimeMs: 30_000 })
    await until(({ told }) => told.filter(({ kind }) => kind === 'checked').length === 2)
    expect(bench.registry.nodes.list({ limit: 9 })).toMatchObject([{ id: 'kitchen', running: '0.9.0', confirmed: 'confirmed', phase: 'running' }])
  })
  test.each([['0.8.0', 'not-newer'], ['0.8.0-watchdog', 'not-newer'], ['0.7.9', 'not-newer'], ['0.8.1', 'updated']])('%s beside 0.8.0: %s', async (version, end) => {
    const { clock, bench, until, ends } = await powered({ tellsItself: false })
    await publish(bench, clock, version)
    await until(() => ends().length === 1)
    expect(ends()).toEqual([end])
  })
  test('3.26 one wrong byte on the way: nothing is switched, no restart, and the next cycle tries again', async () => {
    const { clock, bench, node, until, ends, kinds } = await powered({ behaviours: [bitFlip(100_000)] })
    await publish(bench, clock, '0.9.0')
    await until(() => ends().length === 1)
    expect([ends(), node.flash.running, node.flash.version(), node.flash.slot('B').state]).toEqual([['wrong-hash'], 'A', '0.8.0', 'empty'])
    expect(kinds()).not.toContain('restarting')
    await until(() => ends().length === 2)
    expect([ends(), node.told.filter(({ kind }) => kind === 'checked').map(({ uptimeMs }) => uptimeMs)]).toEqual([['wrong-hash', 'updated'], [300_000, 600_000]])
  })
  test('3.29 a connection that is lost half way: given up, and the second try succeeds', async () => {
    const { clock, bench, node, until, ends } = await powered({ behaviours: [cutAt(131_072)] })
    await publish(bench, clock, '0.9.0')
    await until(() => ends().length === 1)
    expect([ends(), node.flash.version()]).toEqual([['no-connection'], '0.8.0'])
    await until((each) => each.flash.version() === '0.9.0' && each.flash.slot('B').state === 'valid')
    expect(ends()).toEqual(['no-connection', 'updated'])
  })
  test('3.31 an image that never confirms: the old one runs after the window, the bad one is not fetched again, a new one is', async () => {
    const { clock, bench, node, until, ends } = await powered({ behaviours: [neverConfirms('0.9.0')] })
    const bad = await publish(bench, clock, '0.9.0')
    await until(({ told }) => told.some(({ kind }) => kind === 'fell-back'))
    expect([node.flash.version(), node.flash.running, node.flash.slot('B').state]).toEqual(['0.8.0', 'A', 'aborted'])
    expect(node.told.find(({ kind }) => kind === 'not-confirmed')).toMatchObject({ uptimeMs: 300_000 })
    await until(() => ends().length === 4)
    expect(ends()).toEqual(['updated', 'known-bad', 'known-bad', 'known-bad'])
    expect(bench.registry.nodes.list({ limit: 1 })).toMatchObject([{ phase: 'fell-back', fellBackFrom: '0.9.0', running: '0.8.0', downloads: 1 }])
    const good = await publish(bench, clock, '0.9.1')
    await until((each) => each.flash.version() === '0.9.1')
    expect(node.flash.sha256Of(node.flash.running)).toBe(sha256(good))
    expect(sha256(good)).not.toBe(sha256(bad))
  })
  test('a restart before it is confirmed goes back at once', async () => {
    const { clock, bench, node, until } = await powered()
    await publish(bench, clock, '0.9.0')
    await until((each) => each.flash.version() === '0.9.0')
    node.restart()
    await until(({ told }) => told.some(({ kind }) => kind === 'fell-back'))
    expect(node.flash.version()).toBe('0.8.0')
  })
  test('an image that the chip would not start is fetched, refused, and changes nothing', async () => {
    const { clock, bench, node, until, ends } = await powered()
    await clock.whileReal((async () => {
      await bench.registry.add({ product: defaultProduct }, fileOf('fw-0.9.0.bin', new Uint8Array(300_000).fill(0xab)), noSignal)
      await bench.registry.publish({ ...place, version: '0.9.0', percent: 100, groups: [] }, noSignal)
    })())
    await until(() => ends().length === 2)
    expect([ends(), node.flash.version()]).toEqual([['no-image', 'no-image'], '0.8.0'])
    expect(bench.registry.nodes.list({ limit: 1 })).toMatchObject([{ phase: 'fetched' }])
  })
})

describe('a registry that is not ours', () => {
  const hash = 'a'.repeat(64)
  test.each<readonly [string, string, Readonly<Record<string, string>>, string]>([
    ['3.28 latest without a hash is refused', '{"available":true,"version":"0.9.0"}', {}, 'no-hash'],
    ['a hash in capitals is no hash', `{"available":true,"version":"0.9.0","sha256":"${hash.toUpperCase()}"}`, {}, 'no-hash'],
    ['a space behind a colon is not understood', '{"available": true,"version":"0.9.0"}', {}, 'nothing'],
    ['no version', `{"available":true,"sha256":"${hash}"}`, {}, 'unreadable'],
    ['a version that is too long', `{"available":true,"version":"0.9.0-${'x'.repeat(30)}","sha256":"${hash}"}`, {}, 'unreadable'],
    ['an answer in chunks', `{"available":true,"version":"0.9.0","sha256":"${hash}"}`, { 'transfer-encoding': 'chunked' }, 'unreadable'],
    ['an answer that is too long', `{"available":true,"version":"0.9.0","sha256":"${hash}"}${' '.repeat(4096)}`, {}, 'unreadable'],
    ['HTML with 200', '<html><body>Log in</body></html>', {}, 'nothing'],
  ])('%s', async (_name, body, headers, end) => {
    const server = createServer((_request, response) => { response.writeHead(200, { ...('transfer-encoding' in headers ? {} : { 'content-length': body.length }), ...headers }).end(body) })
    const base = await listening(server)
    const { until, ends, kinds } = await powered({ base })
    await until(() => ends().length === 1)
    expect(ends()).toEqual([end])
    expect(kinds()).not.toContain('restarting')
  })
  test('an image above the node\'s limit is not fetched', async () => {
    const server = createServer((request, response) => {
      if (request.url?.endsWith('/latest')) response.end(`{"available":true,"version":"0.9.0","sha256":"${hash}"}`)
      else response.writeHead(200, { 'content-length': 1_536_001 }).end(Buffer.alloc(1_536_001))
    })
    const { until, ends, node } = await powered({ base: await listening(server) })
    await until(() => ends().length === 1)
    expect([ends(), node.flash.version()]).toEqual([['too-large'], '0.8.0'])
  })
  test('nobody at all: quiet until the next cycle', async () => {
    const { until, ends } = await powered({ base: 'http://127.0.0.1:9/api/v1/firmware' })
    await until(() => ends().length === 2)
    expect(ends()).toEqual(['no-connection', 'no-connection'])
  })
})

describe('the push path', () => {
  test('who it is, and firmware by hand; its key, its sizes', async () => {
    const { clock, node, until } = await powered()
    const base = await listening(createPushDoor({ node, key: 'psk' }))
    const image = makeNodeImage({ version: '0.5.0' })
    const push = async (body: Uint8Array, key = 'psk'): Promise<number> => (await ask(`${base}/ota`, { method: 'POST', body, headers: { authorization: `Bearer ${key}` } })).status
    expect((await ask(`${base}/ota/status`)).json).toMatchObject({ version: '0.8.0', running_partition: 'ota_0', next_partition: 'ota_1', max_size: 2_097_152 })
    expect(await push(image, 'wrong')).toBe(403)
    expect(await push(new Uint8Array(921_601))).toBe(400)
    expect(await push(new Uint8Array(300_000))).toBe(500)
    expect(node.flash.version()).toBe('0.8.0')
    // A person may push an older one: only the node that fetches by itself never goes back.
    expect(await push(image)).toBe(200)
    await until((each) => each.flash.version() === '0.5.0')
    expect((await clock.whileReal(ask(`${base}/ota/status`))).json).toMatchObject({ version: '0.5.0', running_partition: 'ota_1' })
  })
})

test('twenty nodes: a rollout to some, then to all, and who fell back is told', async () => {
  const clock = createVirtualClock()
  const bench = await openBench({ clock })
  const { url } = await bench.door()
  const rack = startSimNodes({
    clock, base: `${url}/api/v1/firmware`, random: () => 0.5, log: (line) => { bench.logged.push(line) }, version: '1.0.0', behaviours: { 3: [neverConfirms('1.1.0')], 5: [bitFlip(9_999)] },
    http: async (question, signal) => clock.whileReal(nodeHttp(question, signal)),
  })
  onTestFinished(async () => rack.close())
  const wait = async (ms: number): Promise<void> => clock.run(clock.sleep(ms, noSignal), ms + 1)
  const versions = (): Record<string, number> => rack.nodes.reduce<Record<string, number>>((sum, { flash }) => ({ ...sum, [flash.version()]: (sum[flash.version()] ?? 0) + 1 }), {})
  await publish(bench, clock, '1.0.0')
  await wait(11 * minute)
  expect(bench.registry.rollouts()).toMatchObject([{ version: '1.0.0', nodes: 20, counts: { running: 20 } }])
  await publish(bench, clock, '1.1.0', 1, 40)
  await wait(20 * minute)
  const some = versions()['1.1.0'] ?? 0
  expect(some).toBeGreaterThan(0)
  expect(some).toBeLessThan(20)
  const [{ counts } = { counts: {} as Record<string, number> }] = bench.registry.rollouts()
  expect(counts['held']).toBe(20 - some - (counts['fell-back'] ?? 0))
  await publish(bench, clock, '1.1.0', 1, 100)
  await wait(40 * minute)
  expect(versions()).toEqual({ '1.0.0': 1, '1.1.0': 19 })
  expect(bench.registry.rollouts()).toMatchObject([{ version: '1.1.0', percent: 100, nodes: 20, counts: { 'running': 19, 'fell-back': 1 } }])
  expect(bench.registry.nodes.list({ limit: 20, phase: 'fell-back' }).map(({ id }) => id)).toEqual(['node-03'])
  expect(bench.registry.rollouts()[0]?.points.at(-1)).toMatchObject({ running: 19, fellBack: 1, nodes: 20 })
  expect(bench.logged).toEqual([])
})

test('the nodes of the demo: they run what is published, and a rollout shows the one that goes back', async () => {
  const clock = createVirtualClock()
  const bench = await openBench({ clock })
  const { registry } = bench
  const demo = { product: demoProduct, channel: defaultChannel }
  const deps = { registry, clock, hostClock: createRealClock(), random: () => 0.5, log: (line: string) => { bench.logged.push(line) }, http: async (question: Parameters<typeof nodeHttp>[0], signal: AbortSignal) => clock.whileReal(nodeHttp(question, signal)) }
  const nodes = await openDemoNodes(deps, noSignal)
  onTestFinished(async () => nodes.close())
  const wait = async (ms: number): Promise<void> => clock.run(clock.sleep(ms, noSignal), ms + 1)
  await wait(11 * minute)
  expect(registry.rollouts()).toMatchObject([{ ...demo, version: '1.0.0', counts: { running: 20 } }])
  const { warnings } = await clock.whileReal(registry.publish({ ...demo, version: '1.1.0', percent: 100, groups: [] }, noSignal))
  expect(warnings).toEqual([])
  await wait(20 * minute)
  expect(registry.rollouts()).toMatchObject([{ version: '1.1.0', counts: { 'running': 19, 'fell-back': 1 } }])
  await nodes.close()
  // A second time nothing is published anew.
  const again = await openDemoNodes(deps, noSignal)
  await again.close()
  expect(registry.channels()[0]?.rows).toHaveLength(2)
  expect(bench.logged).toEqual([])
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(async () => { server.closeAllConnections(); await new Promise<void>((resolve) => { server.close(() => { resolve() }) }) })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
