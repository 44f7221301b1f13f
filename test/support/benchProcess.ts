import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'

/** A bench that runs as a program of its own, so that it can be killed as one. */
export interface BenchProcess { readonly lines: string[]; tell(line: string): void; kill(): Promise<void>; until(isSo: (lines: readonly string[]) => boolean): Promise<void> }

const turns = 2_400

/** `program` lies beside this file. It is ready when it says so. */
export async function startBenchProcess(program: string, redisUrl: string, args: readonly string[]): Promise<BenchProcess> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, program), ...args], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, RACKBENCH_REDIS: redisUrl } })
  const ended = once(child, 'exit')
  const kill = async (): Promise<void> => { child.kill('SIGKILL'); await ended }
  onTestFinished(kill)
  // One that was killed reads no more.
  child.stdin!.on('error', () => undefined)
  const lines: string[] = []
  createInterface(child.stdout!).on('line', (line) => { lines.push(line) })
  const until = async (isSo: (all: readonly string[]) => boolean): Promise<void> => {
    for (let turn = 0; turn < turns && !isSo(lines); turn += 1) await wait(25)
    expect(isSo(lines)).toBe(true)
  }
  await until((all) => all.includes('ready'))
  return { lines, tell: (line) => { child.stdin!.write(`${line}\n`) }, kill, until }
}
