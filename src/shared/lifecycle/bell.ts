import { createDeferred, type Deferred, orAborted } from './signals.ts'

/** Wakes everybody who waits, and forgets: whoever comes later looks for itself first. */
export interface Bell {
  ring(): void
  /** Ask for it before looking, so that a ring in between is not missed. */
  next(signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let news: Deferred<void> | undefined
  return {
    ring: () => { news?.resolve(); news = undefined },
    next: async (signal) => orAborted((news ??= createDeferred()).promise, signal),
  }
}
