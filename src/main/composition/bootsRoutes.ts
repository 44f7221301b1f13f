import { implement } from '@orpc/server'
import { bootsContract } from '../../shared/contracts/boots.contract.ts'
import type { BootsDesk } from './bootsDesk.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function bootsRoutes(boots: BootsDesk) {
  const contract = implement(bootsContract)
  return {
    list: contract.list.handler(async ({ input, signal = noSignal() }) => boots.list(input, signal)),
    compare: contract.compare.handler(async ({ input, signal = noSignal() }) => boots.compare(input.a, input.b, signal)),
  }
}
