import { implement } from '@orpc/server'
import { consoleToolsContract } from '../../shared/contracts/consoleTools.contract.ts'
import type { ConsoleDesk } from './consoleDesk.ts'
import { viewerOf } from './linkContext.ts'

const noSignal = (): AbortSignal => new AbortController().signal

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the type is oRPC's, as the router's is
export function consoleToolRoutes(desk: ConsoleDesk, quietly: <T>(items: AsyncIterable<T>, signal: AbortSignal) => AsyncGenerator<T, void, void>) {
  const contract = implement(consoleToolsContract)
  return {
    watchWriter: contract.watchWriter.handler(({ input, context, signal = noSignal() }) => quietly(desk.watchWriter(input.cameraId, viewerOf(context, input.viewer), signal), signal)),
    takeWriter: contract.takeWriter.handler(({ input, context }) => { desk.takeWriter(input.cameraId, viewerOf(context, input.viewer)); return {} }),
    freeWriter: contract.freeWriter.handler(({ input, context }) => { desk.freeWriter(input.cameraId, viewerOf(context, input.viewer)); return {} }),
    // A line that is half closed is nobody's: it goes on when the window is gone.
    release: contract.release.handler(async ({ input, context }) => { await desk.release(input.cameraId, viewerOf(context, input.viewer), noSignal()); return {} }),
    takeBack: contract.takeBack.handler(({ input }) => { desk.takeBack(input.cameraId); return {} }),
    tools: contract.tools.handler(async () => desk.tools()),
    saveTools: contract.saveTools.handler(async ({ input }) => { await desk.save(input); return {} }),
    watchHits: contract.watchHits.handler(({ input, signal = noSignal() }) => quietly(desk.rules.watch(input, signal), signal)),
    clearAlarms: contract.clearAlarms.handler(({ input }) => { desk.rules.clearAlarms(input.cameraId); return {} }),
    startScript: contract.startScript.handler(async ({ input: { cameraId, viewer, ...script }, context }) => { await desk.startScript(cameraId, script, viewerOf(context, viewer)); return {} }),
    stopScript: contract.stopScript.handler(({ input }) => { desk.scripts.stop(input.cameraId); return {} }),
    watchScript: contract.watchScript.handler(({ input, signal = noSignal() }) => quietly(desk.scripts.watch(input.cameraId, signal), signal)),
  }
}
