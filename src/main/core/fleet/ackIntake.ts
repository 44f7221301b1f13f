import { ackMessageSchema, mostMessageBytes } from '../../../shared/fleet/command.schema.ts'
import type { FleetStore } from '../../../shared/fleet/fleetStore.ts'
import type { SecurityNote } from '../../../shared/fleet/fleetView.schema.ts'
import type { Ledger } from './ledger.ts'

/** A message as it came from the broker. */
export interface FleetMessage {
  readonly topic: string
  readonly payload: Uint8Array
  /** Kept by the broker from some time before, and not sent just now. */
  readonly retain: boolean
}

export interface AckIntake {
  readonly store: FleetStore
  readonly ledger: Ledger
  readonly check: (value: unknown) => string | undefined
  readonly note: (kind: SecurityNote['kind'], clientUuid: string, detail: string) => void
}

/** Nothing that a client sends makes this throw; only what cannot be kept does, and then it is as if it had not come. */
export function takeAck({ store, ledger, check, note }: AckIntake, clientUuid: string, { payload, retain }: FleetMessage): void {
  if (retain) { note('retained', clientUuid, 'an ack that the broker had kept'); return }
  if (payload.length > mostMessageBytes) { note('oversized', clientUuid, `an ack of ${payload.length} bytes`); return }
  const value = readJson(payload)
  const wrong = value === undefined ? 'no JSON' : check(value)
  const ack = ackMessageSchema.safeParse(value)
  if (wrong !== undefined || !ack.success) { note('malformed', clientUuid, `an ack that breaks the contract: ${wrong ?? 'its timestamps or ids'}`); return }
  const { command_id: commandId, status, error_code: errorCode, error_message: errorMessage } = ack.data
  const command = store.command(commandId)
  if (!command) { note('unknown_command', clientUuid, `${status} for ${commandId}`); return }
  if (command.clientUuid !== clientUuid) {
    ledger.write(({ nowMs }) => store.keepAck(ack.data, { atMs: nowMs, clientUuid, verdict: 'foreign' }))
    note('foreign_client', clientUuid, `${status} for ${commandId}, which is of ${command.clientUuid}`)
    return
  }
  ledger.write((page) => {
    // Read again inside: another process may have moved it.
    const { verdict = 'repeated' } = page.move(store.command(commandId) ?? command, { kind: 'ack', status, errorCode, errorMessage })
    store.keepAck(ack.data, { atMs: page.nowMs, clientUuid, verdict })
  })
}

/** Undefined for what is no JSON in UTF-8. */
export function readJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)) as unknown
  } catch {
    return undefined
  }
}
