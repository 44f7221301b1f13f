import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { guards } from './guards.ts'

/**
 * Takes each guard out of a copy of the project, one at a time, and demands that its test fails. `npm run guards [-- WORD]` runs those
 * whose sentence holds WORD. The working tree is never touched.
 */
const root = join(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'rackbench-guards-'))
const word = process.argv[2] ?? ''
let held = 0
const survived: string[] = []

/** A line taken out may make a test run for ever, and its worker outlives the one that started it: all of the group ends. */
const limitMs = 120_000

async function output(args: readonly string[]): Promise<{ readonly text: string; readonly status: number | null }> {
  const child = spawn(process.execPath, args, { cwd: copy, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  const endGroup = (): void => { try { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL') } catch { /* All of it has ended. */ } }
  const limit = setTimeout(endGroup, limitMs)
  try {
    const [text, [status]] = await Promise.all([textOf(child.stdout), once(child, 'close') as Promise<[number | null]>])
    return { text, status }
  } finally {
    clearTimeout(limit)
    endGroup()
  }
}

const vitest = async (project: string, tests: string, named: string): Promise<boolean> => {
  const run = await output([join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', project, tests, '-t', named.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), '--reporter', 'json'])
  const report = /\{"numTotalTestSuites".*\}/s.exec(run.text)
  if (!report) return run.status === 0
  const { numPassedTests, numFailedTests } = JSON.parse(report[0]) as { readonly numPassedTests: number; readonly numFailedTests: number }
  if (numPassedTests + numFailedTests === 0) throw new Error(`no test named "${named}" in ${tests}`)
  return numFailedTests === 0
}

try {
  for (const each of ['src', 'test', 'resources', 'vitest.config.ts', 'electron.vite.config.ts', 'package.json', 'tsconfig.json', 'tsconfig.base.json', 'tsconfig.node.json', 'tsconfig.web.json']) {
    cpSync(join(root, each), join(copy, each), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  for (const guard of guards.filter(({ says }) => says.includes(word))) {
    const path = join(copy, guard.file)
    const whole = readFileSync(path, 'utf8')
    if (whole.split(guard.find).length !== 2) throw new Error(`"${guard.says}": the guarded line is not (or not once) in ${guard.file}`)
    // As it is, the test must pass: one that fails anyway guards nothing.
    if (!await vitest(guard.project, guard.tests, guard.named)) throw new Error(`"${guard.says}": ${guard.named} fails without any change`)
    writeFileSync(path, whole.replace(guard.find, () => guard.replace))
    const passes = await vitest(guard.project, guard.tests, guard.named)
    writeFileSync(path, whole)
    if (passes) survived.push(guard.says)
    else held += 1
    process.stdout.write(`${passes ? 'NOT NOTICED' : 'noticed    '} ${guard.says}\n`)
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
process.stdout.write(`${held} guards noticed, ${survived.length} not noticed\n`)
if (survived.length > 0) process.exitCode = 1
