import { implement } from '@orpc/server'
import { fleetContract } from '../../src/shared/contracts/fleet.contract.ts'
import { fleetSettingsSchema } from '../../src/shared/fleet/fleetSettings.schema.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'

const none = (): never => { throw new WorkbenchError('input/not-supported', 'No broker is chosen for fleet commands') }

/** A workbench that has no broker, which is how each of them starts. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the routes' type is oRPC's
export function fixtureFleet(calls: string[], nowMs: () => number) {
  const contract = implement(fleetContract)
  return {
    watch: contract.watch.handler(async function* () { yield await Promise.resolve({ broker: { state: 'off' as const, reconnectCount: 0 }, settings: fleetSettingsSchema.parse({}), nowMs: nowMs(), open: 0, alerts: [], bulks: [] }) }),
    watchCommands: contract.watchCommands.handler(async function* () { yield* await Promise.resolve([]) }),
    list: contract.list.handler(() => []), get: contract.get.handler(none), issue: contract.issue.handler(none), cancel: contract.cancel.handler(none),
    previewBulk: contract.previewBulk.handler(none), issueBulk: contract.issueBulk.handler(none), bulk: contract.bulk.handler(none),
    clients: contract.clients.handler(() => []), setClient: contract.setClient.handler(none), clearAlert: contract.clearAlert.handler(none), escalate: contract.escalate.handler(none), security: contract.security.handler(() => []),
    setBroker: contract.setBroker.handler(({ input }) => { calls.push(`fleet broker ${input.broker}`); return { state: 'off' as const, reconnectCount: 0 } }),
    addAccount: contract.addAccount.handler(none),
  }
}
