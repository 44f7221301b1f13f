import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'

export interface ServedProcess {
  readonly url: string
  readonly pid: number
  /** With its exit code, or `null` where the signal ended it. */
  end(how: NodeJS.Signals): Promise<number | null>
}

const bin = join(import.meta.dirname, '../../src/main/hosts/cli/bin.mjs')

/** A command that serves until it is told to end, as a process of its own; `shell` runs before it, in the same process. Gone with the test. */
export async function startServed(argv: readonly string[], { shell, environment = {} }: { readonly shell?: string; readonly environment?: Readonly<Record<string, string>> } = {}): Promise<ServedProcess> {
  const command = [process.execPath, bin, ...argv, '--output', 'json']
  const [program = '', ...rest] = shell === undefined ? command : ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...command]
  const child = spawn(program, rest, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit') as Promise<[number | null]>
  onTestFinished(async () => { if (child.exitCode === null && child.signalCode === null) { child.kill('SIGKILL'); await ended } })
  let text = ''
  child.stdout.on('data', (piece: Buffer) => { text += piece.toString() })
  await expect.poll(() => text.includes('\n') || child.exitCode !== null, { timeout: 30_000 }).toBe(true)
  const { url } = JSON.parse(text.split('\n')[0] ?? '') as { url: string }
  return { url, pid: child.pid ?? 0, end: async (how) => { child.kill(how); return (await ended)[0] } }
}

/** The updater of an appliance that lies in a folder. */
export const startUpdater = async (root: string, more: Parameters<typeof startServed>[1] = {}): Promise<ServedProcess> =>
  startServed(['updater', 'serve', '--root', root, '--port', '0', '--report', 'none', '--systemctl', join(root, 'usr/bin/systemctl')], more)
