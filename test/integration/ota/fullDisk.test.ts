import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openArtifactFiles } from '../../../src/main/drivers/storage/artifactFiles.ts'
import { makeNodeImage } from '../../../src/main/sim/node/nodeImage.ts'
import { defaultChannel, defaultProduct } from '../../../src/shared/ota/registry.schema.ts'
import { createFullDisk } from '../../support/fullDisk.ts'
import { never, sha256Of } from '../../support/otaRig.ts'
import { ask, inPieces, noSignal, openBench, type RegistryBench } from '../../support/registryBench.ts'

const place = { product: defaultProduct, channel: defaultChannel }
const mostCalls = 60
const published = ({ registry }: Pick<RegistryBench, 'registry'>): unknown => registry.channels()[0]?.current?.version
const images = async ({ folder }: RegistryBench): Promise<string[]> => readdir(join(folder, 'images')).catch(() => [])

test('the disk is full at any call of an upload: nothing new is offered, no half image stays, and there is room the same upload goes through', async () => {
  const { disk, fullAfter, refused } = createFullDisk()
  const bench = await openBench({ disk })
  const [old, next] = ['0.8.0', '0.9.0'].map((version) => makeNodeImage({ version })) as [Uint8Array, Uint8Array]
  await bench.registry.upload({ ...place, version: '0.8.0' }, inPieces(old), noSignal)
  let refusals = 0
  for (let calls = 0; calls < mostCalls; calls += 1) {
    fullAfter(calls)
    const ended = await bench.registry.upload({ ...place, version: '0.9.0' }, inPieces(next), noSignal).then(() => 'done', (error: unknown) => error)
    if (!refused()) break
    refusals += 1
    expect(ended, `call ${calls}`).toMatchObject({ code: 'host/disk-full' })
    expect([published(bench), bench.registry.images().map(({ version }) => version)]).toEqual(['0.8.0', ['0.8.0']])
    expect((await images(bench)).filter((name) => name.endsWith('.part'))).toEqual([])
    fullAfter(Infinity)
    expect(sha256Of((await bench.registry.imageFor({ ...place, id: 'n' }, noSignal))?.bytes ?? '')).toBe(sha256Of(old))
  }
  expect(refusals).toBeGreaterThan(5)
  fullAfter(Infinity)
  await bench.registry.upload({ ...place, version: '0.9.0' }, inPieces(next), noSignal)
  expect([published(bench), (await images(bench)).length]).toEqual(['0.9.0', 2])
})

test('the disk is full over the wire: 500 without a path, and the next upload is taken', async () => {
  const { disk, fullAfter } = createFullDisk()
  const bench = await openBench({ disk })
  const { url } = await bench.door('operator-token')
  const upload = async (): ReturnType<typeof ask> => ask(`${url}/api/v1/firmware/upload?version=0.8.0`, { method: 'POST', body: makeNodeImage({ version: '0.8.0' }), headers: { authorization: 'Bearer operator-token' } })
  fullAfter(3)
  const full = await upload()
  expect([full.status, full.body.toString().includes(bench.folder)]).toEqual([500, false])
  expect((await ask(`${url}/api/v1/firmware/latest`)).json).toMatchObject({ available: false })
  fullAfter(Infinity)
  expect((await upload()).status).toBe(200)
})

