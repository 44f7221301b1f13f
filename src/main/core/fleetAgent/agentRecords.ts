import { type AgentRecord, type AgentState, mostRecords } from '../../../shared/fleet/agentState.schema.ts'
import type { AckMessage, AckStatus, RefusalCode } from '../../../shared/fleet/command.schema.ts'
import { agentLimits, type IsoTimes } from './agentParts.ts'
import { bounded, isOver } from './decideArrival.ts'

/** The state as it shall be, and what may be told once it is on the disk. */
export interface Step {
  readonly state: AgentState
  readonly acks: readonly AckMessage[]
}

export const ackOf = (record: AgentRecord, status: AckStatus): AckMessage => ({
  command_id: record.command_id, status,
  error_code: status === 'failed' ? record.error_code : null, error_message: status === 'failed' ? record.error_message : null,
})

/** A repeated command gets the last answer again, and all of them once it is over: one may have been lost. */
export const repeatedAcks = (record: AgentRecord): readonly AckMessage[] =>
  (isOver(record) ? record.acks : record.acks.slice(-1)).map((status) => ackOf(record, status))

export function added(state: AgentState, record: AgentRecord): Step {
  return { state: { ...state, commands: [...state.commands, record] }, acks: repeatedAcks(record) }
}

const changed = (state: AgentState, record: AgentRecord): AgentState =>
  ({ ...state, commands: state.commands.map((each) => (each.command_id === record.command_id ? record : each)) })

export interface Starting { readonly bootId: string; readonly since: string }

/** On the disk before the helper is called: from here on the boot id says what became of it. */
export function started(state: AgentState, record: AgentRecord, { bootId, since }: Starting): Step {
  const next: AgentRecord = { ...record, status: 'execution_started', boot_id_before: bootId, acks: [...record.acks, 'execution_started'] }
  return { state: { ...changed(state, next), pending_recovery: { command_id: record.command_id, boot_id: bootId, since } }, acks: [ackOf(next, 'execution_started')] }
}

export function ended(state: AgentState, record: AgentRecord, failure?: { readonly code: RefusalCode; readonly words: string }): Step {
  const status = failure ? 'failed' : 'completed'
  const next: AgentRecord = { ...record, status, error_code: failure?.code ?? null, error_message: failure ? bounded(failure.words) : null, acks: [...record.acks, status] }
  const isPending = state.pending_recovery?.command_id === record.command_id
  return { state: { ...changed(state, next), pending_recovery: isPending ? null : state.pending_recovery }, acks: [ackOf(next, status)] }
}

/** Finished commands of yesterday go; of too many the oldest finished ones. */
export function pruned(state: AgentState, nowMs: number, times: IsoTimes): AgentState {
  const isOld = (record: AgentRecord): boolean =>
    isOver(record) && nowMs - times.toMs(record.received_at) > agentLimits.keepMs && !(record.expires_at !== null && times.toMs(record.expires_at) >= nowMs)
  const young = state.commands.filter((record) => !isOld(record))
  const dropped = new Set([...state.commands.filter(isOld), ...young.filter(isOver).slice(0, Math.max(0, young.length - mostRecords))])
  if (dropped.size === 0) return state
  return { ...state, commands: state.commands.filter((record) => !dropped.has(record)), refuse_issued_until: floorOf(state, [...dropped], nowMs, times) }
}

/** A forgotten command that comes again is refused by its age, also after a clock went back; never by a time to come, or one wrong clock would silence this screen. */
function floorOf(state: AgentState, dropped: readonly AgentRecord[], nowMs: number, times: IsoTimes): string | null {
  const floors = [state.refuse_issued_until, ...dropped.map(({ issued_at: text }) => text)].flatMap((text) => (text === null ? [] : [Math.min(times.toMs(text), nowMs)]))
  return floors.length === 0 ? null : times.toText(Math.max(...floors))
}
