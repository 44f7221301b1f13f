import { readFile } from 'node:fs/promises'
import { createFleetAgent } from '../core/fleetAgent/fleetAgent.ts'
import type { AgentNews, AgentStore } from '../core/fleetAgent/agentParts.ts'
import { type AgentLinkOptions, createAgentLink } from '../drivers/fleetAgent/agentLink.ts'
import { lockAgentState } from '../drivers/fleetAgent/agentLock.ts'
import { createAgentStateFile } from '../drivers/fleetAgent/agentStateFile.ts'
import { kernelBootId, readBootId } from '../drivers/fleetAgent/bootId.ts'
import { createHelperProgram, mockProgram } from '../drivers/fleetAgent/helperProgram.ts'
import { createSystemdNotify } from '../drivers/fleetAgent/systemdNotify.ts'
import { createFrozenContract } from '../drivers/mqtt/frozenContract.ts'
import { isoTimes } from '../drivers/host/isoTimes.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { ServiceFailedMessage } from '../../shared/fleet/health.schema.ts'
import { serviceFailedTopic } from '../../shared/fleet/topics.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import { createDeferred, orAborted } from '../../shared/lifecycle/signals.ts'

export interface FleetAgentRequest {
  readonly broker: string
  readonly client: string
  readonly statePath: string
  /** A full path, or `mock`. */
  readonly helper: string
  /** The helper is called through it. */
  readonly sudo?: string | undefined
  readonly bootIdPath?: string | undefined
  readonly tls?: { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined } | undefined
  /** `MQTT_USER`, `MQTT_PASSWORD_BROKER`, `COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE`, and what systemd sets. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly tell: (news: AgentNews) => void
  readonly log: (line: string) => void
}

export interface FleetAgentWorld {
  readonly clock?: Clock | undefined
  readonly random?: (() => number) | undefined
  readonly firstPauseMs?: number | undefined
  /** Around the writing of the state. */
  readonly storeOf?: ((store: AgentStore) => AgentStore) | undefined
}

const isSet = (text: string | undefined): boolean => text !== undefined && /^(1|true|yes|on)$/i.test(text.trim())

/** The client side of fleet commands on one screen, until the signal aborts. A broker that is away stops nothing; a second agent on its state is not started. */
export async function runFleetAgent(request: FleetAgentRequest, world: FleetAgentWorld, signal: AbortSignal): Promise<void> {
  const lock = lockAgentState(request.statePath)
  try { await runLocked(request, world, signal) } finally { lock.release() }
}

async function runLocked(request: FleetAgentRequest, world: FleetAgentWorld, signal: AbortSignal): Promise<void> {
  const { environment, tell, log } = request
  const clock = world.clock ?? createSystemClock()
  const bootId = await readBootId(request.bootIdPath ?? kernelBootId)
  const file = createAgentStateFile(request.statePath, request.client, () => clock.wallMs())
  const { state, lostTo } = await file.read()
  const nowText = isoTimes.toText(clock.wallMs())
  // A clock that was wrong then must not silence this screen until that time comes.
  const until = state.refuse_issued_until !== null && isoTimes.toMs(state.refuse_issued_until) > clock.wallMs() ? nowText : state.refuse_issued_until
  const first = { ...state, refuse_issued_until: lostTo === undefined ? until : nowText }
  if (lostTo !== undefined) {
    tell({ event: 'problem', words: `The state was damaged and lies in ${lostTo}; commands issued before ${nowText} are refused` })
    // Also after the next crash.
    await file.save(first)
  }
  const link = createAgentLink(await linkOptions(request, world))
  const systemd = createSystemdNotify({ environment, nowMs: () => clock.nowMs(), log })
  const contract = createFrozenContract()
  const agent = createFleetAgent({
    clientUuid: request.client, clock, times: isoTimes, link, bootId, first, tell, alive: systemd.alive, roundMs: systemd.everyMs,
    store: world.storeOf?.(file) ?? file, contractFault: contract.command,
    helper: request.helper === 'mock' ? mockProgram : createHelperProgram({ program: request.helper, sudo: request.sudo, clock }),
    mock: { isAsked: isSet(environment['COMMAND_MOCK_REBOOT_IMMEDIATE_COMPLETE']), isUnderUnit: systemd.isListening },
  })
  link.open({ onMessage: agent.receive, onConnected: agent.connected, onDisconnected: agent.disconnected })
  systemd.ready()
  try {
    await agent.run(signal)
  } finally {
    systemd.stopping()
    await link.close()
  }
}

export type ServiceFailedRequest = Pick<FleetAgentRequest, 'broker' | 'client' | 'tls' | 'environment' | 'log'> & { readonly unit: string }

const alertLimitMs = 60_000

/** What systemd's failure hook says for a service that it has given up: kept by the broker until the server clears it. */
export async function tellServiceFailed(request: ServiceFailedRequest, world: FleetAgentWorld, signal: AbortSignal): Promise<void> {
  const clock = world.clock ?? createSystemClock()
  const link = createAgentLink({ ...await linkOptions(request, world), speaksOnly: true })
  const connected = createDeferred<void>()
  const message: ServiceFailedMessage = { event: 'service_failed', client_uuid: request.client, unit: request.unit, failed_at: isoTimes.toText(clock.wallMs()) }
  link.open({ onMessage: async () => undefined, onConnected: connected.resolve, onDisconnected: () => undefined })
  try {
    await withDeadline(clock, alertLimitMs, 'The alert for the broker', signal, async (within) => {
      await orAborted(connected.promise, within)
      await link.publish(serviceFailedTopic(request.client), JSON.stringify(message), within, { retain: true })
    })
  } finally {
    await link.close()
  }
}

const linkOptions = async ({ broker, client, environment, tls, log }: Omit<ServiceFailedRequest, 'unit'>, world: FleetAgentWorld): Promise<AgentLinkOptions> => ({
  url: broker, clientUuid: client, user: environment['MQTT_USER'], password: environment['MQTT_PASSWORD_BROKER'], log,
  tls: await tlsFiles(tls), clock: world.clock ?? createSystemClock(), random: world.random ?? ((): number => 0.5), firstPauseMs: world.firstPauseMs,
})

async function tlsFiles(tls: FleetAgentRequest['tls']): Promise<{ readonly ca?: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array } | undefined> {
  if (!tls) return undefined
  const files = await Promise.all(Object.entries(tls).flatMap(([name, path]) => (path === undefined ? [] : [readFile(path).then((bytes) => [name, bytes] as const, (cause: unknown) => {
    throw new WorkbenchError('input/missing-file', `${path} cannot be read`, { cause, hint: 'It was named for the connection to the broker' })
  })])))
  return Object.fromEntries(files) as { ca?: Uint8Array; cert?: Uint8Array; key?: Uint8Array }
}
