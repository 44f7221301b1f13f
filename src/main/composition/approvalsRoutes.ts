import { implement } from '@orpc/server'
import { approvalsContract } from '../../shared/contracts/approvals.contract.ts'
import type { Approval } from '../../shared/doors/doors.schema.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { Approvals } from './approvals.ts'

/** The file is also written by the command line, which rings no bell here, and by time alone: a plan is forgotten after an hour. */
const lookEveryMs = 1_000
const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function approvalsRoutes(approvals: Approvals, clock: Clock) {
  const contract = implement(approvalsContract)
  return {
    watch: contract.watch.handler(({ signal = noSignal() }) => watch(approvals, clock, signal)),
    decide: contract.decide.handler(async ({ input }) => approvals.decide(input.hash, input.isApproved)),
  }
}

async function* watch(approvals: Approvals, clock: Clock, signal: AbortSignal): AsyncGenerator<Approval[], void, void> {
  let told: string | undefined
  while (!signal.aborted) {
    const list = [...await approvals.list()]
    const text = JSON.stringify(list)
    if (text !== told) yield list
    told = text
    await clock.sleep(lookEveryMs, signal).catch(() => undefined)
  }
}
