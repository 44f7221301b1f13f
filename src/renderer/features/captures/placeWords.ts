import type { CaptureTimeline } from '../../../shared/captures/captures.schema.ts'
import { preciseTime } from '../../ui/format.ts'
import { markWords } from './markWords.ts'

const mostWords = 5

/** What the time line has at that time: phases that go over it, and marks that near to it. */
export function placeWords(timeline: Pick<CaptureTimeline, 'phases' | 'marks'> | undefined, atMs: number, nearMs: number): string {
  const phases = (timeline?.phases ?? []).filter(({ fromMs, untilMs }) => fromMs - nearMs <= atMs && atMs <= (untilMs ?? Infinity) + nearMs).map(({ title, phase }) => `${title}: ${phase}`)
  const marks = (timeline?.marks ?? []).filter((mark) => Math.abs(mark.atMs - atMs) <= nearMs).map(markWords)
  const words = [...new Set([...marks, ...phases])]
  return [preciseTime(atMs), ...words.slice(0, mostWords), ...(words.length > mostWords ? [`${String(words.length - mostWords)} more`] : [])].join(' \u00b7 ')
}
