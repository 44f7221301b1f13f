import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** How many files of the packages for Redis a program has after it has loaded that one. */
async function loadedBy(file: string): Promise<number> {
  const program = `const { createRequire } = await import('node:module'); await import(${JSON.stringify(join(root, file))}); console.log(Object.keys(createRequire(${JSON.stringify(join(root, 'package.json'))}).cache).filter((name) => /node_modules.(bullmq|ioredis)./.test(name)).length); process.exit()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: root, timeout: 25_000 })
  return Number(stdout.trim().split('\n').at(-1))
}

test('a workbench that shares no batches loads nothing of BullMQ or Redis', async () => {
  expect(await loadedBy('src/main/composition/createWorkbench.ts')).toBe(0)
  // The count can see them, once somebody asks for them.
  expect(await loadedBy('src/main/drivers/redis/redisBatches.ts')).toBeGreaterThan(0)
})
