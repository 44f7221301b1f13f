/** When one transfer repeats itself, and when it gives its client up. All in milliseconds. */
export interface PatienceLimits {
  /** Before the first round trip was measured. */
  readonly firstWaitMs: number
  /** Bounds of the measured wait (four round trips). U-Boot waits 5 s for a lost packet, so the server has to be first. */
  readonly leastWaitMs: number
  readonly mostFirstWaitMs: number
  /** Where the doubling ends; a negotiated timeout may lower it. */
  readonly mostWaitMs: number
  /** A client that says nothing for so long is gone. */
  readonly silenceMs: number
}

export interface Patience {
  /** Something new went out; its answer is awaited. */
  sentNew(nowMs: number): void
  /** The same went out again. `backOff` doubles the wait, from the second time on. */
  repeated(nowMs: number, backOff: boolean): void
  /** The client said something; `answersLatest` makes it a measurement. */
  heard(nowMs: number, answersLatest: boolean): void
  /** Repeating on a client's demand: once per wait, or a doubled acknowledgement would double every block to the end. */
  mayRepeatOnDemand(nowMs: number): boolean
  isDue(nowMs: number): boolean
  hasGivenUp(nowMs: number): boolean
  silentMs(nowMs: number): number
  nextDueMs(): number
}

export function createPatience(limits: PatienceLimits, nowMs: number, negotiatedMs: number | undefined): Patience {
  const ceilingMs = Math.min(limits.mostWaitMs, negotiatedMs ?? limits.mostWaitMs)
  let roundTripMs: number | undefined
  let firstWaitMs = Math.min(limits.firstWaitMs, ceilingMs)
  let repeats = 0
  let backOffs = 0
  let sentAtMs = nowMs
  let heardAtMs = nowMs
  let dueAtMs = nowMs + firstWaitMs
  let onDemandFromMs = nowMs
  // The first repeat does not double: two losses in a row are common at 1 %, and doubling would make them a stall.
  const waitMs = (): number => Math.min(firstWaitMs * 2 ** Math.max(0, backOffs - 1), ceilingMs)
  return {
    sentNew: (now) => {
      repeats = 0
      backOffs = 0
      sentAtMs = now
      dueAtMs = now + waitMs()
    },
    repeated: (now, backOff) => {
      repeats += 1
      if (backOff) backOffs += 1
      dueAtMs = now + waitMs()
      onDemandFromMs = dueAtMs
    },
    heard: (now, answersLatest) => {
      heardAtMs = now
      // An answer to something that went out twice measures nothing (nobody knows which one it answers).
      if (!answersLatest || repeats > 0) return
      const sampleMs = now - sentAtMs
      roundTripMs = roundTripMs === undefined ? sampleMs : roundTripMs + (sampleMs - roundTripMs) / 8
      firstWaitMs = Math.min(Math.max(4 * roundTripMs, limits.leastWaitMs), limits.mostFirstWaitMs, ceilingMs)
    },
    mayRepeatOnDemand: (now) => now >= onDemandFromMs,
    isDue: (now) => now >= dueAtMs,
    hasGivenUp: (now) => now - heardAtMs >= limits.silenceMs,
    silentMs: (now) => now - heardAtMs,
    nextDueMs: () => Math.min(dueAtMs, heardAtMs + limits.silenceMs),
  }
}
