import type { FleetClientView, FleetView } from '../../../shared/contracts/fleet.contract.ts'
import type { CommandAction } from '../../../shared/fleet/command.schema.ts'
import { type CommandState, type FleetCommand, isFinal, type KeptAck } from '../../../shared/fleet/commandView.schema.ts'
import type { SecurityNote } from '../../../shared/fleet/fleetView.schema.ts'
import { age, clockTime, dayAndTime, duration } from '../../ui/format.ts'
import { type Status, status, type Tone } from '../../ui/stateWords.ts'

export const actionWords: Readonly<Record<CommandAction, { readonly title: string; readonly doing: string }>> = {
  reboot_host: { title: 'Reboot', doing: 'Rebooting' }, shutdown_host: { title: 'Shut down', doing: 'Shutting down' },
}

const states: Readonly<Record<CommandState, Status>> = {
  queued: status('off', 'queued'), published: status('busy', 'published'), accepted: status('busy', 'accepted'), execution_started: status('busy', 'started'), awaiting_reconnect: status('busy', 'away'),
  completed: status('ok', 'completed'), failed: status('bad', 'failed'), timed_out: status('bad', 'timed out'), expired: status('warn', 'expired'), blocked: status('warn', 'blocked'), canceled: status('off', 'canceled'),
}
export const commandStatus = (state: CommandState): Status => states[state]

/** In the order in which a command goes through them. */
const order: readonly CommandState[] = ['queued', 'published', 'accepted', 'execution_started', 'awaiting_reconnect']

export interface LifeStep { readonly state: CommandState; readonly status: Status; readonly atMs: number; readonly isNow: boolean }
/** What a command went through, with when; the last one is where it stands. */
export function lifeOf({ state, times }: Pick<FleetCommand, 'state' | 'times'>): readonly LifeStep[] {
  const passed = [...order, ...(order.includes(state) ? [] : [state])]
  return passed.flatMap((each) => {
    const atMs = times[each]
    return atMs === undefined ? [] : [{ state: each, status: states[each], atMs, isNow: each === state }]
  })
}

/** The places of a row: what a command goes through before it ends, and its end. */
const places = ['queued', 'published', 'accepted', 'execution_started', 'ended'] as const
export const placeWords: Readonly<Record<(typeof places)[number], string>> = { queued: 'Queued', published: 'Published', accepted: 'Accepted', execution_started: 'Started', ended: 'Ended' }
export interface TrackChip { readonly text: string; readonly about: string; readonly tone: Tone; readonly isNow: boolean }
/** Short enough for its place. */
export const tookWords = (ms: number): string => `+${ms < 60_000 ? duration(Math.max(0, ms)) : age(ms)}`

/** In seconds until it has timed out at the latest: 90 and 150 of them mean something. */
const openFor = (ms: number): string => (ms < 180_000 ? `${String(Math.max(0, Math.floor(ms / 1000)))} s` : age(ms))

/** A step that did not happen leaves its place empty. While a command is under way its end says for how long. */
export function trackOf(command: Pick<FleetCommand, 'state' | 'times' | 'issuedAtMs'>, nowMs: number): readonly { readonly place: (typeof places)[number]; readonly chip?: TrackChip }[] {
  const steps = lifeOf(command)
  const last = steps.at(-1)
  return places.map((place) => {
    const index = place === 'ended' ? -1 : steps.findIndex(({ state }) => state === place)
    const step = steps[index]
    if (step) return { place, chip: { text: index === 0 ? clockTime(step.atMs) : tookWords(step.atMs - (steps[index - 1]?.atMs ?? step.atMs)), about: `${step.status.word} ${dayAndTime(step.atMs)}`, tone: step.status.tone, isNow: false } }
    if (place !== 'ended' || !last) return { place }
    const about = `${last.status.word} ${dayAndTime(last.atMs)}`
    return { place, chip: { text: isFinal(command.state) ? clockTime(last.atMs) : `for ${openFor(nowMs - command.issuedAtMs)}`, about, tone: last.status.tone, isNow: true } }
  })
}

/** Seconds until a slot is free again, in words. */
export const freesIn = (seconds: number): string => (seconds < 90 ? `${String(Math.max(1, seconds))} s` : `${String(Math.ceil(seconds / 60))} min`)
export const lockoutWords = ({ used, most, retryAfterS }: FleetClientView['lockout']): string =>
  (retryAfterS === undefined ? `${String(used)} of ${String(most)} restarts in 15 minutes` : `Locked out: ${String(used)} of ${String(most)} restarts in 15 minutes; the next is possible in ${freesIn(retryAfterS)}`)

/** A client says it is there at least that often. */
const silentAfterMs = 90_000
export function presence({ lastSeenMs, lastDisconnectMs }: Pick<FleetClientView, 'lastSeenMs' | 'lastDisconnectMs'>, nowMs: number): Status {
  if (lastSeenMs === undefined) return status('unknown', 'never seen')
  if (lastDisconnectMs !== undefined && lastDisconnectMs > lastSeenMs) return status('off', `offline ${age(nowMs - lastDisconnectMs)}`)
  return nowMs - lastSeenMs > silentAfterMs ? status('warn', `silent ${age(nowMs - lastSeenMs)}`) : status('ok', 'online')
}

/** What somebody has to know of a client besides whether it is there; the worst first. */
export function troubleOf({ alert, hasPoorLink, recentReconnects }: Pick<FleetClientView, 'alert' | 'hasPoorLink' | 'recentReconnects'>): Status | undefined {
  if (alert) return status('bad', 'service failed')
  return hasPoorLink ? status('warn', `${String(recentReconnects)} reconnects`) : undefined
}

/** Worth a look: it has trouble, is not heard of, or takes no restart just now. */
export const isTrouble = (client: FleetClientView, nowMs: number): boolean => troubleOf(client) !== undefined || client.lockout.retryAfterS !== undefined || presence(client, nowMs).tone === 'warn'

/** In one short line of a row. */
export function rowWords(command: FleetCommand, nowMs: number): string {
  if (command.state === 'blocked') return command.blockedBy === 'canary' ? 'stopped by the canary' : `lockout, free in ${freesIn(Math.ceil(((command.retryAfterS ?? 0) * 1000 + command.issuedAtMs - nowMs) / 1000))}`
  if (command.state === 'failed') return `${command.errorCode ?? ''} ${command.errorMessage ?? ''}`.trim()
  if (!isFinal(command.state) && command.overdue) return 'overdue: not back after 90 s'
  return command.endedBy === 'observed' ? 'seen to leave, no ack' : command.untimed ? 'back at once: a dry run' : ''
}

export const brokerStatus = ({ state }: FleetView['broker']): Status => ({
  off: status('off', 'off'), connecting: status('busy', 'connecting'), connected: status('ok', 'connected'), waiting: status('warn', 'not reachable, trying again'), closed: status('off', 'closed'), failed: status('bad', 'not open'),
})[state]

const verdicts: Readonly<Record<KeptAck['verdict'], Status>> = {
  moved: status('ok', 'taken'), repeated: status('off', 'repeated'), late: status('warn', 'late: moved nothing'), foreign: status('bad', 'of another client: moved nothing'), unknown: status('bad', 'unknown'),
}
export const ackStatus = (verdict: KeptAck['verdict']): Status => verdicts[verdict]

export const securityWords: Readonly<Record<SecurityNote['kind'], string>> = {
  unknown_command: 'ack of an unknown command', foreign_client: 'ack of another client', malformed: 'breaks the contract', oversized: 'too large', retained: 'kept by the broker, ignored', foreign_topic: 'a topic that is none of ours', wrong_client: 'names another client',
}
