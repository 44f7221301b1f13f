import process from 'node:process'
import { expect, test } from 'vitest'
import { isFarProcessRunning, isProcessRunning, markOfThisProcess, type Proc } from './processMark.ts'

const [boot, otherBoot] = ['0f1e2d3c-0000-4000-8000-000000000001', '0f1e2d3c-0000-4000-8000-000000000002']
const statOf = (pid: number, ticks: number, state = 'S', name = 'node'): string => `${pid} (${name}) ${state} 1 ${'0 '.repeat(17)}${ticks} 0 0\n`
const far = (files: Readonly<Record<string, string>>, space: string | undefined = 'pid:[1]'): Proc => ({
  text: async (path) => Promise.resolve({ 'sys/kernel/random/boot_id': `${boot}\n`, '1/stat': statOf(1, 1), ...files }[path]),
  link: async (path) => Promise.resolve(path === 'self/ns/pid' ? space : undefined),
})
const mark = { pid: 42, began: `${boot}/777`, space: 'pid:[1]' }

test('a process of this computer lives while it lives, and one of another start does not', async () => {
  const here = await markOfThisProcess()
  expect([here.pid, await isProcessRunning(here)]).toEqual([process.pid, true])
  if (process.platform === 'linux') expect(await isProcessRunning({ ...here, began: `${here.began}1` })).toBe(false)
})

test.each([
  ['it is there', { '42/stat': statOf(42, 777) }, true],
  ['its name has brackets and blanks', { '42/stat': statOf(42, 777, 'R', 'a) Z 1 (b') }, true],
  ['its number was given to another one', { '42/stat': statOf(42, 778) }, false],
  ['it is dead and nobody fetched it', { '42/stat': statOf(42, 777, 'Z') }, false],
  ['it is not there', {}, false],
])('of a computer elsewhere, also where its root is a folder: %s', async (_, files, runs) => {
  expect([await isFarProcessRunning(mark, far(files), true), await isFarProcessRunning(mark, far(files), false)]).toEqual([runs, runs])
})

test.each<[string, Proc]>([
  ['there is no /proc', { text: async () => Promise.resolve(undefined), link: async () => Promise.resolve(undefined) }],
  ['a login says other words before', far({ 'sys/kernel/random/boot_id': `Welcome\n${boot}\n` })],
  ['nobody else is shown to this user', far({ '1/stat': '' })],
  ['the answers have words of a login before them', far({ '42/stat': `Welcome\n${statOf(42, 777)}`, '1/stat': `Welcome\n${statOf(1, 1)}` })],
  ['it lives in a container', far({}, 'pid:[2]')],
])('nobody can tell where %s', async (_, proc) => {
  expect([await isFarProcessRunning(mark, proc, true), await isFarProcessRunning(mark, proc, false)]).toEqual([undefined, undefined])
})

test('one of another start is gone where the root is the computer\'s own; a folder may be another computer\'s, too', async () => {
  const before = { ...mark, began: `${otherBoot}/777` }
  expect([await isFarProcessRunning(before, far({}), true), await isFarProcessRunning(before, far({}), false)]).toEqual([false, undefined])
  // Its number is all there is, and means nothing here.
  expect(await isFarProcessRunning({ pid: process.pid, began: '' }, far({}), true)).toBeUndefined()
})
