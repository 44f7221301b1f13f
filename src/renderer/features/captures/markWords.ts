import type { CapturePiece } from '../../../shared/captures/captures.schema.ts'
import { duration, roundSize } from '../../ui/format.ts'

/** A gap in words; the same in the reader and on the bar. */
export function markWords({ kind, droppedBytes, awayMs }: Pick<CapturePiece, 'kind' | 'droppedBytes'> & { readonly awayMs?: number | undefined }): string {
  switch (kind) {
    case 'lost': return 'the line went away'
    case 'found': return awayMs === undefined ? 'the line is back' : `the line is back after ${duration(Math.max(0, awayMs))}; what was said meanwhile nobody heard`
    case 'dropped': return `${roundSize(droppedBytes)} came and were not kept`
    case 'cut': return 'the program ended here; up to a second may be missing'
    case 'rx': case 'tx': return ''
  }
}
