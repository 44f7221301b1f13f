import { implement } from '@orpc/server'
import { powerManyContract } from '../../shared/contracts/powerMany.contract.ts'
import { type PowerManyDeps, powerMany } from './powerMany.ts'

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function powerManyRoutes(deps: PowerManyDeps) {
  const contract = implement(powerManyContract)
  return {
    many: contract.many.handler(({ input, signal = new AbortController().signal }) => powerMany(deps, input, signal)),
  }
}
