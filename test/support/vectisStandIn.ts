import type { Transport } from '../../src/shared/devices/transport.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'

export interface VectisStandIn {
  readonly transport: Pick<Transport, 'label' | 'setLines' | 'write'>
  /** `dtr-`, `rts-`, `rts+`, `dtr+`, or `10` for a byte, each with its time. */
  readonly events: readonly string[]
  readonly hasPower: () => boolean
  readonly cuts: () => number
  /** From here on the line takes nothing more. */
  breakLine: () => void
  readonly close: () => Promise<void>
}

/** A bridge whose camera loses its power for 200 ms when DTR falls, or at a Ctrl+P where there are no lines. */
export function createVectisStandIn(clock: Clock, { hasLines }: { readonly hasLines: boolean }): VectisStandIn {
  const events: string[] = []
  const over = new AbortController()
  let isOn = true
  let cuts = 0
  let isBroken = false
  const pulse = (): void => {
    isOn = false
    cuts += 1
    clock.sleep(200, over.signal).then(() => { isOn = true }, () => undefined)
  }
  const note = (what: string): void => {
    if (isBroken) throw new Error('the line is broken')
    events.push(`${what}@${clock.nowMs()}`)
  }
  return {
    events,
    hasPower: () => isOn,
    cuts: () => cuts,
    breakLine: () => { isBroken = true },
    close: async () => { over.abort(new Error('over')) },
    transport: {
      label: 'rfc2217://bridge:35240',
      write: async (bytes) => { for (const byte of bytes) { note(byte.toString(16)); if (!hasLines && byte === 0x10) pulse() } },
      ...(hasLines ? {
        setLines: async ({ dtr, rts }) => {
          if (dtr !== undefined) { note(`dtr${dtr ? '+' : '-'}`); if (!dtr) pulse() }
          if (rts !== undefined) note(`rts${rts ? '+' : '-'}`)
        },
      } : {}),
    },
  }
}
