import type { FleetCommand } from '../../../shared/fleet/commandView.schema.ts'
import type { FleetStore } from '../../../shared/fleet/fleetStore.ts'
import type { FleetClient } from '../../../shared/fleet/fleetView.schema.ts'
import { type Escalated, silentAfterMs } from './escalateClient.ts'

const lookEveryMs = 5_000
/** An older one is no news: somebody may be working on that screen by now. */
const freshMs = 900_000
const mostClients = 20_000

export interface LoneEscalationDeps {
  readonly store: FleetStore
  readonly now: () => number
  readonly isConnected: () => boolean
  readonly escalate: (command: FleetCommand) => Promise<Escalated>
  readonly log: (line: string) => void
}

export interface LoneEscalation {
  /** At each turn of the service. Begins one step at most, and waits for nothing. */
  look(): void
  /** What was switched off is on again. */
  settled(): Promise<void>
}

/**
 * Takes the step behind a reboot that timed out, for clients whose own rule says so, with the checks of a step that somebody asks for.
 * One client after the other, so that a network that fails takes no rack's power at once; and after the step for a person nothing more.
 */
export function createLoneEscalation({ store, now, isConnected, escalate, log }: LoneEscalationDeps): LoneEscalation {
  let listeningSinceMs: number | undefined
  let lookedAtMs = -Infinity
  let underWay: Promise<void> | undefined

  const openStep = ({ uuid }: FleetClient, nowMs: number): FleetCommand | undefined => {
    const [command] = store.commands({ clientUuid: uuid, limit: 1 })
    if (command?.action !== 'reboot_host' || command.state !== 'timed_out' || nowMs - (command.times.timed_out ?? -Infinity) > freshMs) return undefined
    const last = store.lastEscalation(uuid)
    return last && last.atMs > command.issuedAtMs && last.step === 'manual' ? undefined : command
  }
  const takeOne = async (nowMs: number): Promise<void> => {
    for (const client of store.escalatingClients(mostClients)) {
      const command = openStep(client, nowMs)
      if (!command) continue
      const { step, why, outcome } = await escalate(command)
      if (step === 'none') continue
      log(`${client.name ?? client.uuid} did not come back: ${step === 'manual' ? 'for a person' : `power cycle, ${outcome ?? 'begun'}`}: ${why}`)
      return
    }
  }
  return {
    look: () => {
      const nowMs = now()
      if (!isConnected()) { listeningSinceMs = undefined; return }
      listeningSinceMs ??= nowMs
      // Who was away itself has heard no silence.
      if (nowMs - listeningSinceMs <= silentAfterMs) return
      if (underWay || nowMs - lookedAtMs < lookEveryMs) return
      lookedAtMs = nowMs
      underWay = takeOne(nowMs).catch((error: unknown) => { log(`a step behind a restart could not be taken: ${String(error)}`) }).finally(() => { underWay = undefined })
    },
    settled: async () => { await underWay },
  }
}
