/** Runs one piece of work at a time, in the order asked for. A waiter whose signal aborts leaves the queue. */
export type Lane = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>

export function createLane(): Lane {
  let tail: Promise<unknown> = Promise.resolve()
  return async (signal, work) => {
    const before = tail
    const turn = before.then(async () => {
      signal.throwIfAborted()
      return work()
    })
    // The next one waits for this one to end, however it ends.
    tail = turn.catch(() => undefined)
    return turn
  }
}
