import { implement, ORPCError } from '@orpc/server'
import { type CaptureStatus, captureSettingsSchema } from '../../src/shared/captures/captures.schema.ts'
import { captureSettingsContract } from '../../src/shared/contracts/captureSettings.contract.ts'
import { toWire, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'

const gib = 2 ** 30

/** How captures are kept, and how full they are. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- what oRPC infers
export function fixtureCaptureSettings(calls: string[], nowMs: number, isNear: boolean) {
  const contract = implement(captureSettingsContract)
  const usedBytes = isNear ? 18.7 * gib : 8.2 * gib
  let settings = captureSettingsSchema.parse({})
  return {
    status: (): CaptureStatus => ({
      usedBytes, quotaBytes: settings.quotaBytes, droppedBytes: 0, notices: [],
      ...(isNear && usedBytes > settings.quotaBytes * 0.9 ? { quota: { sinceMs: nowMs - 3_600_000, removesFromMs: nowMs - 3_000_000, fullAtMs: nowMs + 52 * 3_600_000, oldest: { cameraName: 'cam-03', fromMs: nowMs - 40 * 86_400_000, untilMs: nowMs - 39 * 86_400_000 } } } : {}),
    }),
    routes: {
      read: contract.read.handler(() => settings),
      change: contract.change.handler(({ input }) => {
        calls.push(`capture settings ${JSON.stringify(input.change)}${input.agreedToDelete ? ' agreed' : ''}`)
        const next = captureSettingsSchema.parse({ ...settings, ...input.change })
        if (next.quotaBytes < usedBytes && !input.agreedToDelete) {
          const message = `A quota of ${String(Math.round(next.quotaBytes / 2 ** 20))} MiB would delete 31 of the oldest capture files, 2150 MiB`
          throw new ORPCError('WORKBENCH', { status: 500, message, data: toWire(new WorkbenchError('input/conflict', message)) })
        }
        return settings = next
      }),
    },
  }
}
