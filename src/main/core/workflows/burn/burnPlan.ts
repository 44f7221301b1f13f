import type { BurnPlan, BurnRequest } from '../../../../shared/burn/burn.schema.ts'
import { toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { bootForecastMs } from '../restore/forecast.ts'
import type { PlanFacts } from '../restore/plan.ts'
import { holdsNoUboot, noUboot, type UbootContents } from '../ubootCheck.ts'

export interface BurnFacts {
  readonly request: BurnRequest
  readonly cameraName: string
  readonly podName: string
  readonly chip: string
  readonly isKnownChip: boolean
  readonly boot: PlanFacts['boot']
  /** What the file says of the U-Boot in it; absent where it could not be read at all. */
  readonly contents: UbootContents | undefined
}

export function planBurn({ request, cameraName, podName, chip, isKnownChip, boot, contents }: BurnFacts, hashHex: (algorithm: 'sha256', bytes: Uint8Array) => string): BurnPlan {
  const unknown = isKnownChip ? [] : [new WorkbenchError('input/not-supported', `Unknown chip "${chip.slice(0, 40)}"`, { hint: '"rackbench chips" lists the names' })]
  const empty = holdsNoUboot(contents) ? [noUboot(boot.uboot, 'The camera\'s own U-Boot might answer in its place')] : []
  const refusals = [...unknown, ...boot.problems, ...empty].map(toWire)
  const bootMs = Math.round(bootForecastMs(boot.method, boot.blob?.length ?? 0))
  const phases: BurnPlan['phases'] = [
    { name: 'check', title: 'Checks', cancel: 'anytime', forecastMs: 500 },
    { name: 'u-boot', title: 'U-Boot to RAM', cancel: 'anytime', forecastMs: bootMs },
    { name: 'answer', title: 'U-Boot answers', cancel: 'anytime', forecastMs: 500 },
  ]
  const decided = {
    request, cameraName, podName, chip, flashBytes: 0, partitions: [],
    boot: { method: boot.method === 'pod' ? 'pod' as const : 'boot-rom' as const, profile: boot.profile, uboot: boot.uboot, blobBytes: boot.blob?.length ?? 0 },
  }
  const binding = JSON.stringify({ ...decided, blob: boot.blob ? hashHex('sha256', boot.blob) : '' })
  return {
    ...decided, hash: hashHex('sha256', new TextEncoder().encode(binding)), phases, forecastMs: phases.reduce((sum, phase) => sum + phase.forecastMs, 0),
    warnings: [...contents?.isUnread === true ? [`Which version is in ${boot.uboot} is not known: it is packed in a way that is not read here. Whatever U-Boot answers will be taken for it`] : [], ...request.stay ? ['The camera stays at its U-Boot prompt afterwards, until somebody types there or its power is cut'] : []], refusals,
  }
}
