import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createInputShelf, type InputShelf } from './inputShelf.ts'

const { signal } = new AbortController()
const bytesOf = async (shelf: InputShelf, folder: string): Promise<Uint8Array> => {
  const raw = await shelf.read(folder, signal)
  if (raw.kind !== 'folder' || !raw.files[0]) throw new Error('no file')
  return raw.files[0].bytes
}

test('readings at the same moment share one copy, and a changed file is read anew', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-shelf-'))
  onTestFinished(async () => rm(folder, { recursive: true }))
  const content = Buffer.alloc(2_500_000, 7)
  await writeFile(join(folder, 'mtd0'), content)
  const shelf = createInputShelf()
  const read = await Promise.all(Array.from({ length: 8 }, async () => bytesOf(shelf, folder)))
  expect(new Set(read.map(({ buffer }) => buffer)).size).toBe(1)
  // The same length, and the difference is in the last byte: only comparing all of it can tell.
  content[content.length - 1] = 8
  await writeFile(join(folder, 'mtd0'), content)
  const fresh = await bytesOf(shelf, folder)
  expect(fresh.at(-1)).toBe(8)
  expect(read[0]?.at(-1)).toBe(7)
})
