import { crc16Xmodem } from '../../../shared/bytes/crc16.ts'
import type { IndexHeader } from '../../../shared/captures/captures.schema.ts'
import { type IndexRecord, indexHeaderBytes, indexRecordBytes, recordKinds, recordMark } from './frame.ts'

/** Printable ASCII and short: with escapes a name could outgrow the header, and on a terminal do worse. */
export const plainName = (text: string): string => text.replaceAll(/[^\x20-\x7e]|["\\]/g, '?').slice(0, 64)

export function encodeIndexHeader(header: IndexHeader): Uint8Array {
  const text = JSON.stringify({ ...header, cameraName: plainName(header.cameraName), chip: plainName(header.chip) })
  const bytes = new Uint8Array(indexHeaderBytes).fill(0x20)
  const { read } = new TextEncoder().encodeInto(text, bytes.subarray(0, indexHeaderBytes - 1))
  if (read < text.length) throw new RangeError(`an index header of ${text.length} letters`)
  bytes[indexHeaderBytes - 1] = 0x0a
  return bytes
}

export function encodeRecords(records: readonly IndexRecord[]): Uint8Array {
  const bytes = new Uint8Array(records.length * indexRecordBytes)
  const view = new DataView(bytes.buffer)
  records.forEach(({ kind, atMs, offset, lengthBytes }, index) => {
    const at = index * indexRecordBytes
    view.setFloat64(at, atMs, true)
    view.setUint32(at + 8, offset, true)
    view.setUint32(at + 12, lengthBytes, true)
    view.setUint8(at + 16, recordKinds.indexOf(kind))
    view.setUint8(at + 17, recordMark)
    view.setUint16(at + 18, crc16Xmodem(bytes.subarray(at, at + 18)), true)
  })
  return bytes
}
