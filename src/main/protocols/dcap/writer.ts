import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import {
  captureHeaderBytes, captureMagic, captureVersion, chipNameBytes, recordDataBytes, recordHeaderBytes, timedFlag, type Capture, type CaptureRecord,
} from './frame.ts'

/** Throws a RangeError for a baud rate or a time that the format cannot hold. */
export function encodeCapture(capture: Capture): Uint8Array {
  return joinBytes([encodeCaptureHeader(capture), ...capture.records.map(encodeRecord)])
}

/** For a file that grows: first this, then the records. */
export function encodeCaptureHeader({ baudRate, chip, isTimed }: Omit<Capture, 'records'>): Uint8Array {
  if (!Number.isInteger(baudRate) || baudRate < 0 || baudRate > 0xffffffff) throw new RangeError(`${baudRate} baud`)
  const header = new Uint8Array(captureHeaderBytes)
  header.set(new TextEncoder().encode(captureMagic))
  const view = new DataView(header.buffer)
  view.setUint16(4, captureVersion, true)
  view.setUint32(6, baudRate, true)
  // Whole letters only: half of one would be another text.
  new TextEncoder().encodeInto(chip.replaceAll('\0', ''), header.subarray(10, 10 + chipNameBytes))
  view.setUint16(10 + chipNameBytes, isTimed ? timedFlag : 0, true)
  return header
}

/** More than 65535 bytes become several records of the same time; none at all become none. */
export function encodeRecord({ timeUs, direction, bytes }: CaptureRecord): Uint8Array {
  if (!Number.isFinite(timeUs) || timeUs < 0) throw new RangeError(`a record at ${timeUs} microseconds`)
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += recordDataBytes) {
    const part = bytes.subarray(at, at + recordDataBytes)
    const head = new Uint8Array(recordHeaderBytes)
    const view = new DataView(head.buffer)
    view.setBigUint64(0, BigInt(Math.round(timeUs)), true)
    view.setUint8(8, direction === 'to-device' ? 0 : 1)
    view.setUint16(9, part.length, true)
    parts.push(head, part)
  }
  return joinBytes(parts)
}
