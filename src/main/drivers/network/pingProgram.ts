import { spawn } from 'node:child_process'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { isOnPath } from '../host/programPath.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'

const tries = 3
const waitSeconds = 2
const mostWordsBytes = 4 * 1024

export interface PingOptions {
  readonly program?: string
  readonly platform?: string
}

const argumentsOf = (platform: string, host: string): string[] => {
  switch (platform) {
    case 'win32': return ['-n', String(tries), '-w', String(waitSeconds * 1_000), host]
    case 'darwin': return ['-n', '-c', String(tries), '-t', String(tries * waitSeconds), host]
    default: return ['-n', '-c', String(tries), '-W', String(waitSeconds), host]
  }
}

/** By the system's own program, which has the right to send an echo where this one has not. `link/unreachable` when none of three comes back. */
export async function pingHost(host: string, signal: AbortSignal, { program = 'ping', platform = process.platform }: PingOptions = {}): Promise<void> {
  // It becomes an argument of a program: no flag, and nothing that is no address.
  if (!/^[0-9A-Za-z](?:[0-9A-Za-z.:-]{0,253})$/.test(host)) throw new WorkbenchError('input/malformed', `"${shown(host, 80)}" is no address to ping`)
  signal.throwIfAborted()
  const { code, words } = await new Promise<{ readonly code: number | null; readonly words: string }>((resolve, reject) => {
    const child = spawn(program, argumentsOf(platform, host), { shell: false, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], LC_ALL: 'C' } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-mostWordsBytes) })
    const stop = (): void => { child.kill('SIGKILL') }
    signal.addEventListener('abort', stop, { once: true })
    child.once('error', (cause) => {
      signal.removeEventListener('abort', stop)
      const isMissing = errnoOf(cause) === 'ENOENT'
      reject(new WorkbenchError('host/io', isMissing ? 'There is no ping on this computer' : `ping cannot be started: ${reasonOf(cause)}`, { cause, ...(isMissing ? { hint: 'On Debian it is in the package iputils-ping' } : {}) }))
    })
    child.once('close', (ended) => { signal.removeEventListener('abort', stop); resolve({ code: ended, words: said }) })
  })
  signal.throwIfAborted()
  // Windows ends with 0 also when a router says that nobody is there; only an answer has a time to live.
  if (code === 0 && (platform !== 'win32' || /TTL=/i.test(words))) return
  // 1: sent, and nothing came back. Anything else is about this computer.
  if (code === 0 || code === 1) throw new WorkbenchError('link/unreachable', `${host} answers none of ${tries} pings`, { context: { host } })
  throw new WorkbenchError('host/io', `ping ended with ${code ?? 'a signal'}: ${shown(words.trim().split('\n').at(-1) ?? '', 200)}`)
}

/** What a batch asks: whether it could ask at all, and one camera. */
export interface Ping {
  isThere(): Promise<boolean>
  ask(host: string, signal: AbortSignal): Promise<void>
}
export const systemPing: Ping = { isThere: async () => isOnPath('ping'), ask: async (host, signal) => pingHost(host, signal) }
