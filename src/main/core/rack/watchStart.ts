import type { PowerController } from '../../../shared/devices/power.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { CameraEntry } from './rackBook.ts'

const offMs = 2_000
const cycleLimitMs = 60_000
/** A boot ROM and U-Boot talk within seconds; a kernel without U-Boot's words takes some more. */
const watchMs = 20_000
/** After the first answer: several cameras on one port begin together. */
const graceMs = 4_000
const tailChars = 512
/** A driver tries "on" three times for 20 s. */
const lightLimitMs = 90_000

/** How long one port takes, where nobody answers. */
export const cutAndWatchMs = offMs + watchMs

/** What a camera says when it starts, and at no other time. */
const bootMarker = /^(?:System startup|U-Boot (?:SPL|TPL)?\s?\S*\d{4}\.\d\d|Booting Linux on|Linux version \d|Uncompressing Linux)/m

/** Which consoles say that they start, from the moment at which the power is cut. */
export async function cutAndWatch(power: PowerController, watched: readonly CameraEntry[], clock: Clock, signal: AbortSignal): Promise<readonly CameraEntry[]> {
  const answered = new Set<CameraEntry>()
  const grace = new AbortController()
  const stops = watched.map((each) => {
    const text = new TextDecoder('latin1')
    let tail = ''
    each.console.catchUp()
    return each.console.subscribe(each.console.end, ({ bytes }) => {
      tail = (tail + text.decode(bytes).replaceAll('\r', '\n')).slice(-tailChars)
      if (!bootMarker.test(tail)) return
      answered.add(each)
      grace.abort()
    })
  })
  try {
    await cycleToItsEnd(power, clock, signal)
    await clock.sleep(watchMs, AbortSignal.any([signal, grace.signal])).catch(() => undefined)
    signal.throwIfAborted()
    if (answered.size > 0) await clock.sleep(graceMs, signal)
  } finally {
    for (const stop of stops) stop()
  }
  return [...answered]
}

/** A deadline and a cancel end the waiting at once; the light is given back after that, and until then nobody else gets the camera. */
async function cycleToItsEnd(power: PowerController, clock: Clock, signal: AbortSignal): Promise<void> {
  let cycling: Promise<unknown> = Promise.resolve()
  try {
    await withDeadline(clock, cycleLimitMs, `switching ${power.label} off and on`, signal, async (within) => {
      const work = power.cycle(offMs, within)
      cycling = work.then(() => undefined, (error: unknown) => error)
      return work
    })
  } catch (error) {
    const came = await withDeadline(clock, lightLimitMs, `switching ${power.label} on again`, new AbortController().signal, async () => cycling)
    // A camera that stays dark is more than that somebody changed their mind.
    if (came instanceof WorkbenchError && came.code === 'pod/wrong-power-state') throw came
    throw error
  }
}
