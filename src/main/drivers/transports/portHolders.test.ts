import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findPortHolders, holdersText } from './portHolders.ts'

const never = new AbortController().signal
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rackbench-proc-'))
  await writeFile(join(root, 'ttyUSB0'), '')
  await symlink(join(root, 'ttyUSB0'), join(root, 'uart-bench'))
})
afterEach(async () => { await rm(root, { recursive: true }) })

async function running(pid: number, comm: string, open: readonly string[]): Promise<void> {
  const fdFolder = join(root, 'proc', String(pid), 'fd')
  await mkdir(fdFolder, { recursive: true })
  await writeFile(join(root, 'proc', String(pid), 'comm'), `${comm}\n`)
  for (const [index, target] of open.entries()) await symlink(target, join(fdFolder, String(index)))
}
const find = async () => findPortHolders(join(root, 'uart-bench'), never, join(root, 'proc'))

test('whoever has the device behind the alias open', async () => {
  await running(900, 'minicom', ['/dev/null', join(root, 'ttyUSB0')])
  await running(12, 'odd\u001b[2J', [join(root, 'ttyUSB0')])
  await running(7, 'sshd', ['socket:[123]', join(root, 'ttyUSB1')])
  await mkdir(join(root, 'proc/self'))
  expect(await find()).toEqual([{ pid: 12, program: 'odd?[2J' }, { pid: 900, program: 'minicom' }])
})

test('a program in Node has the name it was started by', async () => {
  await running(31, 'MainThread', [join(root, 'ttyUSB0')])
  await writeFile(join(root, 'proc/31/cmdline'), '/opt/node/bin/node\0server.js\0')
  await running(32, 'MainThread', [join(root, 'ttyUSB0')])
  expect(await find()).toEqual([{ pid: 31, program: 'node' }, { pid: 32, program: 'a program' }])
})

test('nobody, no /proc, no device: nobody', async () => {
  await running(7, 'sshd', [])
  expect(await find()).toEqual([])
  expect(await findPortHolders(join(root, 'uart-bench'), never, '/nowhere')).toEqual([])
  expect(await findPortHolders('COM3', never, join(root, 'proc'))).toEqual([])
})

test('no more than three names, and ourselves by name', async () => {
  for (const pid of [1, 2, 3, 4, 5]) await running(pid, `p${pid}`, [join(root, 'ttyUSB0')])
  expect(holdersText(await find(), 2)).toBe('p1 (pid 1), Rackbench itself (pid 2) and p3 (pid 3)')
  expect(holdersText([], 2)).toBeUndefined()
})
