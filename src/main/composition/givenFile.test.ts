import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readGivenFile, readGivenText } from './givenFile.ts'

test('a file that a person names: all of it, what is piped in as well, and no more than is wanted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rackbench-given-'))
  onTestFinished(async () => rm(folder, { recursive: true, force: true }))
  const [path, pipe, hint] = [join(folder, 'key'), join(folder, 'pipe'), 'The key is its first line']
  await writeFile(path, 'sesame\n')
  expect(await readGivenText(path, hint)).toBe('sesame\n')
  expect(await readGivenFile(path, 7, hint)).toHaveLength(7)
  await expect(readGivenFile(path, 6, hint)).rejects.toMatchObject({ code: 'input/too-large', hint })
  execFileSync('mkfifo', [pipe])
  const [text] = await Promise.all([readGivenText(pipe, hint), writeFile(pipe, 'piped')])
  expect(text).toBe('piped')
  for (const [given, why] of [[join(folder, 'none'), 'it does not exist'], [folder, 'it is a folder'], [join(path, 'x'), 'a part of the path is not a folder']] as const) {
    await expect(readGivenText(given, hint)).rejects.toMatchObject({ code: 'input/not-found', message: `${given} cannot be read: ${why}`, hint })
  }
  // It never ends.
  await expect(readGivenText('/dev/zero', hint)).rejects.toMatchObject({ code: 'input/too-large', message: '/dev/zero holds more than 1048576 bytes' })
})
