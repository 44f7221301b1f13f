import { implement } from '@orpc/server'
import { fleetContract, type FleetClientView } from '../../shared/contracts/fleet.contract.ts'
import { hasPoorLink, recentReconnects } from '../core/fleet/clientBook.ts'
import { lockout, lockoutWindowMs } from '../core/fleet/policy.ts'
import type { OpenFleet } from './fleetDesk.ts'
import type { FleetDesk } from './fleetKeeper.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function fleetRoutes(desk: FleetDesk) {
  const contract = implement(fleetContract)
  return {
    watch: contract.watch.handler(({ signal = noSignal() }) => desk.watch(signal)),
    watchCommands: contract.watchCommands.handler(({ signal = noSignal() }) => desk.watchCommands(signal)),
    list: contract.list.handler(({ input }) => desk.fleet().service.list(input)),
    get: contract.get.handler(({ input }) => { const { command, events, acks } = desk.fleet().service.get(input.id); return { command, events: [...events], acks: [...acks] } }),
    issue: contract.issue.handler(({ input }) => desk.fleet().service.issue(input)),
    cancel: contract.cancel.handler(({ input }) => desk.fleet().service.cancel(input.id)),
    previewBulk: contract.previewBulk.handler(({ input }) => { const { confirmation, items } = desk.fleet().service.bulk.preview(input); return { confirmation, items: [...items] } }),
    issueBulk: contract.issueBulk.handler(({ input }) => { const { run, items, canary } = desk.fleet().service.bulk.start(input); return { run, items: [...items], canary } }),
    bulk: contract.bulk.handler(({ input }) => { const { run, items, canary } = desk.fleet().service.bulk.view(input.id); return { run, items: [...items], canary } }),
    clients: contract.clients.handler(({ input }) => clientsOf(desk.fleet(), input.limit)),
    setClient: contract.setClient.handler(async ({ input }) => { await desk.setClient(input); return {} }),
    clearAlert: contract.clearAlert.handler(async ({ input, signal = noSignal() }) => { await desk.fleet().service.clearAlert(input.clientUuid, signal); return {} }),
    // Not the signal of the link: what is switched off is switched on again, whoever looks.
    escalate: contract.escalate.handler(async ({ input }) => desk.fleet().service.escalate(input.id)),
    security: contract.security.handler(({ input }) => desk.fleet().store.security(input.limit)),
    setBroker: contract.setBroker.handler(async ({ input: { password, ...settings } }) => desk.setBroker(settings, password)),
    addAccount: contract.addAccount.handler(async ({ input }) => desk.addAccount(input.uuid)),
  }
}

function clientsOf({ store, service }: OpenFleet, limit: number): FleetClientView[] {
  const nowMs = service.now()
  const alerts = new Map(store.alerts().filter(({ clearedAtMs }) => clearedAtMs === undefined).map((alert) => [alert.clientUuid, alert]))
  return store.clients(limit).map((client) => {
    const alert = alerts.get(client.uuid)
    return {
      ...client, lockout: lockout(store.rebootsSince(client.uuid, nowMs - lockoutWindowMs), nowMs), hasPoorLink: hasPoorLink(client, nowMs), recentReconnects: recentReconnects(client, nowMs), ...(alert ? { alert } : {}),
    }
  })
}
