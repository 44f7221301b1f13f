import type { FleetCommand } from '../../../shared/fleet/commandView.schema.ts'
import type { FleetStore } from '../../../shared/fleet/fleetStore.ts'
import { type CommandInput, type Moved, nextDueMs, reduceCommand, type Step } from './commandMachine.ts'

export interface LedgerPage {
  readonly nowMs: number
  /** A new command, with its first steps. */
  add(command: FleetCommand, steps: readonly Step[]): void
  move(command: FleetCommand, input: CommandInput): Moved
}

export interface Ledger {
  /** All of `work` is kept, or none of it; whoever listens is told afterwards. */
  write<T>(work: (page: LedgerPage) => T): T
  /** Several writes kept as one: a commit waits for the disk, and a hundred acknowledgements are worth one. */
  together<T>(work: () => T): T
  /** At once, or, while something is being written, when that is kept. */
  afterwards(tell: () => void): void
  listen(heard: (command: FleetCommand) => void): () => void
}

/** The one way in which commands change: read, reduced, kept, and only then told. */
export function createLedger(store: FleetStore, now: () => number): Ledger {
  const listeners = new Set<(command: FleetCommand) => void>()
  let later: (() => void)[] | undefined
  const afterwards: Ledger['afterwards'] = (tell) => { if (later) later.push(tell); else tell() }
  const together: Ledger['together'] = (work) => {
    if (later) return work()
    const waiting: (() => void)[] = []
    later = waiting
    try {
      const result = store.together(work)
      later = undefined
      for (const tell of waiting) tell()
      return result
    } finally {
      later = undefined
    }
  }
  return {
    together, afterwards,
    write: (work) => together(() => {
      const changed = new Map<string, FleetCommand>()
      const nowMs = now()
      const keep = (command: FleetCommand, steps: readonly Step[]): void => {
        store.put(command, nextDueMs(command), steps.map((step) => ({ ...step, commandId: command.id, atMs: nowMs })))
        changed.set(command.id, command)
      }
      const result = work({
        nowMs, add: keep,
        move: (command, input) => {
          const moved = reduceCommand(command, input, nowMs)
          if (moved.steps.length > 0) keep(moved.command, moved.steps)
          return moved
        },
      })
      afterwards(() => { for (const command of changed.values()) for (const heard of [...listeners]) heard(command) })
      return result
    }),
    listen: (heard) => { listeners.add(heard); return () => { listeners.delete(heard) } },
  }
}
