import type { FastbootPhase } from '../../shared/devices/rackPod.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { Behaviours } from './behaviours.ts'
import type { BootBlob } from './blobParser.ts'
import { pause, type Timing } from './timing.ts'

export interface UploadReport {
  readonly success: boolean
  readonly last_phase: FastbootPhase
  readonly failed_phase?: FastbootPhase
  readonly error?: string
  readonly elapsed_ms: number
  readonly handshake_markers: number
}

export interface UploadOptions {
  readonly clock: Clock
  readonly timing: Timing
  readonly behaviours: Behaviours
  readonly random: () => number
  readonly signal: AbortSignal
  readonly powerOff: () => void
  readonly powerOn: () => void
  /** False once somebody else has switched the camera meanwhile. */
  readonly stillPowered: () => boolean
}

const pieceBytes = 32 * 1024

/** Off, two seconds, on, catch the boot ROM, and feed it piece by piece. A refusal is a report, not an error. */
export async function uploadToBootRom(blob: BootBlob, options: UploadOptions): Promise<UploadReport> {
  const { clock, timing, behaviours, signal } = options
  const startedMs = clock.nowMs()
  let markers = 0
  const report = (lastPhase: FastbootPhase, error?: string): UploadReport => ({
    success: error === undefined, last_phase: lastPhase, elapsed_ms: Math.round(clock.nowMs() - startedMs), handshake_markers: markers,
    ...(error === undefined ? {} : { failed_phase: lastPhase, error }),
  })
  options.powerOff()
  await pause(clock, timing.powerOffMs, signal)
  options.powerOn()
  const steps: readonly { readonly phase: FastbootPhase; readonly bytes: Uint8Array; readonly beforeMs: number }[] = [
    { phase: 'frame_for_start', bytes: new Uint8Array(), beforeMs: timing.bootRomHelloMs },
    { phase: 'prestep0', bytes: blob.prestep0, beforeMs: 0 },
    { phase: 'ddrstep0', bytes: blob.ddrstep0, beforeMs: 0 },
    { phase: 'prestep1', bytes: blob.prestep1, beforeMs: 0 },
    { phase: 'spl', bytes: blob.spl, beforeMs: timing.ddrInitMs },
    { phase: 'agent', bytes: blob.payload, beforeMs: 0 },
  ]
  for (const { phase, bytes, beforeMs } of steps) {
    if (phase.startsWith('prestep') && bytes.length === 0) continue
    const odd = behaviours.ask('onFastbootPhase', phase)
    await pause(clock, beforeMs, signal)
    for (let at = 0; at < bytes.length && odd === undefined; at += pieceBytes) {
      await pause(clock, Math.min(pieceBytes, bytes.length - at) / timing.bootRomBytesPerMs, signal)
      if (!options.stillPowered()) break
    }
    if (odd !== undefined) return report(phase, odd)
    if (!options.stillPowered()) return report(phase, `${phase.toUpperCase()} no ACK`)
    if (phase === 'frame_for_start') markers = 5 + Math.floor(options.random() * 3)
  }
  return report('done')
}
