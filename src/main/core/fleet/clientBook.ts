import { mostMessageBytes } from '../../../shared/fleet/command.schema.ts'
import type { FleetStore } from '../../../shared/fleet/fleetStore.ts'
import { type FleetClient, fleetClientSchema, type SecurityNote } from '../../../shared/fleet/fleetView.schema.ts'
import { healthMessageSchema, serviceFailedMessageSchema } from '../../../shared/fleet/health.schema.ts'
import { type FleetMessage, readJson } from './ackIntake.ts'

/** A heartbeat is written down no more often than this. */
const writeEveryMs = 10_000
const warningWindowMs = 600_000
const mostRises = 5

export interface ClientBook {
  heartbeat(clientUuid: string, message: FleetMessage): void
  health(clientUuid: string, message: FleetMessage): void
  serviceFailed(clientUuid: string, message: FleetMessage): void
  gone(clientUuid: string): void
  seen(clientUuid: string): void
}

export interface ClientBookDeps {
  readonly store: FleetStore
  readonly now: () => number
  readonly note: (kind: SecurityNote['kind'], clientUuid: string, detail: string) => void
  readonly changed: () => void
}

/** Reconnects of the last ten minutes by the client's own count, which begins anew with each start of its program. */
export function recentReconnects({ reconnects }: Pick<FleetClient, 'reconnects'>, nowMs: number): number {
  const within = reconnects.filter(({ atMs }) => atMs > nowMs - warningWindowMs)
  return within.reduce((sum, { count }, index) => {
    const before = within[index - 1]
    return before ? sum + (count >= before.count ? count - before.count : count) : sum
  }, 0)
}
export const hasPoorLink = (client: Pick<FleetClient, 'reconnects'>, nowMs: number): boolean => recentReconnects(client, nowMs) > mostRises

export function createClientBook({ store, now, note, changed }: ClientBookDeps): ClientBook {
  const put = (uuid: string, change: Partial<FleetClient>): void => {
    const known = store.client(uuid) ?? fleetClientSchema.parse({ uuid })
    if (store.putClient({ ...known, ...change })) changed()
  }
  /** What a broker had kept says nothing about now. */
  const isLive = (clientUuid: string, { payload, retain }: FleetMessage): boolean => {
    if (payload.length > mostMessageBytes) { note('oversized', clientUuid, `${payload.length} bytes`); return false }
    return !retain
  }
  const heartbeat = (clientUuid: string, nowMs: number): void => {
    if (nowMs - (store.client(clientUuid)?.lastHeartbeatMs ?? -Infinity) >= writeEveryMs) put(clientUuid, { lastSeenMs: nowMs, lastHeartbeatMs: nowMs })
  }
  return {
    heartbeat: (clientUuid, message) => { if (isLive(clientUuid, message)) heartbeat(clientUuid, now()) },
    health: (clientUuid, message) => {
      if (!isLive(clientUuid, message)) return
      const nowMs = now()
      const health = healthMessageSchema.safeParse(readJson(message.payload))
      if (!health.success) { note('malformed', clientUuid, 'a health message that breaks the contract'); return }
      const connection = health.data.broker_connection
      if (!connection) { heartbeat(clientUuid, nowMs); return }
      const before = store.client(clientUuid)
      if (before?.reconnectCount === connection.reconnect_count && before.lastDisconnectAt === connection.last_disconnect_at) { heartbeat(clientUuid, nowMs); return }
      const reconnects = [...before?.reconnects ?? [], { atMs: nowMs, count: connection.reconnect_count }].filter(({ atMs }) => atMs > nowMs - warningWindowMs).slice(-50)
      put(clientUuid, { lastSeenMs: nowMs, lastHeartbeatMs: nowMs, reconnectCount: connection.reconnect_count, lastDisconnectAt: connection.last_disconnect_at, reconnects })
    },
    serviceFailed: (clientUuid, { payload }) => {
      const known = store.alert(clientUuid)
      if (payload.length === 0) {
        if (known && known.clearedAtMs === undefined) { store.putAlert({ ...known, clearedAtMs: now() }); changed() }
        return
      }
      if (payload.length > mostMessageBytes) { note('oversized', clientUuid, `an alert of ${payload.length} bytes`); return }
      const failed = serviceFailedMessageSchema.safeParse(readJson(payload))
      if (!failed.success) { note('malformed', clientUuid, 'an alert that breaks the contract'); return }
      if (failed.data.client_uuid !== clientUuid) { note('wrong_client', clientUuid, `an alert of ${failed.data.client_uuid}`); return }
      const { unit, failed_at: failedAt } = failed.data
      // The broker says it again at every connection, until it is cleared there.
      if (known?.clearedAtMs === undefined && known?.unit === unit && known.failedAt === failedAt) return
      if (!store.client(clientUuid)) put(clientUuid, {})
      store.putAlert({ clientUuid, unit, failedAt, seenAtMs: now() })
      changed()
    },
    gone: (clientUuid) => { put(clientUuid, { lastDisconnectMs: now() }) },
    seen: (clientUuid) => { put(clientUuid, { lastSeenMs: now() }) },
  }
}
