import { crc16Xmodem } from '../../../shared/bytes/crc16.ts'
import { type IndexHeader, indexHeaderSchema } from '../../../shared/captures/captures.schema.ts'
import { type IndexRecord, indexHeaderBytes, indexRecordBytes, recordKinds, recordMark } from './frame.ts'

/** `undefined` for anything that is no header of ours. */
export function parseIndexHeader(bytes: Uint8Array): IndexHeader | undefined {
  if (bytes.length < indexHeaderBytes || bytes[indexHeaderBytes - 1] !== 0x0a) return undefined
  try {
    return indexHeaderSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes.subarray(0, indexHeaderBytes)))).data
  } catch {
    // Not JSON: the file is of somebody else, or its first block never reached the disk.
    return undefined
  }
}

/** The year 2087. A time beyond is damage or mischief, and dates and line numbers are made of it. */
const mostWallMs = 3.7e12

/** The record at that place, `undefined` when it is cut, damaged or of a kind that this version does not know. */
export function parseRecord(bytes: Uint8Array, at: number): IndexRecord | undefined {
  if (at < 0 || at + indexRecordBytes > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, indexRecordBytes)
  const kind = recordKinds[view.getUint8(16)]
  const atMs = view.getFloat64(0, true)
  if (kind === undefined || !(atMs >= 0 && atMs <= mostWallMs) || view.getUint8(17) !== recordMark || view.getUint16(18, true) !== crc16Xmodem(bytes.subarray(at, at + 18))) return undefined
  return { kind, atMs, offset: view.getUint32(8, true), lengthBytes: view.getUint32(12, true) }
}

/** Whole records from the beginning of `bytes` up to the first that is damaged. */
export function parseRecords(bytes: Uint8Array): IndexRecord[] {
  const records: IndexRecord[] = []
  for (let at = 0; at + indexRecordBytes <= bytes.length; at += indexRecordBytes) {
    const record = parseRecord(bytes, at)
    if (!record) break
    records.push(record)
  }
  return records
}
