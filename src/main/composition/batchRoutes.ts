import { implement } from '@orpc/server'
import { batchContract } from '../../shared/contracts/batch.contract.ts'
import { dashboardOf } from '../core/batch/batchDashboard.ts'
import { compareBatches, detailsOfBatch, summaryOfBatch, viewItem } from '../core/batch/batchFigures.ts'
import { toWire } from '../../shared/errors/workbenchError.ts'
import type { PodSpec } from '../core/rack/rackBook.ts'
import { type BatchDesk, batchTools } from './batchDesk.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function batchRoutes(desk: BatchDesk, pods: () => readonly PodSpec[]) {
  const contract = implement(batchContract)
  return {
    list: contract.list.handler(async () => (await desk.engine()).list().map(summaryOfBatch)),
    watch: contract.watch.handler(async function* ({ signal = noSignal() }) { for await (const all of desk.watch(signal)) yield [...all] }),
    get: contract.get.handler(async ({ input }) => detailsOfBatch((await desk.engine()).get(input.batch))),
    dashboard: contract.dashboard.handler(async ({ input }) => dashboardOf((await desk.engine()).get(input.batch))),
    items: contract.items.handler(async ({ input: { batch, state, offset, limit } }) => {
      const items = (await desk.engine()).get(batch).items.filter((item) => state === undefined || item.state === state)
      return { total: items.length, items: items.slice(offset, offset + limit).map(viewItem) }
    }),
    read: contract.read.handler(async ({ input }) => batchTools.readPlan(input.path)),
    check: contract.check.handler(async ({ input, signal = noSignal() }) => { const { problem, warnings } = await desk.check(input.plan, pods(), signal); return { ...(problem ? { problem: toWire(problem) } : {}), warnings: [...warnings] } }),
    start: contract.start.handler(async ({ input }) => { const { id, aside } = await desk.start(input.plan); return { batch: id, aside: [...aside] } }),
    pause: contract.pause.handler(async ({ input }) => { await (await desk.engine()).pause(input.batch); return {} }),
    goOn: contract.goOn.handler(async ({ input }) => { await (await desk.engine()).goOn(input.batch); return {} }),
    reorder: contract.reorder.handler(async ({ input }) => { await (await desk.engine()).reorder(input.batch, input.first); return {} }),
    stop: contract.stop.handler(async ({ input }) => { await (await desk.engine()).stop(input.batch, { now: input.now }); return {} }),
    report: contract.report.handler(async ({ input }) => desk.report(input.batch, input.format)),
    compare: contract.compare.handler(async ({ input }) => { const engine = await desk.engine(); return compareBatches(engine.get(input.before), engine.get(input.after)) }),
  }
}
