/** Capture files as defib writes them (`.dcap`): what passed over a serial line, with its time. All numbers are little-endian. */
export const captureMagic = 'DCAP'
export const captureVersion = 1
export const captureHeaderBytes = 48
export const chipNameBytes = 32
export const recordHeaderBytes = 11
export const recordDataBytes = 0xffff
/** Bit 0 of the flags: the times mean something. */
export const timedFlag = 1

/** A capture is held in memory; a longer one is refused. */
export const captureLimits = {
  fileBytes: 256 * 1024 * 1024,
  records: 2_000_000,
  /** A hundred days. More is a damaged file. */
  timeUs: 100 * 24 * 3600 * 1e6,
} as const

export type CaptureDirection = 'to-device' | 'from-device'

export interface CaptureRecord {
  /** Microseconds since the beginning. */
  readonly timeUs: number
  readonly direction: CaptureDirection
  readonly bytes: Uint8Array
}

export interface Capture {
  readonly baudRate: number
  /** Empty when nobody knew. */
  readonly chip: string
  /** False: the times are all zero, or mean nothing. */
  readonly isTimed: boolean
  readonly records: readonly CaptureRecord[]
}

export interface ParsedCapture extends Capture {
  /** What a person should know: the file ends in the middle of a record. */
  readonly note: string | undefined
}
