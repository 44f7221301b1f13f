import { implement } from '@orpc/server'
import { boardReleasesContract } from '../../shared/contracts/boardReleases.contract.ts'
import { type BoardReleasesDesk, viewOf } from './boardReleasesDesk.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function boardReleasesRoutes(desk: BoardReleasesDesk) {
  const contract = implement(boardReleasesContract)
  return {
    watch: contract.watch.handler(({ signal = noSignal() }) => desk.watch(signal)),
    look: contract.look.handler(async ({ input, signal = noSignal() }) => desk.look(input, signal)),
    build: contract.build.handler(async ({ input, signal = noSignal() }) => desk.build(input, signal)),
    delta: contract.delta.handler(async ({ input, signal = noSignal() }) => viewOf(await (await desk.book()).delta(input.version, input.from, signal))),
    publish: contract.publish.handler(async ({ input, signal = noSignal() }) => viewOf(await (await desk.book()).publish(input.version, signal))),
    withdraw: contract.withdraw.handler(async ({ input, signal = noSignal() }) => viewOf(await (await desk.book()).withdraw(input.version, signal))),
    remove: contract.remove.handler(async ({ input, signal = noSignal() }) => (await desk.book()).remove(input.version, signal)),
    setMirror: contract.setMirror.handler(async ({ input }) => desk.setMirror(input)),
  }
}
