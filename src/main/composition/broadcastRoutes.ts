import { implement } from '@orpc/server'
import { workbenchContract } from '../../shared/contracts/workbench.contract.ts'
import { defaultTyping } from '../../shared/consoles/consoles.schema.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { broadcastLine } from '../core/consoles/broadcastLine.ts'
import type { ConsoleSettingsFile } from '../drivers/storage/consoleSettingsFile.ts'
import type { ConsoleDesk } from './consoleDesk.ts'
import { viewerOf } from './linkContext.ts'

export interface BroadcastRoutesDeps {
  readonly clock: Clock
  readonly consoles: Pick<ConsoleDesk, 'mayType'>
  readonly consoleSettings: ConsoleSettingsFile
  readonly log: (line: string) => void
}

/** Taken into the routes of `consoles`. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function createBroadcastRoutes({ clock, consoles, consoleSettings, log }: BroadcastRoutesDeps) {
  const contract = implement(workbenchContract)
  return {
    broadcast: contract.consoles.broadcast.handler(async ({ input, context, signal = new AbortController().signal }) => {
      const { typing } = await consoleSettings.read()
      const viewer = input.viewer && viewerOf(context, input.viewer)
      return broadcastLine(input, {
        clock, log, typingOf: (cameraId) => typing[cameraId] ?? defaultTyping,
        type: async (cameraId, bytes, within) => consoles.mayType(cameraId, viewer).type(bytes, within),
      }, signal)
    }),
  }
}
