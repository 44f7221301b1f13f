import type { CycleOnlyPower } from '../../../shared/devices/power.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

/** The bridge's own pulse is 200 ms from the edge; the rest is margin. */
const pulseMs = 250
const lineLimitMs = 5_000
/** Ctrl+P in the data starts the pulse of bridges before 1.2.0. */
const pulseByte = 0x10

export interface VectisPowerDeps {
  /** The very line that carries the console: the bridge takes one client, and when that one leaves, the camera is dark. */
  readonly transport: Pick<Transport, 'label' | 'setLines' | 'write'>
  readonly clock: Clock
  /** For bridges before 1.2.0, and only when asked for: there a 0x10 inside an image resets the camera as well. */
  readonly legacyPulse?: boolean
}

/** `offMs` is not kept: the bridge has one pulse. The camera's power is never cut by a cancel, for the line stays open. */
export function createVectisPower({ transport, clock, legacyPulse = false }: VectisPowerDeps): CycleOnlyPower {
  const { label, setLines } = transport

  const noLines = (): WorkbenchError => new WorkbenchError('pod/no-power-control', `${label} carries no DTR and RTS, so the bridge cannot be told to cycle the power`, {
    context: { line: label }, hint: 'Open the bridge as rfc2217://host:port; a bridge before 1.2.0 needs the legacy pulse, which has to be chosen',
  })

  const move = async (lines: Parameters<NonNullable<typeof setLines>>[0], signal: AbortSignal): Promise<void> => {
    if (!setLines) throw noLines()
    await withDeadline(clock, lineLimitMs, `Setting DTR and RTS of ${label}`, signal, async (limited) => setLines(lines, limited))
  }

  /** Both, whatever becomes of the first, and under a signal of their own: with the lines low the camera may stay dark. */
  const raise = async (): Promise<void> => {
    const { signal } = new AbortController()
    const tried = [await move({ rts: true }, signal).catch(asError), await move({ dtr: true }, signal).catch(asError)]
    const failed = tried.find((each) => each !== undefined)
    if (!failed) return
    throw new WorkbenchError('pod/wrong-power-state', `The camera may be dark: DTR and RTS of ${label} went low and could not both be raised again`, {
      context: { line: label }, hint: 'Take the power of the bridge away and give it back', cause: failed,
    })
  }

  const pulseByLines = async (signal: AbortSignal): Promise<void> => {
    if (!setLines) throw noLines()
    let isUnheard = false
    try {
      await move({ dtr: false }, signal).catch((error: unknown) => {
        // A line that is looked up only when it is used may turn out to carry no modem lines; then nothing went low.
        isUnheard = error instanceof WorkbenchError && error.code === 'input/not-supported'
        throw error
      })
      await move({ rts: false }, signal)
      await clock.sleep(pulseMs, signal)
    } finally {
      if (!isUnheard) await raise()
    }
  }

  return {
    ability: 'cycle-only',
    fixedOffMs: 200,
    label: `power of the Vectis bridge at ${label}`,
    cycle: async (_offMs, signal) => {
      signal.throwIfAborted()
      if (!legacyPulse) return pulseByLines(signal)
      await transport.write(Uint8Array.of(pulseByte), signal)
      await clock.sleep(pulseMs, signal)
    },
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))
