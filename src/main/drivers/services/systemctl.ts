import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { demandUnitState, type Services, unitStateOf } from '../../../shared/devices/services.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'

const callLimitMs = 30_000
const stopLimitMs = 10_000
const mostOutputBytes = 64 * 1024

export interface SystemctlOptions {
  /** A program with systemctl's arguments. Another than systemd's is a stand-in, and is called so. */
  readonly program: string
  readonly clock: Clock
}

/** The name of process 1: systemctl can talk to nobody where that is something else. */
export function isSystemdRunning(): boolean {
  try {
    return readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd'
  } catch {
    // No Linux, or not to be looked at: then it is not there for us.
    return false
  }
}

export const defaultSystemctl = 'systemctl'

/** Arguments as they are, never through a shell; each call ends within its limit. */
export function createSystemctlServices({ program, clock }: SystemctlOptions): Services {
  const label = program === defaultSystemctl ? 'systemd' : `a stand-in for systemd (${program})`
  const call = async (args: readonly string[], limitMs: number, signal: AbortSignal): Promise<Ended> =>
    withDeadline(clock, limitMs, `systemctl ${args.join(' ')}`, signal, async (within) => runProgram(program, args, within))
  const order = async (verb: string, unit: string, limitMs: number, signal: AbortSignal): Promise<void> => {
    const { exitCode, said } = await call([verb, unit], limitMs, signal)
    if (exitCode !== 0) throw new WorkbenchError('device/refused', `systemctl ${verb} ${unit} ended with ${exitCode}${said === '' ? '' : `: ${shown(said)}`}`, { context: { unit, exitCode } })
  }
  return {
    label,
    stop: async (unit, signal) => order('stop', unit, stopLimitMs, signal),
    start: async (unit, signal) => order('start', unit, callLimitMs, signal),
    // Its exit code says the same less exactly.
    state: async (unit, signal) => unitStateOf((await call(['is-active', unit], callLimitMs, signal)).said),
    demand: async (unit, signal) => { demandUnitState((await call(['is-active', unit], callLimitMs, signal)).said, unit, label) },
    runCommand: async (command, signal) => withDeadline(clock, callLimitMs, 'The command', signal, async (within) => runProgram('/bin/sh', ['-c', command], within)),
  }
}

interface Ended { readonly exitCode: number; readonly said: string }

/** Ends with the signal: what it started goes with it. */
async function runProgram(program: string, args: readonly string[], signal: AbortSignal): Promise<Ended> {
  signal.throwIfAborted()
  return new Promise<Ended>((resolve, reject) => {
    // A group of its own, so that the children of a shell end with it.
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const parts: Uint8Array[] = []
    let bytes = 0
    const take = (chunk: Uint8Array): void => { if (bytes < mostOutputBytes) parts.push(chunk); bytes += chunk.length }
    const stop = (): void => {
      try { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL') } catch { /* it has ended by itself */ }
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', stop, { once: true })
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', (error) => {
      signal.removeEventListener('abort', stop)
      reject(new WorkbenchError('device/refused', `${program} cannot be started: ${reasonOf(error)}`, { cause: error }))
    })
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop)
      resolve({ exitCode: code ?? (killedBy === null ? 1 : 128), said: Buffer.concat(parts).toString('utf8').slice(0, mostOutputBytes).trim() })
    })
  })
}
