import { spawn, type ChildProcess } from 'node:child_process'
import { cycleByOffAndOn } from './offThenOn.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'
import type { OnOffPower, PowerState } from '../../../shared/devices/power.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

/** Of each of its two outputs; the rest is read and forgotten, so that the program does not block on a full pipe. */
const outputBytes = 16 * 1024
/** Between the polite end and the other one. */
const killAfterMs = 2_000
/** What a child of the program keeps open does not keep us. */
const lingerMs = 500

/** The program and its arguments. No shell reads them. */
export type Argv = readonly [string, ...string[]]

export interface CommandPowerDeps {
  readonly clock: Clock
  readonly on: Argv
  readonly off: Argv
  /** Prints "on" or "off" as its last word. Absent: the exit code is all there is. */
  readonly read?: Argv | undefined
  readonly limitMs: number
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Somebody's own programs: `uhubctl`, a script for a relay, a client of a lab's service. */
export function createCommandPower({ clock, on, off, read, limitMs, environment }: CommandPowerDeps): OnOffPower {
  const label = `the command ${shown(on[0])}`
  let told: PowerState = 'unknown'

  const run = async (argv: Argv, signal: AbortSignal): Promise<string> => {
    const { exit, output, errors } = await withRunning(argv, environment, clock, async (ending) =>
      withDeadline(clock, limitMs, `The command ${shown(argv[0])}`, signal, async () => ending))
    if (exit === 0) return output
    const said = shown(errors) || shown(output)
    throw new WorkbenchError('pod/refused', `The command ${shown(argv[0])} failed (${typeof exit === 'number' ? `exit code ${exit}` : `ended by ${exit}`})${said === '' ? '' : `: ${said}`}`, {
      context: { program: argv[0], exit }, hint: 'Run the same command in a terminal',
    })
  }

  const ask = async (argv: Argv, signal: AbortSignal): Promise<PowerState> => {
    const word = (await run(argv, signal)).trim().split(/\s+/).at(-1)?.toLowerCase()
    if (word === 'on' || word === 'off') return word
    throw new WorkbenchError('pod/refused', `The command ${shown(argv[0])} did not say "on" or "off" but "${shown(word ?? '')}"`, { context: { program: argv[0] } })
  }

  const set = async (state: 'on' | 'off', signal: AbortSignal): Promise<void> => {
    told = 'unknown'
    await run(state === 'on' ? on : off, signal)
    if (read) {
      const now = await ask(read, signal)
      if (now !== state) throw new WorkbenchError('pod/wrong-power-state', `${label} was to switch ${state}, and the power still reads ${now}`, { context: { state: now }, hint: 'Look at what the command switches' })
    }
    told = state
  }

  return {
    ability: 'on-off',
    proof: read ? 'read-back' : 'accepted',
    label: `power by ${label}`,
    set,
    read: async (signal) => (read ? ask(read, signal) : told),
    cycle: async (offMs, signal) => cycleByOffAndOn({ label, clock, set, unheard: ['input/not-found'], darkHint: 'Run the command for "on" in a terminal' }, offMs, signal),
  }
}

interface Ending {
  /** The exit code, or the name of the signal that ended it. */
  readonly exit: number | string
  readonly output: string
  readonly errors: string
}

/** Runs the program while `wait` waits for it; when that gives up, the program and its children are ended. */
async function withRunning(argv: Argv, environment: CommandPowerDeps['environment'], clock: Clock, wait: (ending: Promise<Ending>) => Promise<Ending>): Promise<Ending> {
  const [program, ...rest] = argv
  // A group of its own, so that what the program started can be ended with it.
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment }, detached: process.platform !== 'win32', shell: false, windowsHide: true })
  const output = firstBytes(child.stdout)
  const errors = firstBytes(child.stderr)
  const exited = new Promise<number | string>((resolve, reject) => {
    child.once('exit', (code, signal) => { resolve(code ?? signal ?? 'unknown') })
    child.once('error', (error) => { reject(new WorkbenchError('input/not-found', `The command ${shown(program)} cannot be started: ${reasonOf(error)}`, { context: { program }, hint: 'Give the full path of the program', cause: error })) })
  })
  const closed = new Promise<void>((resolve) => { child.once('close', () => { resolve() }) })
  const { signal } = new AbortController()
  const ending = exited.then(async (exit): Promise<Ending> => {
    await within(clock, lingerMs, closed, signal)
    return { exit, output: output(), errors: errors() }
  })
  ending.catch(() => undefined)
  try {
    return await wait(ending)
  } finally {
    // A no-op for a program that has ended.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      endGroup(child, 'SIGTERM')
      if (!await within(clock, killAfterMs, exited, signal)) { endGroup(child, 'SIGKILL'); await exited.catch(() => undefined) }
    }
    child.stdout.destroy()
    child.stderr.destroy()
  }
}

function firstBytes(stream: NodeJS.ReadableStream): () => string {
  const parts: Uint8Array[] = []
  let room = outputBytes
  stream.on('data', (chunk: Uint8Array) => {
    if (room > 0) parts.push(chunk.subarray(0, room))
    room -= Math.min(room, chunk.length)
  })
  stream.on('error', () => undefined)
  return () => Buffer.concat(parts).toString('utf8')
}

function endGroup(child: ChildProcess, how: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, how)
  } catch {
    // It ended in this very moment.
  }
}

/** Whether it came in time; a failure counts as come. */
async function within(clock: Clock, limitMs: number, work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  return withDeadline(clock, limitMs, 'Waiting', signal, async () => work).then(() => true, (error: unknown) => !(error instanceof WorkbenchError && error.code === 'link/timeout'))
}
