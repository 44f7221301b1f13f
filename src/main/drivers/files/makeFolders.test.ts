import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { reasonOf } from '../errors/reasonOf.ts'
import { makeFolders, makeFoldersSync } from './makeFolders.ts'

const ways = [['makeFolders', makeFolders], ['makeFoldersSync', async (path: string, mode?: number) => { makeFoldersSync(path, mode); return Promise.resolve() }]] as const

test.each(ways)('%s: every folder of the path with its mode, once or again', async (_name, make) => {
  const root = await mkdtemp(join(tmpdir(), 'rackbench-folders-'))
  onTestFinished(async () => rm(root, { recursive: true }))
  await make(join(root, 'a/b/c'), 0o700)
  await make(join(root, 'a/b/c'))
  await make(`${join(root, 'a', 'd')}/`)
  expect([await readdir(join(root, 'a')), (await stat(join(root, 'a/b'))).mode & 0o777]).toEqual([['b', 'd'], 0o700])
  await writeFile(join(root, 'file'), '')
  await symlink('nowhere', join(root, 'link'))
  await expect(make(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(make(join(root, 'file/x/y'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  await expect(make(join(root, 'link'))).rejects.toMatchObject({ code: 'EEXIST' })
  await make('/')
})

// Field bug: the recursive mkdir of Node never came back from there, and held one processor.
test.runIf(existsSync('/proc/self')).each(ways)('%s: below /proc it ends, in words', async (_name, make) => {
  const error: unknown = await make('/proc/x/y').catch((cause: unknown) => cause)
  expect([reasonOf(error), (error as Error).message]).toEqual(['no folder can be made there', '/proc takes no folders'])
})
