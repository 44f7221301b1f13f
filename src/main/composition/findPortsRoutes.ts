import { implement } from '@orpc/server'
import { findPortsContract } from '../../shared/contracts/findPorts.contract.ts'
import type { FindPortsDesk } from './findPortsDesk.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function findPortsRoutes(desk: FindPortsDesk) {
  const contract = implement(findPortsContract)
  return {
    units: contract.units.handler(() => [...desk.units()]),
    look: contract.look.handler(async ({ input, signal = noSignal() }) => desk.look(input, signal)),
    find: contract.find.handler(({ input, signal = noSignal() }) => desk.find(input, signal)),
    assign: contract.assign.handler(async ({ input }) => { await desk.assign(input.unitId, input.matches, noSignal()); return {} }),
  }
}
