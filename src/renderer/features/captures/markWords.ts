import type { CapturePiece } from '../../../shared/captures/captures.schema.ts'
import { duration, roundSize } from '../../ui/format.ts'

/** A gap, or what happened to the power, in words; the same in the reader and on the bar. */
export function markWords({ kind, droppedBytes, awayMs }: Pick<CapturePiece, 'kind' | 'droppedBytes'> & { readonly awayMs?: number | undefined }): string {
  switch (kind) {
    case 'lost': return 'the line went away'
    case 'found': return awayMs === undefined ? 'the line is back' : `the line is back after ${duration(Math.max(0, awayMs))}; what was said meanwhile nobody heard`
    case 'dropped': return `${roundSize(droppedBytes)} came and were not kept`
    case 'cut': return 'the program ended here; up to a second may be missing'
    case 'power-on': return 'power was switched on'
    case 'power-off': return 'power was switched off'
    case 'cycle': return 'power is switched off and on'
    case 'power-failed': return 'power could not be switched; nobody knows how it stands'
    case 'seen-on': return 'power came on, not by this program'
    case 'seen-off': return 'power went off, not by this program'
    case 'rx': case 'tx': return ''
  }
}
