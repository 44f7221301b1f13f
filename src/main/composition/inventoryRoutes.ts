import { implement } from '@orpc/server'
import { inventoryContract } from '../../shared/contracts/inventory.contract.ts'
import type { InventoryDesk } from './inventoryDesk.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function inventoryRoutes(desk: InventoryDesk) {
  const contract = implement(inventoryContract)
  return {
    change: contract.change.handler(async ({ input }) => { await desk.change(input.cameraId, input.change, noSignal()); return {} }),
    identity: contract.identity.handler(({ input }) => desk.identity(input.cameraId)),
    exportYaml: contract.exportYaml.handler(async () => desk.exportYaml()),
    planImport: contract.planImport.handler(async ({ input }) => desk.planImport(input)),
    importYaml: contract.importYaml.handler(async ({ input }) => desk.importYaml(input, noSignal())),
  }
}
