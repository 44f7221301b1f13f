/**
 * A capture is two files side by side. `.raw` has every byte in the order it passed, both directions. `.idx` says of them when and which way:
 * a header, one line of JSON filled up with blanks, then records of 20 bytes, little-endian: wall time in ms (f64), offset in `.raw` (u32),
 * length (u32), kind (u8), 0x52 (u8: zeros would agree with their own CRC), CRC-16 of the 18 bytes before (u16).
 */
export const indexHeaderBytes = 1024
export const indexRecordBytes = 20
export const recordMark = 0x52
export const rawSuffix = '.raw'
export const indexSuffix = '.idx'

/** `end` is the last record of a file that was closed; a file without it was not. */
// Their places are the numbers on disk: new ones come last.
export const recordKinds = ['rx', 'tx', 'dropped', 'lost', 'found', 'cut', 'end', 'power-on', 'power-off', 'cycle', 'power-failed', 'seen-on', 'seen-off', 'watts'] as const
export type RecordKind = (typeof recordKinds)[number]

export interface IndexRecord {
  readonly kind: RecordKind
  readonly atMs: number
  /** In the `.raw` of the same part. */
  readonly offset: number
  /** Of `dropped` the bytes that are missing; of `watts` see `wattsField`; of other marks 0. */
  readonly lengthBytes: number
}
/** Milliwatts and one more; 0 where nobody can tell from now on. */
export const wattsField = (watts: number | undefined): number => (watts === undefined ? 0 : Math.min(1_000_000_000, Math.max(0, Math.round(watts * 1000))) + 1)
export const wattsInField = (field: number): number | undefined => (field === 0 ? undefined : (field - 1) / 1000)
export const holdsBytes = (kind: RecordKind): kind is 'rx' | 'tx' => kind === 'rx' || kind === 'tx'
