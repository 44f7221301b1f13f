import type { CameraId } from '../../../shared/devices/ids.ts'
import { toWire } from '../../../shared/errors/workbenchError.ts'
import type { FleetCommand } from '../../../shared/fleet/commandView.schema.ts'
import type { FleetStore } from '../../../shared/fleet/fleetStore.ts'
import type { EscalationStep, FleetClient } from '../../../shared/fleet/fleetView.schema.ts'
import { escalate, type Escalation } from './policy.ts'

/** Monitoring decides: a client that was heard of within this time is there. */
export const silentAfterMs = 90_000

/** The power of clients, as the rack knows it. */
export interface ClientPower {
  /** Whether the rack has it. */
  knows(camera: CameraId): boolean
  /** What can switch that client, in words, or why nothing can. Asks nobody. */
  capability(client: FleetClient): { readonly by: string } | { readonly whyNot: string }
  /** Off and on again, written down first. `isVerified`: the switch was asked afterwards; others only take the order. */
  cycle(client: FleetClient, command: FleetCommand): Promise<{ readonly isVerified: boolean }>
}

export interface EscalateDeps {
  readonly store: FleetStore
  readonly now: () => number
  readonly changed: () => void
  readonly power: ClientPower | undefined
}

export type Escalated = Escalation & { readonly outcome?: EscalationStep['outcome'] }

/**
 * The step behind a command that did not bring its client back. The step is kept before anything is switched, so that neither another
 * process nor a start after a crash takes it twice; how it ended is kept before it is told.
 */
export async function escalateClient(command: FleetCommand, deps: EscalateDeps): Promise<Escalated> {
  const { store, now, changed, power } = deps
  if (command.state !== 'timed_out' && command.state !== 'failed') return { step: 'none', why: 'This command did not fail' }
  const client = store.client(command.clientUuid)
  const can = client === undefined || power === undefined ? undefined : power.capability(client)
  const { decided, step } = store.together(() => decide(command, client, can, deps))
  if (!step) return decided
  changed()
  if (step.step !== 'power_cycle' || !client || !power || !can || 'whyNot' in can) return decided
  const end = await cycled(client, command, can.by, power)
  // From its end on, so that the 60 s are also those of a slow switch.
  store.addEscalation({ ...step, ...end, atMs: now(), hadCycle: end.outcome !== 'refused' })
  changed()
  return { step: 'power_cycle', ...end }
}

function decide(command: FleetCommand, client: FleetClient | undefined, can: ReturnType<ClientPower['capability']> | undefined, { store, now }: EscalateDeps): { readonly decided: Escalation; readonly step?: EscalationStep } {
  const nowMs = now()
  if (store.commands({ clientUuid: command.clientUuid, open: true, limit: 1 }).length > 0) return { decided: { step: 'none', why: 'Another command of this client is still under way' } }
  const last = store.lastEscalation(command.clientUuid)
  const since = last && last.atMs > command.issuedAtMs ? last : undefined
  const decided = escalate({
    action: command.action, isSilent: nowMs - (client?.lastSeenMs ?? -Infinity) > silentAfterMs,
    hasPoe: client?.hasPoe === true && can !== undefined && 'by' in can,
    whyNoPower: client?.hasPoe === true && can !== undefined && 'whyNot' in can ? can.whyNot : undefined,
    powerCycleAllowed: client?.powerCycleAllowed ?? false,
    lastStepAtMs: Math.max(command.issuedAtMs, last?.atMs ?? -Infinity),
    // A step for a person in between does not make room for a second power cycle.
    lastStep: since?.hadCycle === true ? 'power_cycle' : since?.step === 'manual' ? 'manual' : 'command',
  }, nowMs)
  if (decided.step === 'none') return { decided }
  const isCycle = decided.step === 'power_cycle'
  // Until it is known how it ended, its power may have gone.
  const step: EscalationStep = { clientUuid: command.clientUuid, atMs: nowMs, step: decided.step, why: decided.why, hadCycle: isCycle || since?.hadCycle === true, ...(isCycle ? { outcome: 'begun' as const } : {}) }
  store.addEscalation(step)
  return { decided, step }
}

type CycleEnd = { readonly outcome: NonNullable<EscalationStep['outcome']>; readonly why: string }

async function cycled(client: FleetClient, command: FleetCommand, by: string, power: ClientPower): Promise<CycleEnd> {
  try {
    const { isVerified } = await power.cycle(client, command)
    return isVerified
      ? { outcome: 'verified', why: `Off and on again by ${by}, read back from it` }
      : { outcome: 'unverified', why: `Off and on again by ${by}, which cannot be asked` }
  } catch (error) {
    const { code, message } = toWire(error)
    // Before anything was switched: somebody has the camera, it has no switch, or the act could not be written down.
    const isRefused = code === 'pod/busy' || code === 'pod/no-power-control' || code.startsWith('host/')
    return { outcome: isRefused ? 'refused' : 'failed', why: message.slice(0, 500) }
  }
}
