import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRouterClient } from '@orpc/server'
import { expect, onTestFinished, test } from 'vitest'
import { rackFiltersRoutes } from '../../src/main/composition/rackFiltersRoutes.ts'
import { rackFilterSchema } from '../../src/shared/rack/rackFilter.schema.ts'

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-filters-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  return folder
}
const clientOf = (folder: string) => createRouterClient(rackFiltersRoutes(folder))

test('filters are kept by name, in order, for whoever comes next; one of the same name is replaced', async () => {
  const folder = await dataFolder()
  const filters = clientOf(folder)
  expect(await filters.list({})).toEqual([])
  await filters.save({ name: 'hall 10', words: 'hall10' })
  await filters.save({ name: ' hall 2 ', words: 'hall2', life: 'failed' })
  expect(await filters.save({ name: 'hall 10', words: 'hall10 -qa' })).toEqual([{ name: 'hall 2', words: 'hall2', life: 'failed' }, { name: 'hall 10', words: 'hall10 -qa' }])
  expect(await clientOf(folder).list({})).toEqual(await filters.list({}))
  expect(await filters.remove({ name: 'hall 2' })).toEqual([{ name: 'hall 10', words: 'hall10 -qa' }])
  expect(await filters.remove({ name: 'nobody' })).toHaveLength(1)
})
test('two windows that save at once lose nothing of each other', async () => {
  const filters = clientOf(await dataFolder())
  await Promise.all(Array.from({ length: 20 }, async (_, index) => filters.save({ name: `f ${index}`, words: `w${index}` })))
  expect(await filters.list({})).toHaveLength(20)
})
test('what leaves nothing out is no filter, and the 65th is refused in words', async () => {
  expect(rackFilterSchema.safeParse({ name: 'all', words: '  ' }).success).toBe(false)
  expect(rackFilterSchema.safeParse({ name: ' ', words: 'qa' }).success).toBe(false)
  const filters = clientOf(await dataFolder())
  for (let index = 0; index < 64; index += 1) await filters.save({ name: `f ${index}`, words: 'qa' })
  await expect(filters.save({ name: 'one more', words: 'qa' })).rejects.toMatchObject({ code: 'input/too-large', message: 'There are 64 saved filters already' })
  // Replacing is no 65th.
  expect(await filters.save({ name: 'f 7', words: 'other' })).toHaveLength(64)
})
test('a damaged file is told and left as it is', async () => {
  const folder = await dataFolder()
  const path = join(folder, 'rackFilters.json')
  await writeFile(path, '{"version":1,"filters":[{"name":"x","words":"a"},{"name":"x","words":"b"}]}')
  await expect(clientOf(folder).list({})).rejects.toMatchObject({ code: 'input/malformed', hint: expect.stringContaining('Mend it') as string })
  await expect(clientOf(folder).save({ name: 'y', words: 'c' })).rejects.toMatchObject({ code: 'input/malformed' })
  expect(await readFile(path, 'utf8')).toContain('"b"')
})
