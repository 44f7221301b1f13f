/** The thread works so long in one go, and then leaves the processor to consoles and windows for three times that. */
const workMs = 6
const restPerWork = 3
const longestRestMs = 30
/** All rests of one round: however much there is to read, it is found so much later and no more. */
const roundRestMs = 2_000

export interface IndexRests {
  /** A round begins. */
  begin(): void
  /** Called between two steps of the work; waits when it is time. */
  rest(): void
}
export interface IndexRestsDeps {
  readonly nowMs: () => number
  /** Blocks for so long, or until somebody is in a hurry. */
  readonly wait: (durationMs: number) => void
  /** Somebody waits for this round. */
  readonly isHurried: () => boolean
}

/** A second's worth of a hundred consoles is read in one go else, and every pixel of the window waits for it. */
export function createIndexRests({ nowMs, wait, isHurried }: IndexRestsDeps): IndexRests {
  let sinceMs = 0
  let restedMs = 0
  return {
    begin: () => { sinceMs = nowMs(); restedMs = 0 },
    rest: () => {
      const workedMs = nowMs() - sinceMs
      if (workedMs < workMs) return
      if (restedMs < roundRestMs && !isHurried()) {
        const durationMs = Math.min(longestRestMs, workedMs * restPerWork, roundRestMs - restedMs)
        wait(durationMs)
        restedMs += durationMs
      }
      sinceMs = nowMs()
    },
  }
}

/** One number that both threads see: 1 while somebody waits. */
export interface HurryFlag {
  readonly shared: SharedArrayBuffer
  set(isHurried: boolean): void
}
export function createHurryFlag(): HurryFlag {
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const flag = new Int32Array(shared)
  return {
    shared,
    set: (isHurried) => {
      Atomics.store(flag, 0, isHurried ? 1 : 0)
      if (isHurried) Atomics.notify(flag, 0)
    },
  }
}
/** The thread's side of it. */
export function hearHurry(shared: SharedArrayBuffer): Pick<IndexRestsDeps, 'wait' | 'isHurried'> {
  const flag = new Int32Array(shared)
  return {
    wait: (durationMs) => { Atomics.wait(flag, 0, 0, durationMs) },
    isHurried: () => Atomics.load(flag, 0) === 1,
  }
}
