import type { AgentRecord, AgentState } from '../../../shared/fleet/agentState.schema.ts'
import { type CommandMessage, commandMessageSchema, fleetUuidSchema, mostMessageBytes, type RefusalCode } from '../../../shared/fleet/command.schema.ts'
import { agentLimits, type Arrival, type IsoTimes } from './agentParts.ts'

export type Decision =
  /** Said here and to nobody else. */
  | { readonly kind: 'ignore'; readonly code: RefusalCode | 'retained'; readonly words: string }
  | { readonly kind: 'refuse'; readonly record: AgentRecord }
  | { readonly kind: 'repeat'; readonly record: AgentRecord }
  | { readonly kind: 'accept'; readonly record: AgentRecord }

export interface DecisionFacts {
  readonly clientUuid: string
  readonly nowMs: number
  readonly times: IsoTimes
  /** Where a value breaks the frozen contract; undefined when it does not. */
  readonly contractFault: (value: unknown) => string | undefined
}

export const isOver = ({ status }: AgentRecord): boolean => status === 'completed' || status === 'failed'

/** What becomes of one message. Nothing is done here: the answer depends on what is known and on nothing else. */
export function decideArrival(state: AgentState, { bytes, retained }: Arrival, facts: DecisionFacts): Decision {
  const ignore = (code: RefusalCode | 'retained', words: string): Decision => ({ kind: 'ignore', code, words })
  if (bytes.length > mostMessageBytes) return ignore('invalid_json', `A message of ${bytes.length} bytes is larger than any command`)
  const value = jsonIn(bytes)
  if (value === undefined) return ignore('invalid_json', 'A message is no JSON')
  const parsed = commandMessageSchema.safeParse(value)
  const fault = parsed.success ? facts.contractFault(value) : firstFault(parsed.error.issues)
  if (!parsed.success || fault !== undefined) return decideInvalid(state, value, fault ?? 'not a command', retained, facts)
  const command = parsed.data
  if (command.client_uuid !== facts.clientUuid) return ignore('wrong_client', `Command ${command.command_id} is for another screen`)
  // The broker keeps it and would hand it over at each reconnect: one reboot after the other.
  if (retained) return ignore('retained', `Command ${command.command_id} was retained by the broker`)
  const known = state.commands.find(({ command_id: id }) => id === command.command_id)
  // Before the clock is asked: what was done is not called stale because its answer got lost.
  if (known) return { kind: 'repeat', record: known }
  const [code, words] = refusalOf(state, command, facts) ?? []
  const record = recordOf(command, facts)
  return code === undefined ? { kind: 'accept', record } : { kind: 'refuse', record: refused(record, code, words ?? '') }
}

function refusalOf(state: AgentState, command: CommandMessage, { nowMs, times }: DecisionFacts): readonly [RefusalCode, string] | undefined {
  const issuedMs = times.toMs(command.issued_at)
  // Turned round, so that what is no time is refused as well.
  if (!(times.toMs(command.expires_at) >= nowMs)) return ['stale_command', `It expired at ${command.expires_at}, and it is ${times.toText(nowMs)} here`]
  if (!(issuedMs <= nowMs + agentLimits.clockSkewMs)) return ['clock_skew', `It was issued at ${command.issued_at}, and it is only ${times.toText(nowMs)} here`]
  const until = state.refuse_issued_until
  if (until !== null && !(issuedMs > times.toMs(until))) return ['stale_command', `It was issued at ${command.issued_at}; what was done up to ${until} is no longer known here`]
  const running = state.commands.find((each) => !isOver(each))
  if (running) return ['busy', `Command ${running.command_id} is not over yet`]
  return undefined
}

function decideInvalid(state: AgentState, value: unknown, fault: string, retained: boolean, facts: DecisionFacts): Decision {
  const read = (name: string): unknown => typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
  const client = read('client_uuid')
  if (typeof client === 'string' && client !== facts.clientUuid) return { kind: 'ignore', code: 'wrong_client', words: 'A message is for another screen' }
  const id = fleetUuidSchema.safeParse(read('command_id'))
  if (!id.success || retained) return { kind: 'ignore', code: 'invalid_schema', words: fault }
  const known = state.commands.find(({ command_id: each }) => each === id.data)
  // A second message under the id of a command cannot make a failure of that command.
  if (known) return { kind: 'repeat', record: known }
  const record: AgentRecord = {
    command_id: id.data, action: null, issued_at: null, expires_at: null, received_at: facts.times.toText(facts.nowMs),
    status: 'failed', error_code: null, error_message: null, boot_id_before: null, acks: [],
  }
  return { kind: 'refuse', record: refused(record, 'invalid_schema', fault) }
}

const recordOf = (command: CommandMessage, { nowMs, times }: DecisionFacts): AgentRecord => ({
  command_id: command.command_id, action: command.action, issued_at: command.issued_at, expires_at: command.expires_at, received_at: times.toText(nowMs),
  status: 'accepted', error_code: null, error_message: null, boot_id_before: null, acks: ['accepted'],
})

const refused = (record: AgentRecord, code: RefusalCode, words: string): AgentRecord =>
  ({ ...record, status: 'failed', error_code: code, error_message: bounded(words), acks: ['failed'] })

/** A failure without words would break the contract. */
export const bounded = (words: string): string => (words === '' ? 'No further words' : words.slice(0, 1_000))

function jsonIn(bytes: Uint8Array): unknown {
  try {
    // A value of undefined cannot come out of JSON.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch {
    return undefined
  }
}

const firstFault = (issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string => {
  const [first] = issues
  return first ? `${first.path.map(String).join('.') || 'message'}: ${first.message}`.slice(0, 400) : 'not a command'
}
