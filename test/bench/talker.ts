import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as after } from 'node:timers/promises'

/** `RACKBENCH_BENCH_PROFILE=DIR` for a profile of each thread of the workbench; the profiler itself costs a few percent. */
const profileFolder = process.env['RACKBENCH_BENCH_PROFILE']
export const profileFlags = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]

export interface Talker<Hello> { readonly hello: Hello; ask<T>(line: string): Promise<T>; end(): Promise<void> }

/** A process that answers each line with a line of JSON. */
export async function start<Hello>(script: string, flags: readonly string[], args: readonly string[]): Promise<Talker<Hello>> {
  const child: ChildProcess = spawn(process.execPath, [...flags, join(import.meta.dirname, script), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error(`${script} has no pipes`)
  const lines = createInterface(stdout)[Symbol.asyncIterator]()
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next() as { value: string; done?: boolean }
    if (done === true) throw new Error(`${script} ended`)
    return JSON.parse(value) as T
  }
  const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve() }) })
  return {
    hello: await next<Hello>(),
    ask: async <T>(line: string): Promise<T> => { stdin.write(`${line}\n`); return next<T>() },
    end: async () => {
      stdin.end()
      await Promise.race([ended, after(10_000).then(() => { child.kill('SIGKILL') })])
    },
  }
}
