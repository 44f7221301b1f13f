import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ArtifactStore } from '../../../src/shared/ota/artifactStore.ts'
import { openArtifactFiles } from '../../../src/main/drivers/storage/artifactFiles.ts'
import { never, sha256Of } from '../../support/otaRig.ts'

let folder: string
let store: ArtifactStore
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'rackbench-artifacts-')); store = await openArtifactFiles({ folder, quotaBytes: 100_000 }) })
afterEach(async () => { await rm(folder, { recursive: true, force: true }) })
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = async (sha256: string, offset?: number): Promise<string> => {
  const parts: Uint8Array[] = []
  for await (const piece of store.read(sha256, never, offset)) parts.push(piece)
  return Buffer.concat(parts).toString('latin1')
}
async function* broken(...pieces: readonly string[]): AsyncIterable<Uint8Array> {
  await Promise.resolve()
  for (const piece of pieces) yield bytesOf(piece)
  throw new Error('the line broke')
}

describe('the store of artifacts', () => {
  test('names content by what it is, with all sums of one pass', async () => {
    const artifact = await store.put([bytesOf('hel'), bytesOf('lo')], { lengthBytes: 5 }, never)
    expect(artifact).toEqual({ sha256: sha256Of('hello'), md5: createHash('md5').update('hello').digest('hex'), crc32: '3610a686', gitBlob: 'b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0', lengthBytes: 5 })
    expect((await store.put([bytesOf('hello')], {}, never)).gitBlob).toBe(artifact.gitBlob)
    expect((await store.put([], {}, never)).gitBlob).toBe('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391')
    expect([await read(artifact.sha256), await read(artifact.sha256, 2), await read(artifact.sha256, 5)]).toEqual(['hello', 'llo', ''])
    expect(await store.list()).toHaveLength(2)
  })

  test('whatever the content and its pieces, it is read back as it came, in one try or in two', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), fc.nat(6), fc.nat(1_000_000), async (pieces, cut, number) => {
      const whole = Buffer.concat(pieces)
      const wish = { identity: `http://x/${number}`, lengthBytes: whole.length, sha256: sha256Of(whole) }
      await store.put((async function* half() { await Promise.resolve(); yield* pieces.slice(0, cut); throw new Error('the line broke') })(), wish, never).catch(() => undefined)
      const kept = await store.kept(wish)
      expect(kept).toBe(Buffer.concat(pieces.slice(0, cut)).length)
      const artifact = await store.put([whole.subarray(kept)], wish, never, kept)
      expect([artifact.sha256, artifact.gitBlob]).toEqual([sha256Of(whole), createHash('sha1').update(`blob ${whole.length}\0`).update(whole).digest('hex')])
      expect(await read(artifact.sha256)).toBe(whole.toString('latin1'))
      await store.remove(artifact.sha256)
    }), { numRuns: 40 })
    expect(await store.usedBytes()).toBe(0)
  })

  test('a partial is continued only for what it belongs to', async () => {
    const wish = { identity: 'http://x/a#1', lengthBytes: 10 }
    await expect(store.put(broken('01234'), wish, never)).rejects.toThrow('the line broke')
    expect([await store.kept(wish), await store.kept({ ...wish, identity: 'http://x/a#2' }), await store.kept({ ...wish, lengthBytes: 11 }), await store.kept({ lengthBytes: 10 })]).toEqual([5, 0, 0, 0])
    await expect(store.put([bytesOf('56789')], wish, never, 4)).rejects.toMatchObject({ code: 'input/conflict' })
    expect((await store.put([bytesOf('56789')], wish, never, 5)).sha256).toBe(sha256Of('0123456789'))
    expect(await store.kept(wish)).toBe(0)
  })

  test('too short, too long, with another hash: none of it becomes an artifact', async () => {
    await expect(store.put([bytesOf('abc')], { lengthBytes: 4 }, never)).rejects.toMatchObject({ code: 'link/closed' })
    await expect(store.put([bytesOf('abcde')], { lengthBytes: 4 }, never)).rejects.toMatchObject({ code: 'device/wrong-content' })
    await expect(store.put([bytesOf('abc')], { identity: 'x', sha256: sha256Of('abd') }, never)).rejects.toMatchObject({ code: 'device/wrong-content' })
    await expect(store.put([bytesOf('abc')], { md5: '0'.repeat(32) }, never)).rejects.toMatchObject({ code: 'device/wrong-content' })
    expect([await store.list(), await store.usedBytes()]).toEqual([[], 0])
  })

  test('beyond the quota it is refused in words, and what is there stays', async () => {
    const { sha256 } = await store.put([new Uint8Array(60_000)], {}, never)
    await expect(store.put([new Uint8Array(30_000).fill(1), new Uint8Array(10_001)], {}, never)).rejects.toMatchObject({ code: 'host/disk-full', message: expect.stringContaining('100000') as string })
    await store.put([new Uint8Array(40_000).fill(2)], {}, never)
    expect((await store.get(sha256))?.lengthBytes).toBe(60_000)
  })

  test('damage on the disk is told before the last piece', async () => {
    const { sha256 } = await store.put([new Uint8Array(50_000).fill(7)], {}, never)
    const path = join(folder, 'objects', sha256)
    const content = await readFile(path)
    content[10] = 8
    await rm(path)
    await writeFile(path, content)
    let got = 0
    await expect((async () => { for await (const piece of store.read(sha256, never)) got += piece.length })()).rejects.toMatchObject({ code: 'host/io' })
    expect(got).toBeLessThan(50_000)
  })

  test('a record whose content is lost is none, and bringing it again mends it', async () => {
    const { sha256 } = await store.put([bytesOf('kept')], {}, never)
    await rm(join(folder, 'objects', sha256))
    expect([await store.get(sha256), await store.list()]).toEqual([undefined, []])
    await store.put([bytesOf('kept')], {}, never)
    expect(await read(sha256)).toBe('kept')
  })

  test('3.34 a crash between the content and its record leaves nothing half', async () => {
    const kept = await store.put([bytesOf('kept')], {}, never)
    await writeFile(join(folder, 'objects', sha256Of('orphan')), 'orphan')
    await writeFile(join(folder, 'partial', 'once-1'), 'half')
    await writeFile(join(folder, 'records', `${sha256Of('x')}.json.new`), '{"sha')
    store = await openArtifactFiles({ folder, quotaBytes: 100_000 })
    expect(await store.list()).toEqual([kept])
    expect([await readdir(join(folder, 'objects')), await readdir(join(folder, 'partial')), await store.get(sha256Of('orphan')), await store.get('../../etc/passwd')]).toEqual([[kept.sha256], [], undefined, undefined])
  })

  test('the same content at once and again: written once', async () => {
    const [one, other] = await Promise.all([store.put([bytesOf('same')], {}, never), store.put([bytesOf('same')], {}, never)])
    expect(one).toEqual(other)
    await store.put([bytesOf('same')], {}, never)
    expect(await store.usedBytes()).toBe(4)
  })
})
