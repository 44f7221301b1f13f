import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type AgentRecord, type AgentState, mostUnsent } from '../../../shared/fleet/agentState.schema.ts'
import type { RefusalCode } from '../../../shared/fleet/command.schema.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { agentLimits, type AgentLink, type AgentNews, type AgentStore, type Arrival, type HelperCall, type HelperOutcome, type IsoTimes } from './agentParts.ts'
import { added, ended, pruned, repeatedAcks, started, type Step } from './agentRecords.ts'
import { createBrokerHealth } from './brokerHealth.ts'
import { decideArrival, isOver } from './decideArrival.ts'
import { mayCompleteUnseen } from './mockFlag.ts'
import { createOutbox } from './outbox.ts'

export interface FleetAgentOptions {
  readonly clientUuid: string
  readonly clock: Clock
  readonly times: IsoTimes
  readonly store: AgentStore
  readonly link: AgentLink
  readonly helper: HelperCall
  /** Of the kernel that runs now: it is another one after a reboot and only then. */
  readonly bootId: string
  readonly contractFault: (value: unknown) => string | undefined
  /** As the last process left it. */
  readonly first: AgentState
  readonly mock: { readonly isAsked: boolean; readonly isUnderUnit: boolean }
  readonly tell: (news: AgentNews) => void
  /** Called by the main loop after each round, and by nothing else: a loop that hangs falls silent. */
  readonly alive: () => void
  /** The main loop comes round at least this often. */
  readonly roundMs: number
}

export interface FleetAgent {
  /** Resolves when the message may be forgotten by the broker: what it means is on the disk. Never rejects. */
  receive(arrival: Arrival): Promise<void>
  connected(): void
  disconnected(): void
  /** The main loop, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

interface Waiting { readonly arrival: Arrival; readonly done: () => void }
interface Outcome { readonly commandId: string; readonly outcome: HelperOutcome }

export function createFleetAgent(options: FleetAgentOptions): FleetAgent {
  const { clientUuid, clock, times, link, helper, bootId, tell } = options
  const bell = createBell()
  const inbox: Waiting[] = []
  const outbox = createOutbox({ clientUuid, clock, link, first: options.first.unsent, onDrained: () => { bell.ring() } })
  const mock = mayCompleteUnseen({ ...options.mock, helperIsMock: helper.isMock })
  const health = createBrokerHealth(clientUuid, mock.allowed)
  let state = options.first
  let calling: string | undefined
  let outcome: Outcome | undefined
  let rebootDueMs = clock.nowMs() + timeLeft(options.first, clock.wallMs(), times)
  let healthDueMs = clock.nowMs()
  const nowText = (): string => times.toText(clock.wallMs())

  /** On the disk first; only then is it so, and only then is it told. */
  const commit = async (step: Step): Promise<void> => {
    const next = { ...pruned(step.state, clock.wallMs(), times), unsent: [...outbox.waiting(), ...step.acks].slice(-mostUnsent) }
    await options.store.save(next)
    state = next
    outbox.push(step.acks)
  }

  const end = async (record: AgentRecord, failure?: { readonly code: RefusalCode; readonly words: string }): Promise<void> => {
    await commit(ended(state, record, failure))
    if (failure) tell({ event: 'failed', command_id: record.command_id, ...failure })
    else tell({ event: 'completed', command_id: record.command_id, action: record.action ?? '', ...(mock.allowed ? { mock: true } : {}) })
  }

  const answer = async ({ arrival, done }: Waiting, signal: AbortSignal): Promise<void> => {
    const decision = decideArrival(state, arrival, { clientUuid, nowMs: clock.wallMs(), times, contractFault: options.contractFault })
    if (decision.kind === 'ignore') { tell({ event: 'ignored', code: decision.code, words: decision.words }); return }
    const { record } = decision
    if (decision.kind === 'repeat') {
      outbox.push(repeatedAcks(record))
      tell({ event: 'repeated', command_id: record.command_id, status: record.status })
      return
    }
    await commit(added(state, record))
    if (decision.kind === 'refuse') {
      tell({ event: 'failed', command_id: record.command_id, code: record.error_code ?? '', words: record.error_message ?? '' })
      return
    }
    tell({ event: 'accepted', command_id: record.command_id, action: record.action ?? '' })
    // From here on the disk knows it, and the broker need not.
    done()
    await begin(record, signal)
  }

