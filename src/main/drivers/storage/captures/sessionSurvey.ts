import type { CaptureTimeline } from '../../../../shared/captures/captures.schema.ts'
import { holdsBytes, wattsInField } from '../../../protocols/captureLog/frame.ts'
import type { DrawPoint } from '../../../../shared/rack/drawHistory.schema.ts'
import type { Part } from './partFile.ts'
import { openPartReader } from './partReader.ts'

const recordsAtOnce = 4096
/** About a second of work; a session of 1 GB at 115200 baud has fewer. */
const mostRecords = 2_000_000
const mostMarks = 2_000
const spans = 240

/** Goes through the index of a session, not through its bytes. A damaged record ends its part. */
export async function surveySession(parts: readonly Part[], { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number }, signal: AbortSignal): Promise<Pick<CaptureTimeline, 'activity' | 'marks' | 'watts' | 'isStopped'>> {
  const activity = Array.from({ length: spans }, () => 0)
  const marks: CaptureTimeline['marks'] = []
  const watts = thinWatts(fromMs, untilMs)
  let left = mostRecords
  for (const { base, header } of parts) {
    const reader = await openPartReader(base)
    try {
      for (let at = 0; at < reader.records;) {
        signal.throwIfAborted()
        if (left <= 0 || marks.length >= mostMarks) return { activity, marks: marks.slice(0, mostMarks), watts: watts.points(), isStopped: true }
        const records = await reader.read(at, recordsAtOnce)
        if (records.length === 0) break
        at += records.length
        left -= records.length
        for (const { kind, atMs, offset, lengthBytes } of records) {
          if (kind === 'end') continue
          if (kind === 'watts') { watts.add(atMs, wattsInField(lengthBytes)); continue }
          if (!holdsBytes(kind)) { marks.push({ kind, atMs, offset: header.startOffset + offset, droppedBytes: kind === 'dropped' ? lengthBytes : 0 }); continue }
          // A wall clock that was set back leaves times outside.
          const span = Math.min(spans - 1, Math.max(0, Math.floor((atMs - fromMs) / (untilMs - fromMs) * spans)))
          activity[span] = (activity[span] ?? 0) + lengthBytes
        }
      }
    } finally {
      await reader.close()
    }
  }
  return { activity, marks: marks.slice(0, mostMarks), watts: watts.points(), isStopped: marks.length > mostMarks }
}

interface WattsSpan { first: DrawPoint; least: DrawPoint; most: DrawPoint; last: DrawPoint; gap?: DrawPoint }

/** A night has thousands of readings: of each span of time the ends and the extremes are enough for a line, and no dip is lost. */
function thinWatts(fromMs: number, untilMs: number): { add(atMs: number, watts: number | undefined): void; points(): DrawPoint[] } {
  const kept = new Map<number, WattsSpan>()
  return {
    add: (atMs, watts) => {
      const point: DrawPoint = watts === undefined ? { atMs } : { atMs, watts }
      const number = Math.min(spans - 1, Math.max(0, Math.floor((atMs - fromMs) / (untilMs - fromMs) * spans)))
      const span = kept.get(number)
      if (!span) { kept.set(number, { first: point, least: point, most: point, last: point }); return }
      span.last = point
      if (watts === undefined) { span.gap ??= point; return }
      if (!((span.least.watts ?? Infinity) <= watts)) span.least = point
      if (!((span.most.watts ?? -1) >= watts)) span.most = point
    },
    points: () => [...new Set([...kept.values()].flatMap(({ first, least, most, last, gap }) => [first, least, most, last, ...(gap ? [gap] : [])]))].sort((a, b) => a.atMs - b.atMs),
  }
}
