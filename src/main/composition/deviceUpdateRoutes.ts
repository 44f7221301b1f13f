import { implement } from '@orpc/server'
import { deviceUpdatesContract } from '../../shared/contracts/deviceUpdates.contract.ts'
import type { DeviceUpdateDesk } from './deviceUpdateDesk.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function deviceUpdateRoutes(desk: DeviceUpdateDesk) {
  const contract = implement(deviceUpdatesContract)
  return {
    watch: contract.watch.handler(({ signal = noSignal() }) => desk.watch(signal)),
    add: contract.add.handler(async ({ input }) => desk.add(input)),
    remove: contract.remove.handler(async ({ input }) => { await desk.remove(input.id); return {} }),
    read: contract.read.handler(async ({ input, signal = noSignal() }) => desk.read(input.id, signal)),
    acceptKey: contract.acceptKey.handler(async ({ input, signal = noSignal() }) => desk.acceptKey(input.id, input.hostKeySha256, signal)),
    releases: contract.releases.handler(async ({ input, signal = noSignal() }) => desk.releases(input.id, signal)),
    plan: contract.plan.handler(async ({ input, signal = noSignal() }) => desk.plan(input, signal)),
    // Loaded when the first one is built: a start reads what the first look needs.
    buildPackage: contract.buildPackage.handler(async ({ input, signal = noSignal() }) => (await import('./packageTools.ts')).buildPackage(input, signal)),
    // Not the signal of the link: a window that closes stops nothing.
    start: contract.start.handler(async ({ input }) => ({ jobId: await desk.start(input.request, input.planHash, noSignal()) })),
  }
}
