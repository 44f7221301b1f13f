import { implement } from '@orpc/server'
import { batchContract } from '../../src/shared/contracts/batch.contract.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'

/** No batch was ever queued here. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function fixtureBatch() {
  const contract = implement(batchContract)
  const none = (): never => { throw new WorkbenchError('input/not-found', 'No batches in this story') }
  return {
    list: contract.list.handler(() => []),
    watch: contract.watch.handler(async function* () { yield [] }),
    get: contract.get.handler(none), items: contract.items.handler(none), read: contract.read.handler(none), start: contract.start.handler(none), pause: contract.pause.handler(none),
    goOn: contract.goOn.handler(none), reorder: contract.reorder.handler(none), stop: contract.stop.handler(none), report: contract.report.handler(none), compare: contract.compare.handler(none),
  }
}
