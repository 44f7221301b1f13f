import type { CaptureTimeline } from '../../../../shared/captures/captures.schema.ts'
import { holdsBytes } from '../../../protocols/captureLog/frame.ts'
import type { Part } from './partFile.ts'
import { openPartReader } from './partReader.ts'

const recordsAtOnce = 4096
/** About a second of work; a session of 1 GB at 115200 baud has fewer. */
const mostRecords = 2_000_000
const mostMarks = 2_000
const spans = 240

/** Goes through the index of a session, not through its bytes. A damaged record ends its part. */
export async function surveySession(parts: readonly Part[], { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number }, signal: AbortSignal): Promise<Pick<CaptureTimeline, 'activity' | 'marks' | 'isStopped'>> {
  const activity = Array.from({ length: spans }, () => 0)
  const marks: CaptureTimeline['marks'] = []
  let left = mostRecords
  for (const { base, header } of parts) {
    const reader = await openPartReader(base)
    try {
      for (let at = 0; at < reader.records;) {
        signal.throwIfAborted()
        if (left <= 0 || marks.length >= mostMarks) return { activity, marks: marks.slice(0, mostMarks), isStopped: true }
        const records = await reader.read(at, recordsAtOnce)
        if (records.length === 0) break
        at += records.length
        left -= records.length
        for (const { kind, atMs, offset, lengthBytes } of records) {
          if (kind === 'end') continue
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
  return { activity, marks: marks.slice(0, mostMarks), isStopped: marks.length > mostMarks }
}
