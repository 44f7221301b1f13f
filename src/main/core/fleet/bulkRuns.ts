import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { CommandAction } from '../../../shared/fleet/command.schema.ts'
import { isFinal } from '../../../shared/fleet/commandView.schema.ts'
import { type BulkItem, type BulkRun, confirmationOf, mostBulkClients } from '../../../shared/fleet/fleetView.schema.ts'
import { issueOn, type Issuing } from './issuing.ts'
import type { Ledger, LedgerPage } from './ledger.ts'
import { canary, type CanaryMeter, freeSlots, lockout, lockoutWindowMs } from './policy.ts'

export interface BulkWish {
  readonly clients: readonly string[]
  readonly action: CommandAction
  readonly reason?: string | null | undefined
  readonly requestedBy?: number | null | undefined
}

export interface BulkPreview {
  readonly items: readonly { readonly clientUuid: string; readonly verdict: 'ready' | 'blocked' | 'busy'; readonly retryAfterS?: number }[]
  /** What a person types to start it. */
  readonly confirmation: string
}

export interface BulkView {
  readonly run: BulkRun
  readonly items: readonly BulkItem[]
  readonly canary: CanaryMeter
}

export interface BulkRuns {
  preview(wish: BulkWish): BulkPreview
  /** One command for each client, checked one by one; never more than ten under way. */
  start(wish: BulkWish & { readonly confirmation: string }): BulkView
  view(id: string): BulkView
  /** Issues what there is room for, or stops the rest. */
  pump(id: string): void
  pumpAll(): void
}

export function createBulkRuns({ ledger, issuing, now, changed }: { readonly ledger: Ledger; readonly issuing: Issuing; readonly now: () => number; readonly changed: () => void }): BulkRuns {
  const { store, newId, via } = issuing

  const view = (id: string): BulkView => {
    const run = store.bulk(id)
    if (!run) throw new WorkbenchError('input/not-found', `There is no bulk run ${id}`)
    return { run, items: store.bulkItems(id), canary: canary(statesOf(id)) }
  }
  const statesOf = (id: string): ReturnType<typeof store.commands>[number]['state'][] => store.commands({ group: id, limit: mostBulkClients }).map(({ state }) => state)

  /** True when anything came of it. */
  const pumpOn = (page: LedgerPage, run: BulkRun): boolean => {
    const states = statesOf(run.id)
    const waiting = store.bulkItems(run.id).filter(({ state }) => state === 'waiting')
    const meter = canary(states)
    if (meter.isTriggered) { stopOn(page, run, waiting, meter); return true }
    let free = freeSlots(states)
    let left = waiting.length
    for (const item of waiting) {
      if (free === 0) break
      const issued = issueItem(page, run, item)
      store.putBulkItem(run.id, issued.item)
      left -= 1
      if (issued.underWay) free -= 1
    }
    const isDone = left === 0 && statesOf(run.id).every(isFinal)
    if (isDone) store.putBulk({ ...run, state: 'done' })
    return isDone || left < waiting.length
  }
  const issueItem = (page: LedgerPage, run: BulkRun, item: BulkItem): { readonly item: BulkItem; readonly underWay: boolean } => {
    try {
      const { command } = issueOn(page, { clientUuid: item.clientUuid, action: run.action, reason: run.reason, requestedBy: run.requestedBy, group: run.id }, issuing)
      return { item: { ...item, state: 'issued', commandId: command.id }, underWay: !isFinal(command.state) }
    } catch (error) {
      if (!(error instanceof WorkbenchError) || !error.code.startsWith('input/')) throw error
      return { item: { ...item, state: 'refused', why: error.message }, underWay: false }
    }
  }
  const stopOn = (page: LedgerPage, run: BulkRun, waiting: readonly BulkItem[], { bad, ended }: CanaryMeter): void => {
    for (const item of waiting) store.putBulkItem(run.id, { ...item, state: 'stopped' })
    // What was not handed over yet is taken back; the others end by themselves.
    for (const command of store.commands({ group: run.id, open: true, limit: mostBulkClients })) page.move(command, { kind: 'cancel' })
    store.putBulk({ ...run, state: 'stopped', why: `${bad} of ${ended} failed or timed out, which is more than 5 %: roll back, and look at those first` })
  }
  const pump = (id: string): void => {
    if (store.bulk(id)?.state !== 'running') return
    const hasMoved = ledger.write((page) => {
      const run = store.bulk(id)
      return run?.state === 'running' && pumpOn(page, run)
    })
    if (hasMoved) changed()
  }
  return {
    view, pump,
    preview: ({ clients, action }) => {
      const nowMs = now()
      const unique = uniqueOf(clients)
      return {
        confirmation: confirmationOf(action, unique.length),
        items: unique.map((clientUuid) => {
          const isBusy = store.commands({ clientUuid, open: true, limit: 20 }).some((each) => each.action === action || action === 'shutdown_host')
          if (isBusy) return { clientUuid, verdict: 'busy' }
          const { retryAfterS } = action === 'reboot_host' ? lockout(store.rebootsSince(clientUuid, nowMs - lockoutWindowMs), nowMs) : {}
          return retryAfterS === undefined ? { clientUuid, verdict: 'ready' } : { clientUuid, verdict: 'blocked', retryAfterS }
        }),
      }
    },
    start: ({ clients, action, reason = null, requestedBy = null, confirmation }) => {
      const unique = uniqueOf(clients)
      if (confirmation !== confirmationOf(action, unique.length)) {
        throw new WorkbenchError('input/conflict', 'The confirmation is not for this run', { context: { count: unique.length, reason: 'Confirmation' }, hint: `Type "${confirmationOf(action, unique.length)}"` })
      }
      const id = newId()
      ledger.write((page) => {
        const run: BulkRun = { id, action, reason, requestedBy, via, createdAtMs: page.nowMs, state: 'running' }
        store.putBulk(run)
        for (const [position, clientUuid] of unique.entries()) store.putBulkItem(id, { clientUuid, position, state: 'waiting' })
        pumpOn(page, run)
      })
      changed()
      return view(id)
    },
    pumpAll: () => { for (const run of store.bulks(50)) if (run.state === 'running' && run.via === via) pump(run.id) },
  }
}

function uniqueOf(clients: readonly string[]): string[] {
  const unique = [...new Set(clients)]
  if (unique.length === 0 || unique.length > mostBulkClients) throw new WorkbenchError('input/malformed', `A bulk run is for 1 to ${mostBulkClients} clients`, { context: { count: unique.length } })
  return unique
}
