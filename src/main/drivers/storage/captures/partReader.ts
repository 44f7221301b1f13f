import { open } from 'node:fs/promises'
import { indexHeaderBytes, indexRecordBytes, indexSuffix, rawSuffix, type IndexRecord } from '../../../protocols/captureLog/frame.ts'
import { parseRecord, parseRecords } from '../../../protocols/captureLog/parser.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { readAt } from './partScan.ts'

/** Reads one part by place or by time without reading all of it: a gigabyte opens as fast as a page. */
export interface PartReader {
  readonly records: number
  /** The first record that ends after this byte, or stands there. */
  atOffset(offset: number): Promise<number>
  /** The first record of that time or later. */
  atTime(atMs: number): Promise<number>
  read(first: number, count: number): Promise<IndexRecord[]>
  bytes(offset: number, lengthBytes: number): Promise<Uint8Array>
  close(): Promise<void>
}

export async function openPartReader(base: string): Promise<PartReader> {
  const gone = (cause: unknown): never => { throw new WorkbenchError('input/not-found', 'This part of the capture is not there any more', { cause, hint: 'Older captures are deleted when the quota is full' }) }
  const index = await open(`${base}${indexSuffix}`, 'r').catch(gone)
  const raw = await open(`${base}${rawSuffix}`, 'r').catch(async (error: unknown) => { await index.close(); return gone(error) })
  const records = Math.max(0, Math.floor(((await index.stat()).size - indexHeaderBytes) / indexRecordBytes))
  const read: PartReader['read'] = async (first, count) => {
    const wanted = Math.max(0, Math.min(count, records - first))
    return parseRecords(await readAt(index, indexHeaderBytes + first * indexRecordBytes, wanted * indexRecordBytes))
  }
  const one = async (number: number): Promise<IndexRecord> => {
    const record = parseRecord(await readAt(index, indexHeaderBytes + number * indexRecordBytes, indexRecordBytes), 0)
    if (!record) throw new WorkbenchError('host/io', 'The index of this capture is damaged', { context: { record: number } })
    return record
  }
  /** Offsets grow and so do times, but for a wall clock that was set back; then a neighbour is found, and no harm is done. */
  const firstThat = async (isThere: (record: IndexRecord) => boolean): Promise<number> => {
    let low = 0
    let high = records
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isThere(await one(middle))) high = middle
      else low = middle + 1
    }
    return low
  }
  return {
    records, read,
    atOffset: async (offset) => firstThat((record) => record.offset + (record.kind === 'rx' || record.kind === 'tx' ? record.lengthBytes : 1) > offset),
    atTime: async (atMs) => firstThat((record) => record.atMs >= atMs),
    bytes: async (offset, lengthBytes) => readAt(raw, offset, lengthBytes),
    close: async () => { await index.close(); await raw.close() },
  }
}
