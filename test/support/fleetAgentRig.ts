import { onTestFinished } from 'vitest'
import { type AgentNews, type Arrival, type HelperOutcome } from '../../src/main/core/fleetAgent/agentParts.ts'
import { createFleetAgent, type FleetAgent } from '../../src/main/core/fleetAgent/fleetAgent.ts'
import { createFrozenContract } from '../../src/main/drivers/mqtt/frozenContract.ts'
import { isoTimes } from '../../src/main/drivers/host/isoTimes.ts'
import { Cancelled, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { type AgentState, agentStateSchema, emptyAgentState } from '../../src/shared/fleet/agentState.schema.ts'
import type { AckMessage, CommandAction } from '../../src/shared/fleet/command.schema.ts'
import { ackTopic, healthTopic, transitionalAckTopic } from '../../src/shared/fleet/topics.ts'
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

export const screen = '9b8d1856-ff34-4864-a726-12de072d0f77'
export const otherScreen = '11111111-2222-4333-8444-555555555555'
export const commandIdOf = (number: number): string => `5d1f8b4b-7e85-44fb-8f38-${number.toString(16).padStart(12, '0')}`
const contract = createFrozenContract()

export interface AgentRigOptions {
  readonly clock?: VirtualClock
  readonly first?: AgentState
  readonly bootId?: string
  readonly helper?: (action: CommandAction, signal: AbortSignal) => Promise<HelperOutcome>
  readonly helperIsMock?: boolean
  readonly mockFlag?: boolean
  readonly isUnderUnit?: boolean
  readonly offline?: boolean
  /** Each save in turn, counted from 1: what it does before the state is kept. */
  readonly onSave?: (count: number, rig: AgentRig) => Promise<void> | void
  readonly onAlive?: () => void
}

export interface AgentRig {
  readonly clock: VirtualClock
  readonly agent: FleetAgent
  /** What is on the disk. */
  disk(): AgentState
  readonly saves: readonly AgentState[]
  /** What the server got on the canonical topic, and on the transitional one, in order. */
  readonly acks: readonly AckMessage[]
  readonly transitional: readonly AckMessage[]
  readonly health: readonly { readonly broker_connection: { readonly reconnect_count: number; readonly last_disconnect_at: string | null }; readonly mock_reboot: boolean }[]
  readonly helperCalls: readonly CommandAction[]
  readonly news: readonly AgentNews[]
  /** A message as the broker would deliver it. */
  command(number: number, change?: Record<string, unknown>): Arrival
  /** Delivered, and all that follows at once has happened. */
  send(arrival: Arrival): Promise<void>
  online(is: boolean): void
  statuses(number?: number): readonly string[]
  /** The process is gone between two instructions; the next one finds the disk as it is. */
  crash(): Promise<void>
}

/** The real agent between a memory disk, a memory broker and a helper that only counts. */
export function openAgentRig(options: AgentRigOptions = {}): AgentRig {
  const clock = options.clock ?? createVirtualClock()
  const over = new AbortController()
  let isConnected = options.offline !== true
  let disk = options.first ?? emptyAgentState(screen)
  const saves: AgentState[] = []
  const acks: AckMessage[] = []
  const transitional: AckMessage[] = []
  const health: AgentRig['health'][number][] = []
  const helperCalls: CommandAction[] = []
  const news: AgentNews[] = []
  let saving = 0
  const agent = createFleetAgent({
    clientUuid: screen, clock, times: isoTimes, bootId: options.bootId ?? 'boot-0001', first: disk, roundMs: 20_000, contractFault: contract.command,
    mock: { isAsked: options.mockFlag === true, isUnderUnit: options.isUnderUnit === true },
    store: {
      save: async (state) => {
        await options.onSave?.(saving += 1, rig)
        // What a crash cuts off never got here.
        if (over.signal.aborted) throw over.signal.reason as Error
        disk = agentStateSchema.parse(JSON.parse(JSON.stringify(state)))
        saves.push(disk)
      },
    },
    link: {
      get isConnected() { return isConnected && !over.signal.aborted },
      publish: async (topic, text) => {
        if (!isConnected || over.signal.aborted) throw new WorkbenchError('link/closed', 'There is no connection to the broker')
        if (topic === healthTopic(screen)) { health.push(JSON.parse(text) as AgentRig['health'][number]); return }
        const list = topic === ackTopic(screen) ? acks : topic === transitionalAckTopic(screen) ? transitional : undefined
        if (!list) return
        const ack = JSON.parse(text) as AckMessage
        const fault = contract.ack(ack)
        if (fault !== undefined) throw new Error(`an ack breaks the contract: ${fault}`)
        // The promise of the whole thing: nothing is told that is not on the disk.
        const record = disk.commands.find(({ command_id: id }) => id === ack.command_id)
        if (!record?.acks.includes(ack.status)) throw new Error(`${ack.status} was told before it was kept`)
        list.push(ack)
      },
    },
    helper: {
      isMock: options.helperIsMock === true,
      run: async (action, signal) => { helperCalls.push(action); return options.helper?.(action, signal) ?? { kind: 'started' } },
    },
    tell: (each) => { news.push(each) }, alive: () => { options.onAlive?.() },
  })
  const rig: AgentRig = {
    clock, agent, disk: () => disk, saves, acks, transitional, health, helperCalls, news,
    command: (number, change = {}) => {
      const { retained, ...more } = change
      const value = {
        schema_version: '1.0', command_id: commandIdOf(number), client_uuid: screen, action: 'reboot_host', issued_at: isoTimes.toText(clock.wallMs()),
        expires_at: isoTimes.toText(clock.wallMs() + 240_000), requested_by: 1, reason: null, ...more,
      }
      return { bytes: new TextEncoder().encode(JSON.stringify(value)), retained: retained === true }
    },
    send: async (arrival) => { void agent.receive(arrival); await clock.advance(0) },
    online: (is) => {
      isConnected = is
      if (is) agent.connected()
      else agent.disconnected()
    },
    statuses: (number) => acks.filter(({ command_id: id }) => number === undefined || id === commandIdOf(number)).map(({ status, error_code: code }) => (code === null ? status : `${status} ${code}`)),
    crash: async () => { over.abort(new Cancelled('crash')); await running.catch(() => undefined) },
  }
  const running = agent.run(over.signal)
  running.catch(() => undefined)
  if (isConnected) agent.connected()
  onTestFinished(async () => { await rig.crash() })
  return rig
}
