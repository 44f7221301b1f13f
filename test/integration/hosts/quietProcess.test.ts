import { spawn } from 'node:child_process'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type QuietProcess, startQuietProcess } from '../../../src/main/drivers/host/quietProcess.ts'
import type { ChildWords } from '../../support/quietChild.ts'
import { createRealClock } from '../../support/realClock.ts'

const never = new AbortController().signal
const support = join(import.meta.dirname, '../../support')
const started = (source: `./${string}.ts` = './quietChild.ts'): QuietProcess<{ readonly say: string }, ChildWords> => {
  const child = startQuietProcess<{ readonly say: string }, ChildWords>({ clock: createRealClock(), caller: `file://${support}/from.ts`, source, built: 'never', argument: '/a folder/file' })
  onTestFinished(async () => child.end())
  return child
}
const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const goneSoon = async (pid: number): Promise<void> => expect.poll(() => isThere(pid)).toBe(false)

test('answers each request in its turn, with less right to the processor than the workbench', async () => {
  const child = started()
  const first = await child.next(never)
  expect(first.words).toBe('here')
  if (process.platform !== 'win32') expect(first.priority).toBeGreaterThan(getPriority())
  child.send({ say: 'one' })
  expect((await child.next(never)).words).toBe('/a folder/file: one')
  await child.end()
  await goneSoon(first.pid)
  await child.end()
})
test('one that ended is an error, at once and later, and not a wait', async () => {
  const child = started()
  await child.next(never)
  child.send({ say: 'end' })
  await expect(child.next(never)).rejects.toMatchObject({ code: 'host/io', message: 'A process of the workbench ended' })
  child.send({ say: 'more' })
  await expect(child.next(never)).rejects.toMatchObject({ code: 'host/io', message: 'A process of the workbench ended' })
})
test.skipIf(process.platform === 'win32')('a Ctrl+C that a terminal sends to all leaves it to the workbench to end it', async () => {
  const child = started()
  const { pid } = await child.next(never)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, name)
  child.send({ say: 'still here' })
  expect((await child.next(never)).words).toBe('/a folder/file: still here')
})
test('a workbench that is killed leaves no process behind', async () => {
  const parent = spawn(process.execPath, [join(support, 'quietParent.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => { parent.kill('SIGKILL') })
  const pid = Number(await new Promise<string>((resolve) => { parent.stdout.once('data', (bytes: Uint8Array) => { resolve(Buffer.from(bytes).toString()) }) }))
  expect(isThere(pid)).toBe(true)
  parent.kill('SIGKILL')
  await goneSoon(pid)
})
