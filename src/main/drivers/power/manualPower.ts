import type { ManualPower } from '../../../shared/devices/power.ts'

export interface ManualPowerDeps {
  /** Resolves when the person says that it is done; the signal takes the question away again. */
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
  /** Whose power: "camera on tcp://10.0.0.7:9000". */
  readonly label: string
}

/** A person behind the same verb. */
export function createManualPower({ ask, label }: ManualPowerDeps): ManualPower {
  return {
    ability: 'manual',
    label: `power of ${label}, by hand`,
    cycle: async (offMs, signal) => {
      signal.throwIfAborted()
      const seconds = Math.max(1, Math.ceil(offMs / 1000))
      await ask(`Take the power of ${label} away, wait ${seconds} s, and give it back`, signal)
      // A question that outlived its signal proves nothing.
      signal.throwIfAborted()
    },
  }
}
