import type { BatchPlan, Sequential } from '../../../shared/batch/batchPlan.schema.ts'

export interface Tally {
  readonly passed: number
  /** Failed and timed out. */
  readonly failed: number
  /** Of the whole batch. */
  readonly items: number
}

const percentText = (share: number): string => `${Number((share * 100).toFixed(1))} %`

/** A sentence when the percentage is exceeded. */
export function percentageSays({ failedPercent, afterEnded }: BatchPlan['stop'], { passed, failed, items }: Tally): string | undefined {
  const ended = passed + failed
  if (failed === 0) return undefined
  // Whatever the others come to, it stays above: there is nothing to wait for.
  const isCertain = failed * 100 > failedPercent * items
  if (!isCertain && (ended < afterEnded || failed * 100 <= failedPercent * ended)) return undefined
  return `${failed} of ${ended} that have ended failed or timed out (${percentText(failed / ended)}), and ${failedPercent} % is the limit`
}

export interface SequentialView {
  readonly answer: 'open' | 'good' | 'bad'
  /** For a person who never heard of it. */
  readonly words: string
}

/**
 * Wald's sequential probability ratio test: after each result the two shares are weighed against each other, and it ends as soon as one of
 * them is likely enough. It needs far fewer cameras than a fixed percentage, which says nothing about five of them.
 */
export function weigh({ acceptable, unacceptable, falseAlarm, miss }: Sequential, { passed, failed }: Tally): SequentialView {
  const weight = failed * Math.log(unacceptable / acceptable) + passed * Math.log((1 - unacceptable) / (1 - acceptable))
  const counted = `${failed} of ${passed + failed} failed`
  if (weight >= Math.log((1 - miss) / falseAlarm)) {
    return { answer: 'bad', words: `${counted}: that fits firmware that fails in ${percentText(unacceptable)} of cases far better than one that fails in ${percentText(acceptable)} (wrong at most ${percentText(falseAlarm)} of the time)` }
  }
  if (weight <= Math.log(miss / (1 - falseAlarm))) {
    return { answer: 'good', words: `${counted}: that fits firmware that fails in at most ${percentText(acceptable)} of cases (wrong at most ${percentText(miss)} of the time)` }
  }
  return { answer: 'open', words: `${counted}: not enough yet to tell ${percentText(acceptable)} from ${percentText(unacceptable)}` }
}
