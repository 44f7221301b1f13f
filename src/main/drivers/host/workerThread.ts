import type { EventEmitter } from 'node:events'
import { Worker } from 'node:worker_threads'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface BuiltCaller {
  /** Its `import.meta.url`. */
  readonly caller: string
  /** Beside the caller. */
  readonly source: `./${string}.ts`
  /** Its name in the build's list. */
  readonly built: string
}

/** As it is, or as the build leaves it: beside the program, of which the caller may be a chunk. */
export function placeOf({ caller, source, built }: BuiltCaller): URL {
  return new URL(caller.endsWith('.ts') ? source : `${caller.includes('/chunks/') ? '..' : '.'}/${built}.js`, caller)
}
export function startThread(caller: string, source: `./${string}.ts`, built: string, workerData: unknown): Worker {
  return new Worker(placeOf({ caller, source, built }), { workerData, execArgv: [] })
}

/** One message, or the end of the thread or process as an error. */
export async function nextAnswer<T>(worker: EventEmitter, signal: AbortSignal, what: 'thread' | 'process' = 'thread'): Promise<T> {
  signal.throwIfAborted()
  return new Promise<T>((resolve, reject) => {
    const done = (settle: () => void): void => {
      worker.off('message', onMessage)
      worker.off('error', onError)
      worker.off('exit', onExit)
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onMessage = (message: T): void => { done(() => { resolve(message) }) }
    const onError = (cause: Error): void => { done(() => { reject(new WorkbenchError('host/io', `A ${what} of the workbench failed`, { cause })) }) }
    const onExit = (): void => { done(() => { reject(new WorkbenchError('host/io', `A ${what} of the workbench ended`)) }) }
    const onAbort = (): void => { done(() => { reject(signal.reason as Error) }) }
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