test('the disk is full at a publication and at a withdrawal: what nodes are told stays as it was', async () => {
  const first = await openBench()
  await first.registry.upload({ ...place, version: '0.8.0' }, inPieces(makeNodeImage({ version: '0.8.0' })), noSignal)
  await first.registry.add({ product: defaultProduct }, { name: 'fw-0.9.0.bin', sizeBytes: 262_144, sidecar: undefined, pieces: () => inPieces(makeNodeImage({ version: '0.9.0' })) }, noSignal)
  const bench = await openBench({ folder: first.folder, maxBytes: 60_000 })
  const told = (): string => new TextDecoder().decode(bench.registry.latest({ ...place, id: 'n', idFrom: 'node', address: '127.0.0.1' }, '/d'))
  const groups = Array.from({ length: 20 }, (_, at) => `group-${String(at).padStart(20, '0')}`)
  const refusedAt = async (act: (at: number) => Promise<unknown>): Promise<unknown> => {
    for (let at = 0; at < 400; at += 1) {
      const before = [published(bench), bench.registry.channels()[0]?.rows.length, told()]
      const error = await act(at).then(() => undefined, (cause: unknown) => cause)
      if (error === undefined) continue
      expect([published(bench), bench.registry.channels()[0]?.rows.length, told()]).toEqual(before)
      return error
    }
    return undefined
  }
  expect(await refusedAt(async (at) => bench.registry.publish({ ...place, version: at % 2 === 0 ? '0.9.0' : '0.8.0', percent: 100, groups }, noSignal))).toMatchObject({ code: 'host/disk-full' })
  expect(await refusedAt(async (at) => (published(bench) === undefined ? bench.registry.publish({ ...place, version: '0.8.0', percent: 1 + at % 100, groups: [] }, noSignal) : bench.registry.withdraw(place)))).toMatchObject({ code: 'host/disk-full' })
  expect((await first.reopen()).channels()[0]?.rows.length).toBe(bench.registry.channels()[0]?.rows.length)
})

test('the disk is full at any call of the store of artifacts: no artifact, no leftover, and what was there is whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-full-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const { disk, fullAfter, refused } = createFullDisk()
  const store = await openArtifactFiles({ folder, quotaBytes: 1_000_000, disk })
  const kept = await store.put([new Uint8Array(1_000)], {}, never)
  const pieces = [new Uint8Array(5_000).fill(1), new Uint8Array(5_000).fill(2)]
  const wish = { identity: 'http://x/a#1', lengthBytes: 10_000 }
  let refusals = 0
  for (let calls = 0; calls < mostCalls; calls += 1) {
    fullAfter(calls)
    const ended = await store.put(pieces, {}, never).then(() => 'done', (error: unknown) => error)
    if (!refused()) break
    refusals += 1
    expect(ended, `call ${calls}`).toMatchObject({ code: 'host/disk-full' })
    fullAfter(Infinity)
    expect([await store.list(), await readdir(join(folder, 'objects')), await readdir(join(folder, 'records')), await readdir(join(folder, 'partial'))]).toEqual([[kept], [kept.sha256], [`${kept.sha256}.json`], []])
    // What is continued is continued from what really landed.
    fullAfter(calls)
    await store.put(pieces, wish, never).catch(() => undefined)
    fullAfter(Infinity)
    const from = await store.kept(wish)
    const whole = Buffer.concat(pieces)
    const artifact = await store.put([whole.subarray(from)], wish, never, from)
    expect(artifact.sha256).toBe(sha256Of(whole))
    await store.remove(artifact.sha256)
    expect(await store.usedBytes()).toBe(1_000)
  }
  expect(refusals).toBeGreaterThan(6)
})

test('two uploads of two versions at once, and of one version with two contents over the wire: each whole or refused', async () => {
  const bench = await openBench()
  const { url } = await bench.door('operator-token')
  const upload = async (version: string, body: Uint8Array): ReturnType<typeof ask> => ask(`${url}/api/v1/firmware/upload?version=${version}`, { method: 'POST', body, headers: { authorization: 'Bearer operator-token' } })
  const two = await Promise.all([upload('1.0.0', makeNodeImage({ version: '1.0.0' })), upload('1.1.0', makeNodeImage({ version: '1.1.0' }))])
  expect(two.map(({ status }) => status)).toEqual([200, 200])
  const one = await Promise.all([1, 2].map(async (build) => upload('2.0.0', makeNodeImage({ version: '2.0.0', build }))))
  expect(one.map(({ status }) => status).toSorted()).toEqual([200, 409])
  const download = await ask(`${url}/api/v1/firmware/download`)
  expect([download.headers['x-firmware-version'], sha256Of(download.body)]).toEqual(['2.0.0', download.headers['x-firmware-sha256']])
  // The file of the one that was refused is nobody's, and goes with a later start.
  expect(bench.registry.images().map(({ version }) => version).toSorted()).toEqual(['1.0.0', '1.1.0', '2.0.0'])
})
