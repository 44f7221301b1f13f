import type { BatchPlan } from '../../../shared/batch/batchPlan.schema.ts'
import type { BatchSummary, ItemState, ItemView } from '../../../shared/batch/batchView.schema.ts'
import { duration } from '../../ui/format.ts'
import { type Status, status, type Tone } from '../../ui/stateWords.ts'

type BatchState = BatchSummary['state']
const stateTones: Readonly<Record<BatchState, Tone>> = { 'canary': 'busy', 'running': 'busy', 'paused': 'warn', 'stopping': 'warn', 'passed': 'ok', 'failed': 'bad', 'not judged': 'warn', 'stopped': 'bad' }
/** What a person stopped is nothing bad. */
export const batchStatus = ({ state, reason }: Pick<BatchSummary, 'state' | 'reason'>): Status =>
  status(state === 'stopped' && reason === 'person' ? 'off' : stateTones[state], state === 'canary' ? 'trying the canary' : state)

const itemTones: Readonly<Record<ItemState, Tone>> = { 'waiting': 'off', 'running': 'busy', 'passed': 'ok', 'failed': 'bad', 'timed out': 'bad', 'not judged': 'warn', 'left out': 'unknown' }
export const itemStatus = (state: ItemState): Status => status(itemTones[state], state)

const outcomeTones: Readonly<Record<NonNullable<ItemView['attempts'][number]['outcome']>, Tone>> = { 'passed': 'ok', 'failed': 'bad', 'timed out': 'bad', 'interrupted': 'warn', 'cancelled': 'off' }
export const attemptStatus = ({ outcome }: ItemView['attempts'][number]): Status => (outcome === undefined ? status('busy', 'running') : status(outcomeTones[outcome], outcome))

export const isOver = ({ endedAtMs }: Pick<BatchSummary, 'endedAtMs'>): boolean => endedAtMs !== undefined
/** Those of which it is known what became of them. */
export const endedOf = ({ items, counts }: Pick<BatchSummary, 'items' | 'counts'>): number => items - counts.waiting - counts.running
export const percent = (share: number | undefined): string => (share === undefined ? 'nothing judged yet' : `${(share * 100).toFixed(1)} %`)
const many = (count: number, one: string, several = `${one}s`): string => `${String(count)} ${count === 1 ? one : several}`

/** Why it stands where it stands, in one sentence. */
export function whyWords({ state, sentence, counts }: Pick<BatchSummary, 'state' | 'sentence' | 'counts'>): string {
  if (sentence !== '') return sentence
  switch (state) {
    case 'canary': return 'The canary is tried; nothing else begins before every one of it has passed.'
    case 'paused': return counts.running === 0 ? 'Nothing begins before somebody goes on with it.' : `Nothing more begins; ${many(counts.running, 'item')} still running ${counts.running === 1 ? 'comes' : 'come'} to an end.`
    default: return counts.running === 0 ? 'It waits for its turn.' : `${many(counts.running, 'item')} running, ${String(counts.waiting)} waiting.`
  }
}

export const matrixWords = (cameras: number, images: number, cycles: number): string =>
  `${many(cameras, 'camera')} × ${images === 0 ? 'no image' : many(images, 'image')} × ${many(cycles, 'cycle')} = ${many(cameras * Math.max(1, images) * cycles, 'item')}`

type Rules = Pick<BatchPlan, 'canary' | 'stop' | 'concurrency'>
const share = (part: number): string => `${String(Number((part * 100).toFixed(2)))} %`
/** The rules that stop it, as somebody would tell them to a colleague. */
export function stopWords({ canary, stop, concurrency }: Rules): readonly string[] {
  const { failedPercent, afterEnded, failuresPerCamera, sequential } = stop
  return [
    canary ? `First ${many(canary.cameras, 'camera')}, one cycle of each image. The first of them that does not pass stops everything; no other camera was touched then.${canary.thenPause === true ? ' When all of it passed it waits until somebody goes on with it.' : ''}` : 'No canary: all cameras begin at once.',
    `Once ${many(afterEnded, 'item')} ${afterEnded === 1 ? 'has' : 'have'} ended: above ${String(failedPercent)} % failed or timed out, nothing more begins. What the bench itself got wrong does not count.`,
    ...(sequential ? [`After each result two claims are weighed: "it fails in ${share(sequential.acceptable)}" and "it fails in ${share(sequential.unacceptable)}". As soon as the second is likely enough it stops, also with few cameras.`] : []),
    `A camera that fails ${failuresPerCamera === 1 ? 'once' : `${String(failuresPerCamera)} times`} is left out of the rest.`,
    `At most ${String(concurrency.total)} at once, ${String(concurrency.perPod)} on one pod or switch, ${concurrency.staggerMs === 0 ? 'without a wait' : duration(concurrency.staggerMs)} between two that begin there.`,
  ]
}

/** What is known of it in the words of one line: its latest attempt. */
export function itemWords({ attempts, notBeforeMs }: ItemView, nowMs: number): string {
  const last = attempts.at(-1)
  if (!last) return ''
  const wait = notBeforeMs !== undefined && notBeforeMs > nowMs ? `again in ${duration(notBeforeMs - nowMs)}; ` : ''
  if (last.outcome === 'passed') return last.bootMs === undefined ? '' : `booted in ${duration(last.bootMs)}`
  if (last.outcome === undefined) return ''
  return `${wait}${last.cause ?? 'unknown'}: ${last.evidence ?? last.message ?? last.outcome}`
}
