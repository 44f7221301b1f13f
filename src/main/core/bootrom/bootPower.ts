import type { PowerController } from '../../../shared/devices/power.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

/** A switch that is cancelled still has to give power back before its promise ends. */
const afterCancelMs = 90_000
const cycleGraceMs = 120_000
/** Silence for so long proves that a switch has taken the power away; less where it does so for a moment only. */
const darkAfterMs = { most: 1_000, least: 100 }

export interface PowerCycle {
  /** When the camera surely had power again; `undefined` meanwhile, and as long as a person has not said so. */
  readonly poweredSinceMs: () => number | undefined
  /** Until the line was silent for so long, or power is known to be back, what comes is of the life that is being ended. Absent: no switch. */
  readonly darkAfterMs: number | undefined
  /** Aborts with the error of a cycle that failed before the boot ROM was caught. */
  readonly signal: AbortSignal
  /** The boot ROM answered: a question is taken away, and a late failure of the switch is only told. */
  readonly caught: () => void
  /** Call it on every way out: ends when nothing switches any more. */
  readonly end: () => Promise<void>
}

export interface PowerCycleOptions {
  readonly power: PowerController | undefined
  readonly offMs: number
  readonly clock: Clock
  readonly onLateFailure: (message: string) => void
}

/**
 * Runs beside the handshake, which has to be under way before power comes back: the boot ROM listens for about 100 ms.
 * Without a controller the camera counts as powered from now on.
 */
export function startPowerCycle({ power, offMs, clock, onLateFailure }: PowerCycleOptions, parent: AbortSignal): PowerCycle {
  const over = new AbortController()
  const failed = new AbortController()
  let sinceMs = power ? undefined : clock.nowMs()
  let isCaught = false
  const stop = AbortSignal.any([parent, over.signal])
  const cycling = (async () => {
    if (!power) return
    const timer = new AbortController()
    try {
      // The limit ends the wait, a cancel does not: the switch has to give power back first, and its promise tells when it has.
      const work = power.cycle(offMs, stop)
      await (power.ability === 'manual' ? work : Promise.race([work, tooLong(clock, offMs, power, timer.signal)]))
      sinceMs = clock.nowMs()
    } catch (error) {
      if (stop.aborted) return
      if (isCaught) onLateFailure(`The boot ROM answered, but the power switch reported: ${error instanceof Error ? error.message : 'a failure'}`)
      else failed.abort(asPowerFailure(error))
    } finally {
      timer.abort(new Cancelled('the power cycle is over'))
    }
  })()
  return {
    poweredSinceMs: () => sinceMs,
    darkAfterMs: darkAfter(power, offMs),
    signal: AbortSignal.any([parent, failed.signal]),
    caught: () => {
      isCaught = true
      if (power?.ability === 'manual') over.abort(new Cancelled('the camera was switched'))
    },
    end: async () => {
      over.abort(new Cancelled('the boot ROM session is over'))
      await withDeadline(clock, afterCancelMs, 'giving power back', new AbortController().signal, async () => cycling).catch((error: unknown) => {
        if (!(error instanceof WorkbenchError)) throw error
        onLateFailure(`${power?.label ?? 'The switch'} did not end its cycle; the camera may be without power`)
      })
    },
  }
}

function darkAfter(power: PowerController | undefined, offMs: number): number | undefined {
  if (!power || power.ability === 'manual') return undefined
  const shortestMs = power.ability === 'cycle-only' ? power.fixedOffMs ?? offMs : offMs
  return Math.max(darkAfterMs.least, Math.min(darkAfterMs.most, shortestMs / 2))
}

async function tooLong(clock: Clock, offMs: number, power: PowerController, signal: AbortSignal): Promise<never> {
  const limitMs = offMs + cycleGraceMs
  await clock.sleep(limitMs, signal)
  throw new WorkbenchError('link/timeout', `${power.label} did not finish the cycle within ${limitMs} ms`, { context: { limitMs } })
}

function asPowerFailure(error: unknown): unknown {
  if (!(error instanceof WorkbenchError)) return error
  return new WorkbenchError(error.code, `The power cycle failed: ${error.message}`, { context: { ...error.context, stage: 'power_cycle' }, hint: error.hint, cause: error })
}
