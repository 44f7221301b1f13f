import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeNodeImage } from '../../../src/main/sim/node/nodeImage.ts'
import { firmwareFile } from '../../../src/main/drivers/storage/registry/firmwareFolder.ts'
import { defaultChannel, defaultProduct } from '../../../src/shared/ota/registry.schema.ts'
import { fileOf, inPieces, leastBytes, noSignal, openBench, type RegistryBench } from '../../support/registryBench.ts'

const place = { product: defaultProduct, channel: defaultChannel }
const asker = { id: 'n', idFrom: 'node', address: '127.0.0.1', ...place } as const
const latest = ({ registry }: Pick<RegistryBench, 'registry'>): Record<string, unknown> => JSON.parse(new TextDecoder().decode(registry.latest(asker, '/api/v1/firmware/download'))) as Record<string, unknown>
const add = async ({ registry }: RegistryBench, version: string, bytes = makeNodeImage({ version })): Promise<void> => { await registry.add({ product: defaultProduct }, fileOf(`fw-${version}.bin`, bytes), noSignal) }
const wish = (version: string, percent = 100, groups: string[] = []): Parameters<RegistryBench['registry']['publish']>[0] => ({ ...place, version, percent, groups })
const images = async ({ folder }: RegistryBench): Promise<string[]> => readdir(join(folder, 'images')).catch(() => [])
/** A file that somebody put into the folder, so many seconds ago. */
async function put({ folder }: RegistryBench, name: string, bytes: Uint8Array | string, secondsAgo = 0): Promise<void> {
  await writeFile(join(folder, name), bytes)
  const at = Date.now() / 1000 - secondsAgo
  await utimes(join(folder, name), at, at)
}

