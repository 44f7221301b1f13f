import { implement } from '@orpc/server'
import { bundleContract } from '../../shared/contracts/bundle.contract.ts'
import type { BundleDesk } from './bundleDesk.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function bundleRoutes(bundles: BundleDesk) {
  const contract = implement(bundleContract)
  return {
    plan: contract.plan.handler(async ({ input, signal = noSignal() }) => bundles.plan(input, signal)),
    make: contract.make.handler(async ({ input, signal = noSignal() }) => bundles.make(input, signal)),
  }
}
