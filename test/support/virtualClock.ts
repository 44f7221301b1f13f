import type { Clock } from '../../src/shared/lifecycle/clock.ts'

export interface VirtualClock extends Clock {
  /** Moves time forward and wakes sleepers in order; lets promise chains run in between. */
  advance(durationMs: number): Promise<void>
  /** Advances from sleeper to sleeper until `work` settles. Rejects when nothing sleeps and nothing settles, or past `limitMs` of virtual time. */
  run<T>(work: Promise<T>, limitMs?: number): Promise<T>
  sleepers(): number
  /** Time stands still in `run` until real work, on a disk say, is done: a deadline would pass at once otherwise. */
  whileReal<T>(work: Promise<T>): Promise<T>
}

interface Sleeper {
  readonly atMs: number
  readonly order: number
  readonly wake: () => void
}

/** Promise chains need many turns of the loop, and real I/O (none in virtual tests) would need more: setImmediate gives both a chance. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => { setImmediate(resolve) })
}

/** In UTC, or so far ahead of it, whatever the zone of the machine is. */
export function createVirtualClock(startWallMs = Date.UTC(2026, 4, 12), zoneMs = 0): VirtualClock {
  let nowMs = 0
  let order = 0
  let realWork = 0
  const sleeping = new Set<Sleeper>()
  const next = (): Sleeper | undefined =>
    [...sleeping].reduce<Sleeper | undefined>((first, each) =>
      (!first || each.atMs < first.atMs || (each.atMs === first.atMs && each.order < first.order) ? each : first), undefined)

  const wakeNext = (limitMs: number): boolean => {
    const sleeper = next()
    if (!sleeper || sleeper.atMs > limitMs) return false
    sleeping.delete(sleeper)
    nowMs = Math.max(nowMs, sleeper.atMs)
    sleeper.wake()
    return true
  }

  return {
    nowMs: () => nowMs,
    wallMs: () => startWallMs + nowMs,
    zoneMs: () => zoneMs,
    sleep: async (durationMs, signal) => {
      signal.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => { sleeping.delete(sleeper); reject(signal.reason as Error) }
        const sleeper: Sleeper = {
          atMs: nowMs + Math.max(0, durationMs), order: (order += 1),
          wake: () => { signal.removeEventListener('abort', stop); resolve() },
        }
        sleeping.add(sleeper)
        signal.addEventListener('abort', stop, { once: true })
      })
    },
    advance: async (durationMs) => {
      const until = nowMs + durationMs
      await settle()
      while (wakeNext(until)) await settle()
      nowMs = until
    },
    run: async (work, limitMs = 3_600_000) => {
      let done = false
      const finished = work.finally(() => { done = true })
      finished.catch(() => undefined)
      const until = nowMs + limitMs
      let idle = 0
      await settle()
      while (!done) {
        if (realWork > 0 || wakeNext(until)) idle = 0
        else if ((idle += 1) > 50) throw new Error(`virtual time stands still at ${nowMs} ms with ${sleeping.size} sleepers`)
        await settle()
      }
      return finished
    },
    sleepers: () => sleeping.size,
    whileReal: async (work) => {
      realWork += 1
      try { return await work } finally { realWork -= 1 }
    },
  }
}
