import type { PlannedPhase, RestorePlan } from '../../../../shared/restore/restore.schema.ts'
import type { Load } from './layout.ts'

/** Rates seen on a rack with an hi3516ev300: boot ROM at 115200 baud, staging over WiFi, and the chip's own pace. */
const rates = {
  bootRomBytesPerMs: 11.4,
  bootRomFixedMs: 3_300,
  stagingBytesPerMs: 153.3,
  /** Link negotiation, paid by every network command. */
  linkSetupMs: 7_200,
  fetchBytesPerMs: 2_500,
  eraseMsPerBlock: 30,
  writeMsPerKib: 1,
  readBytesPerMs: 6_000,
  commandMs: 120,
} as const

/** Until U-Boot has its prompt. */
export const bootForecastMs = (boot: RestorePlan['boot']['method'], blobBytes: number): number =>
  (boot !== 'manual' ? rates.bootRomFixedMs + blobBytes / rates.bootRomBytesPerMs : 15_000) + 1_500

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

/**
 * Phases in order with what each should take, waiting for the staging included. An estimate from one kind of rack: the window shows it
 * as a forecast and never as progress.
 */
export function forecast(
  loads: readonly Load[], boot: RestorePlan['boot']['method'], blobBytes: number, via: 'pod' | 'host',
): { readonly phases: readonly PlannedPhase[]; readonly forecastMs: number } {
  const parts = loads.flatMap((load) => load.parts)
  const readMs = sum(parts.map(({ bytes }) => bytes.length / rates.readBytesPerMs + 3 * rates.commandMs))
  const phases: PlannedPhase[] = [
    { name: 'check', title: 'Checks', cancel: 'anytime', forecastMs: 500 },
    { name: 'u-boot', title: 'U-Boot to RAM', cancel: 'anytime', forecastMs: bootForecastMs(boot, blobBytes) },
    { name: 'identify', title: 'Identity', cancel: 'anytime', forecastMs: 4 * rates.commandMs },
    { name: 'compare', title: 'Compare', cancel: 'anytime', forecastMs: readMs },
    { name: 'network', title: 'Network', cancel: 'anytime', forecastMs: 3 * rates.commandMs },
  ]
  let stagedMs = via === 'pod' ? 500 : 0
  loads.forEach((load, index) => {
    if (via === 'pod') stagedMs += load.lengthBytes / rates.stagingBytesPerMs
    const nowMs = sum(phases.map(({ forecastMs }) => forecastMs))
    const fetchMs = rates.linkSetupMs + load.lengthBytes / rates.fetchBytesPerMs + 2 * rates.commandMs
    phases.push({ name: `fetch:${index}`, title: `Fetch ${load.parts.map(({ name }) => name).join(' + ')}`, cancel: 'anytime', forecastMs: Math.max(0, stagedMs - nowMs) + fetchMs })
    for (const part of load.parts) {
      const writeMs = (part.eraseBytes / 65536) * rates.eraseMsPerBlock + (part.bytes.length / 1024) * rates.writeMsPerKib
        + part.bytes.length / rates.readBytesPerMs + 6 * rates.commandMs
      phases.push({ name: `write:${part.name}`, title: `Write and prove ${part.name}`, cancel: 'at-end', forecastMs: writeMs })
    }
  })
  phases.push(
    { name: 'reset', title: 'Reset', cancel: 'anytime', forecastMs: rates.commandMs },
    { name: 'boot-seen', title: 'Boot seen', cancel: 'anytime', forecastMs: 20_000 },
  )
  const rounded = phases.map((phase) => ({ ...phase, forecastMs: Math.round(phase.forecastMs) }))
  return { phases: rounded, forecastMs: sum(rounded.map(({ forecastMs }) => forecastMs)) }
}
