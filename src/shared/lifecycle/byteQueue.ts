import { createDeferred, type Deferred } from './signals.ts'

/** Bytes from a callback world, read in order by one reader. `undefined` after `end`; `fail` rejects instead. */
export interface ByteQueue {
  push(chunk: Uint8Array): void
  end(): void
  fail(error: Error): void
  /** At least one byte, all that is there; `undefined` once ended and empty. */
  read(signal: AbortSignal): Promise<Uint8Array | undefined>
  /** All that is there, without waiting. */
  take(): Uint8Array | undefined
  /** Drops what waits and says how many bytes that were. */
  discard(): number
  readonly waitingBytes: number
}

export function createByteQueue(): ByteQueue {
  let chunks: Uint8Array[] = []
  let waitingBytes = 0
  let ended = false
  let failure: Error | undefined
  let news: Deferred<void> | undefined
  let heard: AbortSignal | undefined
  const wake = (): void => { news?.resolve(); news = undefined }
  /** One reader with one signal reads thousands of times a second, so the signal is asked to wake it once and not for each read. */
  const hear = (signal: AbortSignal | undefined): void => {
    if (heard === signal) return
    heard?.removeEventListener('abort', wake)
    heard = signal
    signal?.addEventListener('abort', wake, { once: true })
  }
  const takeAll = (): Uint8Array => {
    const first = chunks[0]
    const all = chunks.length === 1 && first ? first : joinBytes(chunks)
    chunks = []
    waitingBytes = 0
    return all
  }
  return {
    push: (chunk) => {
      if (ended || chunk.length === 0) return
      chunks.push(chunk)
      waitingBytes += chunk.length
      wake()
    },
    end: () => { ended = true; wake(); hear(undefined) },
    fail: (error) => { failure ??= error; ended = true; wake(); hear(undefined) },
    read: async (signal) => {
      for (;;) {
        signal.throwIfAborted()
        if (waitingBytes > 0) return takeAll()
        if (failure) throw failure
        if (ended) return undefined
        hear(signal)
        news ??= createDeferred()
        await news.promise
      }
    },
    take: () => (waitingBytes > 0 ? takeAll() : undefined),
    discard: () => {
      const dropped = waitingBytes
      chunks = []
      waitingBytes = 0
      return dropped
    },
    get waitingBytes() { return waitingBytes },
  }
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) { whole.set(part, at); at += part.length }
  return whole
}
