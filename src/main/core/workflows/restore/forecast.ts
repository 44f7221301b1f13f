import type { PlannedPhase, RestorePlan } from '../../../../shared/restore/restore.schema.ts'
import type { ImageBytes } from '../../../../shared/bytes/storedBytes.ts'
import type { Load, PlacedPart } from './layout.ts'

/** Rates seen on a rack with an hi3516ev300: boot ROM at 115200 baud, staging over WiFi, and the chip's own pace. */
const rates = {
  bootRomBytesPerMs: 11.4,
  bootRomFixedMs: 3_300,
  stagingBytesPerMs: 153.3,
  /** Link negotiation, paid by every network command. */
  linkSetupMs: 7_200,
  fetchBytesPerMs: 2_500,
  commandMs: 120,
} as const

interface FlashRates {
  readonly eraseMsPerKib: number
  readonly writeMsPerKib: number
  readonly readBytesPerMs: number
  /** Once for each part: attaching UBI, making the volume, detaching. */
  readonly fixedMs: number
}

/**
 * NOR is the same rack's. NAND is a run with an hi3516av200: 3 MiB more of a raw part took 1.0 s longer, 46.5 MiB more of a volume 23 s,
 * fetching over 100 Mbit/s included, and small volumes some seconds more than raw parts; erasing is part of these figures, and reading is
 * taken to be no faster than writing. They meet each time of that run within a third. Of eMMC no run is known: these are what slow ones reach.
 */
const flashRates: Readonly<Record<'nor' | 'nand' | 'ubi' | 'emmc', FlashRates>> = {
  nor: { eraseMsPerKib: 30 / 64, writeMsPerKib: 1, readBytesPerMs: 6_000, fixedMs: 0 },
  nand: { eraseMsPerKib: 0.02, writeMsPerKib: 0.22, readBytesPerMs: 4_200, fixedMs: 0 },
  ubi: { eraseMsPerKib: 0.02, writeMsPerKib: 0.36, readBytesPerMs: 2_600, fixedMs: 3_500 },
  emmc: { eraseMsPerKib: 0, writeMsPerKib: 0.1, readBytesPerMs: 20_000, fixedMs: 0 },
}

const ratesOf = ({ medium }: PlacedPart<ImageBytes>): FlashRates => flashRates[medium?.kind ?? 'nor']

function writeMs(part: PlacedPart<ImageBytes>, erasedBefore: boolean): number {
  const { eraseMsPerKib, writeMsPerKib, readBytesPerMs, fixedMs } = ratesOf(part)
  return (erasedBefore ? 0 : (part.eraseBytes / 1024) * eraseMsPerKib) + (part.bytes.length / 1024) * writeMsPerKib + provedBytes(part) / readBytesPerMs + fixedMs + 6 * rates.commandMs
}

/** With what has to be erased behind a part. */
const provedBytes = ({ medium, bytes, eraseBytes }: PlacedPart<ImageBytes>): number => (medium?.kind === 'nand' && medium.erasedBehind === true ? Math.max(bytes.length, eraseBytes) : bytes.length)

/** Volumes are not looked at before. */
const compareMs = (part: PlacedPart<ImageBytes>): number => (part.medium?.kind === 'ubi' ? 0 : provedBytes(part) / ratesOf(part).readBytesPerMs + 3 * rates.commandMs)

/** By hand nothing is loaded: the camera's own is stopped. */
export const ubootTitle = (boot: RestorePlan['boot']['method']): string => (boot === 'manual' ? 'Stop its own U-Boot' : 'U-Boot to RAM')

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
  const readMs = sum(parts.map(compareMs))
  const erased = new Set<string>()
  const phases: PlannedPhase[] = [
    { name: 'check', title: 'Checks', cancel: 'anytime', forecastMs: 500 },
    { name: 'u-boot', title: ubootTitle(boot), cancel: 'anytime', forecastMs: bootForecastMs(boot, blobBytes) },
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
      // A UBI is erased once, for all of its volumes.
      const ubi = part.medium?.kind === 'ubi' ? part.medium.partition.name : undefined
      const forecastMs = writeMs(part, ubi !== undefined && erased.has(ubi))
      if (ubi !== undefined) erased.add(ubi)
      phases.push({ name: `write:${part.name}`, title: `Write and prove ${part.name}`, cancel: 'at-end', forecastMs })
    }
  })
  phases.push(
    { name: 'reset', title: 'Reset', cancel: 'anytime', forecastMs: rates.commandMs },
    { name: 'boot-seen', title: 'Boot seen', cancel: 'anytime', forecastMs: 20_000 },
  )
  const rounded = phases.map((phase) => ({ ...phase, forecastMs: Math.round(phase.forecastMs) }))
  return { phases: rounded, forecastMs: sum(rounded.map(({ forecastMs }) => forecastMs)) }
}
