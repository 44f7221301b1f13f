import { implement } from '@orpc/server'
import { captureSettingsContract } from '../../shared/contracts/captureSettings.contract.ts'
import type { CaptureDesk } from './captureDesk.ts'

// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the router's type is oRPC's
export function captureSettingsRoutes(desk: Pick<CaptureDesk, 'settings' | 'changeSettings'>) {
  const contract = implement(captureSettingsContract)
  return {
    read: contract.read.handler(async () => desk.settings()),
    change: contract.change.handler(async ({ input }) => desk.changeSettings(input.change, input.agreedToDelete)),
  }
}
