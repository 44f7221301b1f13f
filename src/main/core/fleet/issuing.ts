import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { CommandAction, CommandMessage } from '../../../shared/fleet/command.schema.ts'
import { type FleetCommand, isFinal } from '../../../shared/fleet/commandView.schema.ts'
import type { FleetStore } from '../../../shared/fleet/fleetStore.ts'
import { isoTime } from '../captures/exportFormats.ts'
import type { LedgerPage } from './ledger.ts'
import { lockout, lockoutWindowMs } from './policy.ts'

export interface IssueWish {
  readonly clientUuid: string
  readonly action: CommandAction
  readonly reason?: string | null | undefined
  readonly requestedBy?: number | null | undefined
  readonly idempotencyKey?: string | undefined
  /** How long a screen may still begin with it. */
  readonly lifeMs?: number | undefined
  readonly group?: string | undefined
}

export interface Issued {
  readonly command: FleetCommand
  /** The same wish was made before under this key; this is what became of it. */
  readonly repeated: boolean
}

export interface Issuing {
  readonly store: FleetStore
  readonly newId: () => string
  readonly wallMs: () => number
  readonly via: string
  /** Undefined when it keeps the frozen contract. */
  readonly check: (message: CommandMessage) => string | undefined
}

export const defaultLifeMs = 240_000

export const messageOf = ({ id, clientUuid, action, issuedAt, expiresAt, requestedBy, reason }: FleetCommand): CommandMessage => ({
  schema_version: '1.0', command_id: id, client_uuid: clientUuid, action, issued_at: issuedAt, expires_at: expiresAt, requested_by: requestedBy, reason,
})

/** Refused by throwing, or kept: queued, or blocked by the lockout, which is kept as well. */
export function issueOn(page: LedgerPage, wish: IssueWish, issuing: Issuing): Issued {
  const { store, newId, via, check } = issuing
  const known = wish.idempotencyKey === undefined ? undefined : store.byKey(wish.idempotencyKey)
  if (known) return repeatOf(known, wish)
  refuseWhileOpen(store.commands({ clientUuid: wish.clientUuid, open: true, limit: 20 }), wish)
  const command = newCommandOf(page.nowMs, issuing.wallMs(), wish, newId(), via)
  const wrong = check(messageOf(command))
  if (wrong !== undefined) throw new WorkbenchError('input/malformed', `This is no command of schema 1.0: ${wrong}`)
  const { retryAfterS } = wish.action === 'reboot_host' ? lockout(store.rebootsSince(wish.clientUuid, page.nowMs - lockoutWindowMs), page.nowMs) : {}
  const kept: FleetCommand = retryAfterS === undefined ? command
    : { ...command, state: 'blocked', times: { ...command.times, blocked: page.nowMs }, endedBy: 'policy', blockedBy: 'lockout', retryAfterS }
  page.add(kept, kept.state === 'blocked' ? [{ what: 'queued' }, { what: 'blocked', detail: `lockout, for ${retryAfterS ?? 0} s` }] : [{ what: 'queued' }])
  return { command: kept, repeated: false }
}

function newCommandOf(nowMs: number, wallMs: number, { clientUuid, action, reason = null, requestedBy = null, idempotencyKey, lifeMs = defaultLifeMs, group }: IssueWish, id: string, via: string): FleetCommand {
  return {
    id, clientUuid, action, reason, requestedBy, issuedAt: isoTime(wallMs), expiresAt: isoTime(wallMs + lifeMs),
    expiresWallMs: wallMs + lifeMs, issuedAtMs: nowMs, expiresAtMs: nowMs + lifeMs, state: 'queued', times: { queued: nowMs }, overdue: false, untimed: false, via,
    ...(group === undefined ? {} : { group }), ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  }
}

function repeatOf(known: FleetCommand, { clientUuid, action, idempotencyKey = '' }: IssueWish): Issued {
  if (known.clientUuid === clientUuid && known.action === action) return { command: known, repeated: true }
  throw new WorkbenchError('input/conflict', `The key "${idempotencyKey}" was used for another command`, { context: { commandId: known.id, reason: 'OtherWish' }, hint: 'Take a new key for a new command' })
}

function refuseWhileOpen(open: readonly FleetCommand[], { action }: IssueWish): void {
  const same = open.find((each) => each.action === action && !isFinal(each.state))
  if (same) throw new WorkbenchError('input/conflict', `This client has a ${action} that has not ended yet`, { context: { commandId: same.id, state: same.state, reason: 'Open' }, hint: 'Wait for its end, or cancel it while it is queued' })
  const reboot = action === 'shutdown_host' ? open.find((each) => each.action === 'reboot_host') : undefined
  if (reboot) throw new WorkbenchError('input/conflict', 'This client is restarting; it cannot be shut down meanwhile', { context: { commandId: reboot.id, state: reboot.state, reason: 'Rebooting' }, hint: 'Wait until it is back' })
}
