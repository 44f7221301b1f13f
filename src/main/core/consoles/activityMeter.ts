const seconds = 24

/** Bytes per second of the last 24 seconds. */
export interface ActivityMeter {
  count(bytes: number, nowMs: number): void
  /** Oldest first, the running second last. */
  read(nowMs: number): number[]
}

export function createActivityMeter(): ActivityMeter {
  const buckets = new Array<number>(seconds).fill(0)
  let newest = 0
  const moveTo = (nowMs: number): number => {
    const second = Math.floor(nowMs / 1000)
    for (let next = Math.max(newest + 1, second - seconds + 1); next <= second; next += 1) buckets[next % seconds] = 0
    newest = Math.max(newest, second)
    return newest
  }
  return {
    count: (bytes, nowMs) => {
      const at = moveTo(nowMs) % seconds
      buckets[at] = (buckets[at] ?? 0) + bytes
    },
    read: (nowMs) => {
      const second = moveTo(nowMs)
      return Array.from({ length: seconds }, (_, index) => buckets[(second + 1 + index) % seconds] ?? 0)
    },
  }
}
