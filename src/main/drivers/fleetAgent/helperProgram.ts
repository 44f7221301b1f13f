import { spawn } from 'node:child_process'
import { access, constants, stat } from 'node:fs/promises'
import type { CommandAction } from '../../../shared/fleet/command.schema.ts'
import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'

const limitMs = 15_000
const mostWordsBytes = 4 * 1024

export type HelperEnding =
  | { readonly kind: 'started' }
  | { readonly kind: 'cut-off' }
  | { readonly kind: 'failed'; readonly code: 'helper_missing' | 'permission_denied' | 'execution_failed' | 'execution_timeout'; readonly words: string }

export interface HelperProgram {
  readonly isMock: boolean
  run(action: CommandAction, signal: AbortSignal): Promise<HelperEnding>
}

/** Does nothing and says that it did: for dry runs. */
export const mockProgram: HelperProgram = { isMock: true, run: async () => ({ kind: 'started' }) }

export interface HelperOptions {
  /** A full path: what the search path says today is no fixed program. */
  readonly program: string
  /** Through sudo, whose rule names this program and the two actions. */
  readonly sudo?: string | undefined
  readonly clock: Clock
}

/** The one program that may restart or stop this computer: no shell, no text of a message, one word from a closed list. */
export function createHelperProgram({ program, sudo, clock }: HelperOptions): HelperProgram {
  return {
    isMock: false,
    run: async (action, signal) => {
      const problem = await unfit(program, sudo !== undefined)
      if (problem) return problem
      const [file, args] = sudo === undefined ? [program, [action]] as const : [sudo, ['-n', program, action]] as const
      const ending = await runHelper(file, args, clock, signal)
      // sudo itself speaks only when its rule is missing; the helper's own words do not begin so.
      if (sudo !== undefined && ending.kind === 'failed' && ending.code === 'execution_failed' && /(^|: )sudo: /.test(ending.words)) return { ...ending, code: 'permission_denied' }
      return ending
    },
  }
}

const failed = (code: Extract<HelperEnding, { kind: 'failed' }>['code'], words: string): HelperEnding => ({ kind: 'failed', code, words })

function inWords(program: string, error: unknown): HelperEnding {
  const errno = errnoOf(error)
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return failed('helper_missing', `${program} does not exist`)
  if (errno === 'EACCES' || errno === 'EPERM') return failed('permission_denied', `${program} may not be executed`)
  return failed('execution_failed', `${program} cannot be started: ${reasonOf(error)}`)
}

async function unfit(program: string, isRoot: boolean): Promise<HelperEnding | undefined> {
  try {
    await access(program, constants.X_OK)
    const { uid, mode } = await stat(program)
    // Whoever can write what root runs is root.
    if (isRoot && (uid !== 0 || (mode & 0o022) !== 0)) return failed('permission_denied', `${program} must belong to root and be writable by nobody else`)
    return undefined
  } catch (error) {
    return inWords(program, error)
  }
}

async function runHelper(file: string, args: readonly string[], clock: Clock, signal: AbortSignal): Promise<HelperEnding> {
  signal.throwIfAborted()
  const over = new AbortController()
  return new Promise<HelperEnding>((resolve, reject) => {
    // A group of its own, so that what it started ends with it. Nothing of ours but a search path goes in.
    const child = spawn(file, args, { shell: false, stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' } })
    const parts: Uint8Array[] = []
    let bytes = 0
    child.stderr.on('data', (chunk: Uint8Array) => { if (bytes < mostWordsBytes) parts.push(chunk); bytes += chunk.length })
    const kill = (): void => { try { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL') } catch { /* it has ended by itself, or is root's: then nobody waits for it */ } }
    const end = (how: () => void): void => {
      over.abort(new Cancelled('the helper has ended'))
      signal.removeEventListener('abort', cutOff)
      // A grandchild that holds the pipe must not hold us.
      child.stderr.destroy()
      child.unref()
      how()
    }
    const cutOff = (): void => { kill(); end(() => { reject(signal.reason as Error) }) }
    signal.addEventListener('abort', cutOff, { once: true })
    clock.sleep(limitMs, over.signal).then(() => { kill(); end(() => { resolve(failed('execution_timeout', `${file} did not end within ${limitMs / 1000} s`)) }) }, () => undefined)
    child.once('error', (error) => { end(() => { resolve(inWords(file, error)) }) })
    child.once('exit', (code, killedBy) => {
      // A turn for its last words to arrive.
      setImmediate(() => {
        const said = shown(Buffer.concat(parts).toString('utf8').slice(0, mostWordsBytes), 400)
        end(() => { resolve(killedBy !== null ? { kind: 'cut-off' } : code === 0 ? { kind: 'started' } : failed('execution_failed', `${args.at(-1) ?? ''} ended with ${code ?? 1}${said === '' ? '' : `: ${said}`}`)) })
      })
    })
  })
}
