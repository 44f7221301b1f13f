import { Worker } from 'node:worker_threads'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** As it is, or as the build leaves it: beside the program, of which the caller may be a chunk. `built` is its name in the build's list. */
export function startThread(caller: string, source: `./${string}.ts`, built: string, workerData: unknown): Worker {
  const place = caller.endsWith('.ts') ? source : `${caller.includes('/chunks/') ? '..' : '.'}/${built}.js`
  return new Worker(new URL(place, caller), { workerData, execArgv: [] })
}

/** One message, or the end of the thread as an error. */
export async function nextAnswer<T>(worker: Worker, signal: AbortSignal): Promise<T> {
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
    const onError = (cause: Error): void => { done(() => { reject(new WorkbenchError('host/io', 'A thread of the workbench failed', { cause })) }) }
    const onExit = (): void => { done(() => { reject(new WorkbenchError('host/io', 'A thread of the workbench ended')) }) }
    const onAbort = (): void => { done(() => { reject(signal.reason as Error) }) }
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
