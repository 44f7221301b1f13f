import { implement } from '@orpc/server'
import { registryContract } from '../../shared/contracts/registry.contract.ts'
import type { RegistryDesk } from './registryKeeper.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function registryRoutes(desk: RegistryDesk) {
  const contract = implement(registryContract)
  return {
    watch: contract.watch.handler(({ signal = noSignal() }) => desk.watch(signal)),
    nodes: contract.nodes.handler(async ({ input }) => (await desk.registry()).nodes.list(input)),
    watchNodes: contract.watchNodes.handler(({ signal = noSignal() }) => desk.watchNodes(signal)),
    add: contract.add.handler(async ({ input, signal = noSignal() }) => desk.add(input, signal)),
    warnings: contract.warnings.handler(async ({ input, signal = noSignal() }) => (await desk.registry()).warnings(input, signal)),
    publish: contract.publish.handler(async ({ input, signal = noSignal() }) => (await desk.registry()).publish(input, signal)),
    withdraw: contract.withdraw.handler(async ({ input }) => (await desk.registry()).withdraw(input)),
    setGroup: contract.setGroup.handler(async ({ input }) => { (await desk.registry()).setGroup(input.product, input.node, input.group); return {} }),
    setDoor: contract.setDoor.handler(async ({ input: { token, ...settings } }) => desk.setDoor(settings, token)),
  }
}