  const begin = async (record: AgentRecord, signal: AbortSignal): Promise<void> => {
    const { action, command_id: commandId } = record
    if (action === null) return
    await commit(started(state, record, { bootId, since: nowText() }))
    rebootDueMs = clock.nowMs() + agentLimits.rebootMs
    tell({ event: 'execution_started', command_id: commandId, action })
    // The helper may end this computer; without a broker it does not wait.
    await withDeadline(clock, agentLimits.tellMs, 'Telling', signal, async (within) => outbox.pump(within)).catch(() => { signal.throwIfAborted() })
    calling = commandId
    const settle = (result: HelperOutcome): void => { outcome = { commandId, outcome: result } }
    void helper.run(action, signal)
      // What this process breaks off itself is told by the boot id later, like a crash.
      .then(settle, () => { settle({ kind: 'cut-off' }) })
      .finally(() => { calling = undefined; bell.ring() })
  }

  const heard = async (record: AgentRecord, result: HelperOutcome): Promise<void> => {
    if (result.kind === 'failed') await end(record, result)
    else if (result.kind === 'started' && record.action === 'shutdown_host') await end(record)
    else if (result.kind === 'started' && mock.allowed) await end(record)
    outcome = undefined
  }

  /** What is not over: by what the helper said, by the boot id, or by time. Also what an earlier process left, and what could not be written before. */
  const settle = async (): Promise<void> => {
    for (const record of state.commands.filter((each) => !isOver(each))) {
      const pending = state.pending_recovery?.command_id === record.command_id ? state.pending_recovery : undefined
      if (outcome?.commandId === record.command_id) await heard(record, outcome.outcome)
      else if (calling === record.command_id) continue
      else if (record.status === 'accepted') await end(record, { code: 'execution_failed', words: 'The agent ended before it called the helper, and does not call it late' })
      else if (!pending) await end(record, { code: 'execution_failed', words: 'Nothing is known of its execution' })
      else if (pending.boot_id !== bootId) await end(record)
      else if (clock.nowMs() >= rebootDueMs) await end(record, { code: 'reboot_not_observed', words: `This computer still runs ${agentLimits.rebootMs / 1000} s after its helper was called` })
    }
  }

  const sayHealth = (signal: AbortSignal): void => {
    if (!link.isConnected || clock.nowMs() < healthDueMs) return
    healthDueMs = clock.nowMs() + agentLimits.healthMs
    for (const [topic, text] of health.messages(nowText())) {
      // The next one says the same and more.
      void withDeadline(clock, agentLimits.publishMs, 'Health', signal, async (within) => link.publish(topic, text, within)).catch(() => undefined)
    }
  }

  /** A disk that is full stops nothing else, and is tried again in the next round. */
  const attempt = async (work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    try {
      await work()
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof WorkbenchError)) throw error
      tell({ event: 'problem', words: error.message })
    }
  }

  const round = async (signal: AbortSignal): Promise<void> => {
    for (let next = inbox.shift(); next; next = inbox.shift()) {
      const waiting = next
      await attempt(async () => answer(waiting, signal), signal).finally(waiting.done)
    }
    await attempt(settle, signal)
    void outbox.pump(signal).catch(() => undefined)
    if (state.unsent.length > 0 && outbox.waiting().length === 0) await attempt(async () => commit({ state, acks: [] }), signal)
    sayHealth(signal)
  }

  const waitMs = (): number => {
    const isWaiting = state.pending_recovery !== null && rebootDueMs > clock.nowMs()
    return Math.max(0, Math.min(options.roundMs, isWaiting ? rebootDueMs - clock.nowMs() : options.roundMs))
  }

  return {
    receive: async (arrival) => new Promise<void>((done) => { inbox.push({ arrival, done }); bell.ring() }),
    connected: () => {
      health.connected()
      healthDueMs = clock.nowMs()
      tell({ event: 'connected', reconnects: health.reconnects })
      bell.ring()
    },
    disconnected: () => { health.disconnected(nowText()); tell({ event: 'disconnected' }) },
    run: async (signal) => {
      if (mock.problem !== undefined) tell({ event: 'problem', words: mock.problem })
      while (!signal.aborted) {
        const over = new AbortController()
        const within = AbortSignal.any([signal, over.signal])
        const news = bell.next(within)
        // The end may come in the middle of a round, when nobody waits for news yet.
        news.catch(() => undefined)
        try {
          await round(signal)
          options.alive()
          await Promise.race([news, clock.sleep(waitMs(), within)])
        } catch (error) {
          if (!signal.aborted) throw error
        } finally {
          over.abort()
        }
      }
    },
  }
}

/** A computer that did not restart may still do so for this long. A wall clock that jumped changes it only within the limit. */
function timeLeft({ pending_recovery: pending }: AgentState, wallMs: number, times: IsoTimes): number {
  const passedMs = pending === null ? 0 : wallMs - times.toMs(pending.since)
  return agentLimits.rebootMs - Math.min(agentLimits.rebootMs, Math.max(0, Number.isNaN(passedMs) ? 0 : passedMs))
}
