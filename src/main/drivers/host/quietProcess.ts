import { fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { type BuiltCaller, nextAnswer, placeOf } from './workerThread.ts'

/** Of a process that has nothing to do: its disk is slow. */
const closeLimitMs = 2_000

/** A part of the program in a process of its own, which has the processor when nobody else wants it. */
export interface QuietProcess<Request, Answer> {
  send(request: Request): void
  /** Its next message; `host/io` when it ended, or had ended before. */
  next(signal: AbortSignal): Promise<Answer>
  /** Ends it and waits until it is gone: at once while it works, and so that it can close its files when it does not. Idempotent. */
  end(): Promise<void>
}

/** `argument` is what the process begins with. */
export function startQuietProcess<Request extends object, Answer>({ clock, argument, ...place }: BuiltCaller & { readonly clock: Clock; readonly argument: string }): QuietProcess<Request, Answer> {
  const child = fork(fileURLToPath(placeOf(place)), [argument], { execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = new AbortController()
  let isGone = false
  let isBusy = true
  const gone = new Promise<void>((resolve) => {
    const end = (): void => { isGone = true; ended.abort(); resolve() }
    // One that could not be started has no exit.
    child.on('error', () => { if (child.pid === undefined) end() }).once('exit', end)
  })
  return {
    // What cannot be sent has no answer either, and `next` says that it ended.
    send: (request) => {
      isBusy = true
      child.send(request, () => undefined)
    },
    next: async (signal) => {
      if (isGone) throw new WorkbenchError('host/io', 'A process of the workbench ended')
      const answer = await nextAnswer<Answer>(child, signal, 'process')
      isBusy = false
      return answer
    },
    end: async () => {
      if (!isGone && !isBusy) {
        if (child.connected) child.disconnect()
        await Promise.race([gone, clock.sleep(closeLimitMs, ended.signal).catch(() => undefined)])
      }
      if (!isGone) child.kill('SIGKILL')
      await gone
    },
  }
}

/** What such a process is, once it is there. */
export interface QuietWork<Request, Answer> {
  /** Its first message. */
  readonly hello: Answer
  heard(request: Request): Answer
  close(): void
}
/** The side of the process. It ends with the workbench, however that ends, and never before it: a Ctrl+C in a terminal goes to both. */
export function beQuietProcess<Request, Answer>(open: (argument: string) => QuietWork<Request, Answer>): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined)
  try {
    for (const thread of threadsOfMine()) setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // A system that refuses it shares the processor evenly.
  }
  const work = open(process.argv[2] ?? '')
  process.on('disconnect', () => {
    try {
      work.close()
    } finally {
      process.exit()
    }
  })
  process.on('message', (request: Request) => { process.send?.(work.heard(request)) })
  process.send?.(work.hello)
}

/** Linux gives each thread a priority of its own, and those that collect garbage are there before the first line of ours runs. 0: the whole process. */
const threadsOfMine = (): readonly number[] => (process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [0])
