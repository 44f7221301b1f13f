import type { Boot } from '../../shared/captures/boots.schema.ts'
import { totalOf } from '../../shared/captures/bootStats.ts'
import { bootsCompared, slowBootOf, slowBootWords } from '../../shared/captures/slowBoot.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import type { RuleWatch } from '../core/consoles/ruleWatch.ts'
import type { BootsDesk } from './bootsDesk.ts'

/** An alarm about seconds may come some seconds later, and the index has its lines by then. */
const lookEveryMs = 10_000
const lookLimitMs = 30_000
/** A boot that takes longer than this is another rule's alarm. */
const longestBootMs = 15 * 60_000
/** Begun in that time, of all cameras: 200 of them that start over and over. */
const mostBoots = 5_000
/** Of one camera. Boots that never got to the prompt are among them, and are not counted. */
const historyBoots = 3 * bootsCompared

export interface SlowBootDeps { readonly boots: Pick<BootsDesk, 'list'>; readonly rules: Pick<RuleWatch, 'wantsBoots' | 'booted'>; readonly clock: Clock; readonly log: (line: string) => void }

/** Tells the rules of each boot that came to its end since this began, with what the boots before it took. Ends with the signal. */
export async function watchSlowBoots({ boots, rules, clock, log }: SlowBootDeps, signal: AbortSignal): Promise<void> {
  // What ended before is no news; it is only remembered.
  let told: Set<string> | undefined
  for (;;) {
    // First of all: a start has more urgent things to do.
    await clock.sleep(lookEveryMs, signal).catch(() => undefined)
    if (signal.aborted) return
    try {
      if (rules.wantsBoots()) told = await withDeadline(clock, lookLimitMs, 'Looking at the times of boots', signal, async (within) => look({ boots, rules, clock }, told, within))
      else told = undefined
    } catch (error) {
      if (signal.aborted) return
      log(`times of boots: ${error instanceof WorkbenchError ? error.message : String(error)}`)
    }
  }
}

const nameOf = ({ session, startOffset }: Boot): string => `${session}@${startOffset}`

async function look({ boots, rules, clock }: Omit<SlowBootDeps, 'log'>, told: Set<string> | undefined, signal: AbortSignal): Promise<Set<string>> {
  const { boots: recent } = await boots.list({ cameras: [], sinceMs: clock.wallMs() - longestBootMs, limit: mostBoots }, signal)
  const ended = recent.filter((boot) => totalOf(boot) !== undefined)
  for (const boot of told === undefined ? [] : ended.filter((each) => !told.has(nameOf(each))).reverse()) {
    const { boots: all } = await boots.list({ cameras: [boot.camera], limit: historyBoots }, signal)
    const from = all.findIndex((each) => nameOf(each) === nameOf(boot))
    // Also where the next one cannot be looked at: no boot is told twice.
    told?.add(nameOf(boot))
    if (from < 0) continue
    rules.booted(boot.camera, clock.wallMs(), (percent) => {
      const slow = slowBootOf(all.slice(from), percent)
      return slow && slowBootWords(slow)
    })
  }
  return new Set(ended.map(nameOf))
}
