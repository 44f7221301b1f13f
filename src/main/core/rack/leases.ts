import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

export interface LeaseHolder {
  readonly holder: string
  /** Wall time, ms. */
  readonly sinceMs: number
}

/** Exclusive use of one pod or camera. */
export interface Lease {
  readonly resource: string
  readonly holder: string
  /** Whose lease was taken over because its process is gone; worth a note in the job. */
  readonly takenOverFrom: LeaseHolder | undefined
  /** Idempotent. */
  release(): Promise<void>
}

export interface Leases {
  /** Does not wait: `pod/busy` names the holder and since when. `holder` is for people: "Restore of cam-1 (job j-7)". */
  take(resource: string, holder: string, signal: AbortSignal): Promise<Lease>
  /** For cards; `undefined` when free. */
  holderOf(resource: string): LeaseHolder | undefined
}

/** Where leases are kept; each operation is one step that nobody can come between, other processes included. */
export interface LeaseStore {
  tryTake(resource: string, by: LeaseHolder): LeaseTaken | LeaseHeld
  /** Only the lease with this token; an older one leaves the new holder alone. */
  free(resource: string, token: string): void
  holderOf(resource: string): LeaseHolder | undefined
}
export interface LeaseTaken { readonly kind: 'taken'; readonly token: string; readonly takenOverFrom: LeaseHolder | undefined }
export interface LeaseHeld { readonly kind: 'held'; readonly by: LeaseHolder }

type ZonedWall = Pick<Clock, 'wallMs' | 'zoneMs'>

export interface LeasesDeps {
  readonly store: LeaseStore
  readonly clock: ZonedWall
  readonly log: (line: string) => void
}

export function createLeases({ store, clock, log }: LeasesDeps): Leases {
  return {
    take: async (resource, holder, signal) => {
      signal.throwIfAborted()
      const answer = store.tryTake(resource, { holder, sinceMs: clock.wallMs() })
      if (answer.kind === 'held') throw busyWith(resource, answer.by, clock)
      const { token, takenOverFrom } = answer
      if (takenOverFrom) log(`${resource}: ${takenOverFrom.holder} had it since ${timeOfDay(takenOverFrom.sinceMs, clock)} and is gone; ${holder} takes it over`)
      return { resource, holder, takenOverFrom, release: async () => { store.free(resource, token) } }
    },
    holderOf: (resource) => store.holderOf(resource),
  }
}

/** Leases of one process only: tests and simulated racks. */
export function createMemoryLeaseStore(): LeaseStore {
  const held = new Map<string, { readonly by: LeaseHolder; readonly token: string }>()
  let tokens = 0
  return {
    tryTake: (resource, by) => {
      const other = held.get(resource)
      if (other) return { kind: 'held', by: other.by }
      const token = String((tokens += 1))
      held.set(resource, { by, token })
      return { kind: 'taken', token, takenOverFrom: undefined }
    },
    free: (resource, token) => { if (held.get(resource)?.token === token) held.delete(resource) },
    holderOf: (resource) => held.get(resource)?.by,
  }
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** Time of day of a wall time where this computer stands, as a window shows it. */
export function timeOfDay(wallMs: number, clock: Pick<Clock, 'zoneMs'>): string {
  const seconds = Math.floor((wallMs + clock.zoneMs(wallMs)) / 1000) % 86_400
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(twoDigits).join(':')
}

export function busyWith(resource: string, { holder, sinceMs }: LeaseHolder, clock: ZonedWall): WorkbenchError {
  const seconds = Math.max(0, Math.round((clock.wallMs() - sinceMs) / 1000))
  return new WorkbenchError('pod/busy', `${resource} is in use by ${holder} since ${timeOfDay(sinceMs, clock)}`, {
    context: { resource, holder, sinceMs, seconds }, hint: `Wait for ${holder} to end, or cancel it`,
  })
}
