import { implement } from '@orpc/server'
import { inventoryContract } from '../../shared/contracts/inventory.contract.ts'
import type { InventoryDesk } from './inventoryDesk.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function inventoryRoutes(desk: InventoryDesk) {
  const contract = implement(inventoryContract)
  return {
    change: contract.change.handler(async ({ input }) => { await desk.change(input.cameraId, input.change, noSignal()); return {} }),
    setMany: contract.setMany.handler(async ({ input }) => desk.setMany(input, noSignal())),
    identity: contract.identity.handler(({ input }) => desk.identity(input.cameraId)),
    board: contract.board.handler(async ({ input, signal = noSignal() }) => desk.board(input.cameraId, signal)),
    discover: contract.discover.handler(async ({ input, signal = noSignal() }) => desk.discover(input.seconds, signal)),
    planIdentify: contract.planIdentify.handler(({ input }) => desk.planIdentify(input.cameraIds)),
    identify: contract.identify.handler(({ input, signal = noSignal() }) => desk.identify(input.cameraIds, input.agreed, signal)),
    assignPower: contract.assignPower.handler(async ({ input }) => { await desk.assignPower(input.matches, noSignal()); return {} }),
    exportYaml: contract.exportYaml.handler(async () => desk.exportYaml()),
    planImport: contract.planImport.handler(async ({ input }) => desk.planImport(input)),
    importYaml: contract.importYaml.handler(async ({ input }) => desk.importYaml(input, noSignal())),
  }
}