describe('what is taken in', () => {
  test('3.4 the version of a file comes from its name, and its hash and size are what came', async () => {
    const bench = await openBench()
    await put(bench, 'esp32-csi-node-0.8.0-watchdog.bin', new Uint8Array(300 * 1024).fill(0xab))
    await bench.registry.scanFolder(noSignal)
    expect(latest(bench)).toEqual({
      available: true, version: '0.8.0-watchdog', sha256: 'c062c0c48843e46bcef608315766032309365c522420ed25a8e3d40b67208f70', size: 307_200, compile_time: null, download_url: '/api/v1/firmware/download',
    })
  })
  test('3.1 and 3.2 hashes are told in small letters', async () => {
    const { hashHex } = await import('../../../src/main/drivers/host/randomness.ts')
    expect(hashHex('sha256', new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect([[0xde, 0xad, 0xbe, 0xef], [], [0, 0xff]].map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(['deadbeef', '', '00ff'])
  })
  test('3.5 a sidecar gives version and compile time', async () => {
    const bench = await openBench()
    await put(bench, 'esp32-csi-node.bin', makeNodeImage({ version: '0.9.0-test' }))
    await put(bench, 'esp32-csi-node.bin.manifest.json', '{"version":"0.9.0-test","compile_time":"2026-05-12T10:00:00Z"}')
    await bench.registry.scanFolder(noSignal)
    expect(latest(bench)).toMatchObject({ version: '0.9.0-test', compile_time: '2026-05-12T10:00:00Z' })
  })
  test.each([['{', null], ['{"compile_time":"yesterday"}', 'yesterday'], ['{"version":7}', null], ['[]', null], ['{"version":"a\\"b","compile_time":"c\\\\d"}', null]])('a sidecar %s does not hide the version in the name', async (sidecar, compileTime) => {
    const bench = await openBench()
    await put(bench, 'fw-0.8.0.bin', makeNodeImage({ version: '0.8.0' }))
    await put(bench, 'fw-0.8.0.bin.manifest.json', sidecar)
    await bench.registry.scanFolder(noSignal)
    expect(latest(bench)).toMatchObject({ version: '0.8.0', compile_time: compileTime })
  })
  test('3.7 a name without a version is refused and what is published stays', async () => {
    const bench = await openBench()
    await add(bench, '0.8.0')
    await bench.registry.publish(wish('0.8.0'), noSignal)
    await expect(bench.registry.add({ product: defaultProduct }, fileOf('esp32-csi-node.bin', makeNodeImage({ version: '0.9.0' })), noSignal)).rejects.toMatchObject({ code: 'input/malformed', context: { reason: 'VersionParse' } })
    expect(latest(bench)).toMatchObject({ version: '0.8.0' })
  })
  test('3.8 fewer than 262144 bytes are refused, and that many are taken', async () => {
    const bench = await openBench()
    for (const bytes of [1_024, leastBytes - 1]) await expect(add(bench, '0.8.0', new Uint8Array(bytes))).rejects.toMatchObject({ code: 'input/malformed', context: { reason: 'TooSmall', minBytes: leastBytes } })
    await add(bench, '0.8.0', new Uint8Array(leastBytes))
    expect(bench.registry.images()).toMatchObject([{ version: '0.8.0', sizeBytes: leastBytes }])
    expect(await images(bench)).toHaveLength(1)
  })
  test('a file that is not there says so', async () => {
    await expect(firmwareFile('/nowhere/fw-1.0.0.bin')).rejects.toMatchObject({ code: 'input/not-found' })
  })
  test('the same version with other bytes is refused and nothing is left of them', async () => {
    const bench = await openBench()
    await add(bench, '0.8.0')
    await expect(add(bench, '0.8.0', makeNodeImage({ version: '0.8.0', build: 2 }))).rejects.toMatchObject({ code: 'input/conflict' })
    expect(await images(bench)).toHaveLength(1)
    expect(bench.audit.list({ limit: 10 }).map(({ what, details }) => [what, details['outcome']])).toEqual([['outcome', 'failed'], ['upload firmware', undefined], ['outcome', 'done'], ['upload firmware', undefined]])
  })
  test('two processes that bring one version with different bytes: one of them is refused', async () => {
    const bench = await openBench()
    const other = await bench.reopen()
    const first = bench.registry.add({ product: defaultProduct }, fileOf('fw-1.0.0.bin', makeNodeImage({ version: '1.0.0' })), noSignal)
    const second = other.add({ product: defaultProduct }, fileOf('fw-1.0.0.bin', makeNodeImage({ version: '1.0.0', build: 2 })), noSignal)
    const ended = await Promise.allSettled([first, second])
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect((await bench.reopen()).images()).toHaveLength(1)
  })
  test('what cannot be written into the audit log is not done', async () => {
    const bench = await openBench({ auditFault: () => { throw new Error('no room') } })
    await expect(add(bench, '0.8.0')).rejects.toMatchObject({ code: 'host/io' })
    expect([bench.registry.images(), await images(bench)]).toEqual([[], []])
  })
})

describe('at the start', () => {
  test('3.22 a folder that is not there is made, and nothing is available', async () => {
    const bench = await openBench()
    await rm(bench.folder, { recursive: true, force: true })
    const again = await openBench({ folder: bench.folder })
    await again.registry.scanFolder(noSignal)
    expect(latest(again)).toMatchObject({ available: false })
  })
  test('3.23 when the newest file is no image, the next newest is used, with a warning', async () => {
    const bench = await openBench()
    await put(bench, 'fw-0.7.0.bin', makeNodeImage({ version: '0.7.0' }), 30)
    await put(bench, 'fw-0.8.0.bin', makeNodeImage({ version: '0.8.0' }), 20)
    await put(bench, 'fw-0.9.0.bin', 'ten bytes.')
    await mkdir(join(bench.folder, 'fw-1.0.0.bin'))
    await bench.registry.scanFolder(noSignal)
    expect(latest(bench)).toMatchObject({ version: '0.8.0' })
    expect(bench.logged).toEqual([expect.stringContaining('fw-0.9.0.bin is not used') as string])
  })
  test('a file that was withdrawn is not published again by the next start', async () => {
    const bench = await openBench()
    await put(bench, 'fw-0.8.0.bin', makeNodeImage({ version: '0.8.0' }))
    await bench.registry.scanFolder(noSignal)
    await bench.registry.withdraw(place)
    const next = await bench.reopen()
    await next.scanFolder(noSignal)
    expect(latest({ registry: next })).toMatchObject({ available: false })
  })
  test('3.34 a crash between the file and its row leaves nothing half: no image is registered, and the leftover goes', async () => {
    const bench = await openBench()
    await add(bench, '0.8.0')
    // As the process left it that died after the rename and before the row, and one that died while it wrote.
    const bytes = makeNodeImage({ version: '0.9.0' })
    const orphan = `${createHash('sha256').update(bytes).digest('hex')}.bin`
    const [orphanPath, partPath] = [join(bench.folder, 'images', orphan), join(bench.folder, 'images', '0123456789abcdef.part')]
    await writeFile(orphanPath, bytes)
    await writeFile(partPath, bytes.subarray(0, 1000))
    const next = await bench.reopen()
    expect(next.images().map(({ version }) => version)).toEqual(['0.8.0'])
    expect(await images(bench)).toHaveLength(3)
    // The same image again is simply taken: its file is put there whole once more.
    await next.add({ product: defaultProduct }, fileOf('fw-0.9.0.bin', bytes), noSignal)
    expect(next.images()).toHaveLength(2)
    const longAgo = Date.now() / 1000 - 7_200
    await utimes(partPath, longAgo, longAgo)
    await writeFile(join(bench.folder, 'images', `${'0'.repeat(64)}.bin`), 'left over')
    await utimes(join(bench.folder, 'images', `${'0'.repeat(64)}.bin`), longAgo, longAgo)
    await bench.reopen()
    expect((await images(bench)).toSorted()).toEqual(next.images().map(({ sha256 }) => `${sha256}.bin`).toSorted())
  })
})

describe('what is released', () => {
  test('3.11 a withdrawal clears the channel, stays, and is a row of its own', async () => {
    const bench = await openBench()
    await add(bench, '0.8.0')
    await bench.registry.publish(wish('0.8.0'), noSignal)
    expect(await bench.registry.withdraw(place)).toEqual({ changed: true })
    expect(await bench.registry.withdraw(place)).toEqual({ changed: false })
    expect(latest(bench)).toMatchObject({ available: false, message: expect.any(String) as string })
    const [channel] = (await bench.reopen()).channels()
    expect(channel?.rows.map(({ version }) => version)).toEqual([undefined, '0.8.0'])
    expect(channel?.current).toBeUndefined()
    expect(bench.audit.list({ limit: 100 }).map(({ what }) => what).filter((what) => what !== 'outcome')).toEqual(['withdraw firmware', 'publish firmware', 'upload firmware'])
  })
  test('publishing what is published changes nothing', async () => {
    const bench = await openBench()
    await add(bench, '0.8.0')
    expect(await bench.registry.publish(wish('0.8.0'), noSignal)).toMatchObject({ changed: true, row: { number: 1 } })
    expect(await bench.registry.publish(wish('0.8.0'), noSignal)).toMatchObject({ changed: false, row: { number: 1 } })
    expect(bench.registry.channels()[0]?.rows).toHaveLength(1)
  })
  test('above what nodes fetch nothing is published', async () => {
    const bench = await openBench()
    await add(bench, '0.8.0', makeNodeImage({ version: '0.8.0', sizeBytes: 1_536_001 }))
    await expect(bench.registry.publish(wish('0.8.0'), noSignal)).rejects.toMatchObject({ code: 'input/too-large' })
    await add(bench, '0.8.1', makeNodeImage({ version: '0.8.1', sizeBytes: 1_536_000 }))
    expect((await bench.registry.publish(wish('0.8.1'), noSignal)).warnings).toMatchObject([{ kind: 'too-large-to-push' }])
  })
  test('an image whose file was changed is not published', async () => {
    const bench = await openBench()
    await add(bench, '0.8.0')
    const [name = ''] = await images(bench)
    await writeFile(join(bench.folder, 'images', name), new Uint8Array(leastBytes))
    await expect(bench.registry.publish(wish('0.8.0'), noSignal)).rejects.toMatchObject({ code: 'host/io', context: { reason: 'ChangedUnderneath' } })
    // The same bytes once more mend it.
    await add(bench, '0.8.0')
    await bench.registry.publish(wish('0.8.0'), noSignal)
  })
  test('before it is published it is told who will never take it', async () => {
    const bench = await openBench()
    for (const version of ['0.8.0-watchdog', '0.7.0', '0.9.0']) await add(bench, version)
    for (const [id, running] of [['a', '0.8.0'], ['b', '0.8.0'], ['c', '0.9.0']] as const) bench.registry.latest({ ...asker, id, running }, '')
    expect(await bench.registry.warnings(wish('0.8.0-watchdog'), noSignal)).toMatchObject([{ kind: 'suffix-only', nodes: 2 }, { kind: 'not-newer', nodes: 1 }])
    expect(await bench.registry.warnings(wish('0.7.0'), noSignal)).toMatchObject([{ kind: 'not-newer', nodes: 3 }])
    expect(await bench.registry.warnings(wish('0.9.0'), noSignal)).toEqual([])
  })
  test('an image that calls itself something lower would be fetched for ever, and that is told', async () => {
    const bench = await openBench()
    await add(bench, '0.9.0', makeNodeImage({ version: '0.8.0' }))
    await add(bench, '1.0.0', new Uint8Array(leastBytes))
    await add(bench, '1.1.0', makeNodeImage({ version: '1.1.0', project: 'other' }))
    expect(await bench.registry.warnings(wish('0.9.0'), noSignal)).toMatchObject([{ kind: 'image-says-otherwise' }])
    expect(await bench.registry.warnings(wish('1.0.0'), noSignal)).toMatchObject([{ kind: 'no-image-header' }])
    expect(await bench.registry.warnings(wish('1.1.0'), noSignal)).toMatchObject([{ kind: 'other-product' }])
  })
  test('a release by another process is seen without a restart', async () => {
    const bench = await openBench()
    await add(bench, '0.8.0')
    const other = await bench.reopen()
    await other.publish(wish('0.8.0'), noSignal)
    await expect.poll(() => latest(bench)['available'], { timeout: 5_000 }).toBe(true)
  })
  test('channels, groups and percentages: each node is told what is for it', async () => {
    const bench = await openBench()
    for (const version of ['1.0.0', '1.1.0', '2.0.0']) await add(bench, version)
    await bench.registry.publish(wish('1.0.0'), noSignal)
    await bench.registry.publish(wish('1.1.0', 100, ['lab']), noSignal)
    await bench.registry.publish({ ...wish('2.0.0'), channel: 'developer' }, noSignal)
    bench.registry.setGroup(defaultProduct, 'n', 'lab')
    const told = (id: string, channel = defaultChannel): unknown => (JSON.parse(new TextDecoder().decode(bench.registry.latest({ ...asker, id, channel, running: '1.0.0' }, '/d'))) as Record<string, unknown>)['version']
    expect([told('n'), told('other'), told('other', 'developer')]).toEqual(['1.1.0', '1.0.0', '2.0.0'])
    expect(bench.registry.nodes.list({ limit: 9, channel: defaultChannel }).map(({ id, phase }) => [id, phase])).toEqual([['other', 'held'], ['n', 'waiting']])
    bench.registry.setGroup(defaultProduct, 'n', undefined)
    expect(told('n')).toBe('1.0.0')
  })
  test('places that nobody has used are not remembered for whoever asks', async () => {
    const bench = await openBench()
    for (let index = 0; index < 50; index += 1) bench.registry.latest({ ...asker, product: `p${index}` }, '')
    expect(bench.registry.nodes.list({ limit: 100 })).toEqual([])
  })
  test('an upload whose connection is lost leaves no file', async () => {
    const bench = await openBench()
    async function* broken(): AsyncGenerator<Uint8Array, void, void> { yield* inPieces(new Uint8Array(100_000)); throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' }) }
    await expect(bench.registry.upload({ ...place, version: '1.0.0' }, broken(), noSignal)).rejects.toMatchObject({ code: 'link/closed' })
    expect(await images(bench)).toEqual([])
  })
})
