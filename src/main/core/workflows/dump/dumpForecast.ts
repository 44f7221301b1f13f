import type { DumpPlan } from '../../../../shared/dump/dump.schema.ts'
import type { PlannedPhase } from '../../../../shared/restore/restore.schema.ts'
import { ubootTitle } from '../restore/forecast.ts'

/** From the same rack as the forecast of a restore; the console at 115200 baud. */
const rates = {
  bootRomBytesPerMs: 11.4,
  bootRomFixedMs: 3_300,
  linkSetupMs: 7_200,
  sendBytesPerMs: 2_500,
  readBytesPerMs: 6_000,
  commandMs: 120,
  /** 80 letters for 16 bytes, 11.52 letters a millisecond. */
  printBytesPerMs: (11.52 * 16) / 80,
  /** At 921600 baud over a pod's bridge. */
  agentBytesPerMs: 62,
} as const

/** Of one `md.b`: what is lost when a line is. */
export const mdBlockBytes = 4096

/** Nothing of it erased; two commands for each block. */
export const mdMs = (lengthBytes: number): number => lengthBytes / rates.printBytesPerMs + (lengthBytes / mdBlockBytes) * 2 * rates.commandMs

const readMs = (lengthBytes: number): number => (2 * lengthBytes) / rates.readBytesPerMs + 12 * rates.commandMs

export interface ForecastFacts {
  readonly way: DumpPlan['way']
  readonly flashBytes: number
  readonly method: DumpPlan['boot']['method']
  readonly blobBytes: number
}

/** Phases in order with what each should take. An estimate: the window shows it as a forecast and never as progress. */
export function dumpForecast({ way, flashBytes, method, blobBytes }: ForecastFacts): { readonly phases: readonly PlannedPhase[]; readonly forecastMs: number } {
  const bootMs = method !== 'manual' ? rates.bootRomFixedMs + blobBytes / rates.bootRomBytesPerMs : 15_000
  const sendMs = way === 'md' ? mdMs(flashBytes) : rates.linkSetupMs + flashBytes / rates.sendBytesPerMs
  if (way === 'agent') {
    const agentPhases: PlannedPhase[] = [
      { name: 'check', title: 'Checks', cancel: 'anytime', forecastMs: 500 },
      { name: 'agent', title: 'Flash agent to RAM', cancel: 'anytime', forecastMs: Math.round(bootMs + 2_000) },
      { name: 'identify', title: 'Identity and layout', cancel: 'anytime', forecastMs: 17_000 },
      { name: 'read', title: 'Read and compare', cancel: 'anytime', forecastMs: Math.round(flashBytes / rates.agentBytesPerMs) },
      { name: 'keep', title: 'Files', cancel: 'at-end', forecastMs: 500 },
      { name: 'reset', title: 'Reset', cancel: 'anytime', forecastMs: rates.commandMs },
    ]
    return { phases: agentPhases, forecastMs: agentPhases.reduce((total, phase) => total + phase.forecastMs, 0) }
  }
  const phases: PlannedPhase[] = [
    { name: 'check', title: 'Checks', cancel: 'anytime', forecastMs: 500 },
    { name: 'u-boot', title: ubootTitle(method), cancel: 'anytime', forecastMs: bootMs + 1_500 },
    { name: 'identify', title: 'Identity and layout', cancel: 'anytime', forecastMs: 8 * rates.commandMs },
    ...(way === 'tftp' ? [{ name: 'network', title: 'Network', cancel: 'anytime', forecastMs: 3 * rates.commandMs } as const] : []),
    { name: 'read', title: way === 'md' ? 'Print and compare' : 'Send and compare', cancel: 'anytime', forecastMs: readMs(flashBytes) + sendMs },
    // Half a rename is no place to stop, and all of it takes a second.
    { name: 'keep', title: 'Files', cancel: 'at-end', forecastMs: 500 },
    { name: 'reset', title: 'Reset', cancel: 'anytime', forecastMs: rates.commandMs },
  ]
  const rounded = phases.map((phase) => ({ ...phase, forecastMs: Math.round(phase.forecastMs) }))
  return { phases: rounded, forecastMs: rounded.reduce((total, { forecastMs }) => total + forecastMs, 0) }
}
