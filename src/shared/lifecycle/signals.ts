/** Resolves never, rejects with the reason once the signal aborts; `stop` takes the listener away again. */
export function whenAborted(signal: AbortSignal): { readonly promise: Promise<never>; readonly stop: () => void } {
  let listener: (() => void) | undefined
  const promise = new Promise<never>((_, reject) => {
    listener = (): void => { reject(signal.reason as Error) }
    if (signal.aborted) listener()
    else signal.addEventListener('abort', listener, { once: true })
  })
  promise.catch(() => undefined)
  return { promise, stop: () => { if (listener) signal.removeEventListener('abort', listener) } }
}

/** Ends with the promise or with the signal, whichever is first. The promise itself goes on. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = whenAborted(signal)
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    promise.catch(() => undefined)
    aborted.stop()
  }
}

/** A value that arrives once, from elsewhere. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export function createDeferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => { resolve = yes; reject = no })
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
