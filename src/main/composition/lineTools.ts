import { type DetectedProtocol, detectProtocol } from '../core/bootrom/detectProtocol.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { powerFromEnvironment, type PowerWishes } from '../drivers/power/powerFromEnvironment.ts'
import { withLineLease } from './lineLease.ts'
import { devicesOf } from './podDevices.ts'

export interface DetectRequest {
  readonly url: string
  /** Where leases are kept. */
  readonly dataFolder: string
  /** The switch that the environment names; a person otherwise, and a rack pod switches its own camera. */
  readonly power: PowerWishes | undefined
  readonly budgetMs: number
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
  readonly tell: (message: string) => void
}

/** Which boot ROM a camera has. `pod/busy` while a job has it. */
export async function detectOnLine(request: DetectRequest, signal: AbortSignal): Promise<DetectedProtocol> {
  return withLineLease({ url: request.url, dataFolder: request.dataFolder, holder: 'rackbench detect' }, signal, async () => detectNow(request, signal))
}

/** Opens the line, and gives it and the switch back whatever happens. */
async function detectNow({ url, power, budgetMs, environment, ask, tell }: DetectRequest, signal: AbortSignal): Promise<DetectedProtocol> {
  const clock = createSystemClock()
  const wished = power && powerFromEnvironment(power)
  const devices = devicesOf(url, wished?.spec, { clock, ask, environment, secretOf: wished?.secretOf ?? (async () => undefined) })
  const transport = await devices.openConsole(signal)
  const byHand = devices.power.ability === 'manual'
  const asked = new AbortController()
  // Whoever is not asked waits for the end beside a camera that runs.
  const asking = byHand ? ask('Switch the camera off and on now', AbortSignal.any([signal, asked.signal])).catch(() => undefined) : undefined
  try {
    return await detectProtocol({ transport, clock, power: byHand ? undefined : devices.power, budgetMs, tell }, signal)
  } finally {
    asked.abort()
    await asking
    await transport.close()
    await devices.closePower?.()
  }
}
