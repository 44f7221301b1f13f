import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { holdsBytes, indexHeaderBytes, indexRecordBytes, indexSuffix, rawSuffix, type IndexRecord } from '../../../protocols/captureLog/frame.ts'
import { parseIndexHeader, parseRecord } from '../../../protocols/captureLog/parser.ts'
import { encodeRecords } from '../../../protocols/captureLog/writer.ts'
import type { IndexHeader } from '../../../../shared/captures/captures.schema.ts'
import { cameraIdSchema } from '../../../../shared/devices/ids.ts'
import type { Part } from './partFile.ts'

export interface ScanDeps {
  readonly log: (line: string) => void
  readonly isAlive: (process: string) => boolean
}
export interface Scan {
  readonly parts: readonly Part[]
  /** Parts that were not closed, and are now. */
  readonly cut: readonly Part[]
}

/** Everything that earlier runs and other processes left. What does not belong here is left alone. */
export async function scanParts(folder: string, deps: ScanDeps): Promise<Scan> {
  const parts: Part[] = []
  const cut: Part[] = []
  for (const camera of await namesIn(folder)) {
    if (!cameraIdSchema.safeParse(camera).success) continue
    for (const name of await namesIn(join(folder, camera))) {
      if (!name.endsWith(indexSuffix)) continue
      const base = join(folder, camera, name.slice(0, -indexSuffix.length))
      const found = await scanPart(base, camera, deps).catch((error: unknown) => { deps.log(`capture ${base}: ${String(error)}`); return undefined })
      if (!found) continue
      parts.push(found.part)
      if (found.wasCut) cut.push(found.part)
    }
  }
  return { parts, cut }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch {
    // Nothing was captured yet, or this is a file.
    return []
  }
}

async function scanPart(base: string, camera: string, { log, isAlive }: ScanDeps): Promise<{ readonly part: Part; readonly wasCut: boolean } | undefined> {
  const index = await open(`${base}${indexSuffix}`, 'r+')
  try {
    const header = parseIndexHeader(await readAt(index, 0, indexHeaderBytes))
    if (header?.camera !== camera) { log(`capture ${base}: no index of this camera; left alone`); return undefined }
    const raw = await open(`${base}${rawSuffix}`, 'r+')
    try {
      const sizes = { rawBytes: (await raw.stat()).size, indexBytes: (await index.stat()).size }
      const last = await lastRecord(index, sizes.indexBytes)
      const partOf = (more: Pick<Part, 'rawBytes' | 'indexBytes' | 'lastAtMs' | 'isClosed' | 'isForeign' | 'isCut'>): Part => ({ base, header, ...more })
      if (last?.record.kind === 'end' && last.end === sizes.indexBytes && last.record.offset === sizes.rawBytes) {
        const before = await lastRecord(index, last.end - indexRecordBytes)
        return { part: partOf({ ...sizes, lastAtMs: last.record.atMs, isClosed: true, isForeign: false, isCut: before?.record.kind === 'cut' }), wasCut: false }
      }
      if (isAlive(header.process)) return { part: partOf({ ...sizes, lastAtMs: last?.record.atMs ?? header.startedAtMs, isClosed: false, isForeign: true }), wasCut: false }
      const closed = await cutTail(index, raw, header, sizes)
      return { part: partOf({ ...closed, isClosed: true, isForeign: false, isCut: true }), wasCut: true }
    } finally {
      await raw.close()
    }
  } finally {
    await index.close()
  }
}

/** Both files to what agrees with each other, then a mark that something may be missing, and the end. */
async function cutTail(index: FileHandle, raw: FileHandle, header: IndexHeader, sizes: { readonly rawBytes: number; readonly indexBytes: number }): Promise<Pick<Part, 'rawBytes' | 'indexBytes' | 'lastAtMs'>> {
  let last = await lastRecord(index, sizes.indexBytes)
  // After a power cut the index may know of bytes that never reached the disk.
  while (last && last.record.offset > sizes.rawBytes) last = await lastRecord(index, last.end - indexRecordBytes)
  const tail: IndexRecord[] = []
  let keptEnd = last?.end ?? indexHeaderBytes
  let rawBytes = 0
  if (last) {
    const { record } = last
    rawBytes = Math.min(sizes.rawBytes, record.offset + (holdsBytes(record.kind) ? record.lengthBytes : 0))
    // Written again, as short as it is now; an end that was wrong goes.
    keptEnd -= indexRecordBytes
    if (record.kind !== 'end') tail.push(holdsBytes(record.kind) ? { ...record, lengthBytes: rawBytes - record.offset } : record)
  }
  const lastAtMs = last?.record.atMs ?? header.startedAtMs
  tail.push({ kind: 'cut', atMs: lastAtMs, offset: rawBytes, lengthBytes: 0 }, { kind: 'end', atMs: lastAtMs, offset: rawBytes, lengthBytes: 0 })
  await raw.truncate(rawBytes)
  await index.truncate(keptEnd)
  const records = encodeRecords(tail)
  await index.write(records, 0, records.length, keptEnd)
  return { rawBytes, indexBytes: keptEnd + records.length, lastAtMs }
}

/** The last undamaged record before `end`. Damage is at the end, so a few steps back find it. */
async function lastRecord(index: FileHandle, end: number): Promise<{ readonly record: IndexRecord; readonly end: number } | undefined> {
  const blockBytes = 512 * indexRecordBytes
  let blockEnd = indexHeaderBytes + Math.floor((end - indexHeaderBytes) / indexRecordBytes) * indexRecordBytes
  while (blockEnd > indexHeaderBytes) {
    const start = Math.max(indexHeaderBytes, blockEnd - blockBytes)
    const bytes = await readAt(index, start, blockEnd - start)
    for (let at = bytes.length - indexRecordBytes; at >= 0; at -= indexRecordBytes) {
      const record = parseRecord(bytes, at)
      if (record) return { record, end: start + at + indexRecordBytes }
    }
    blockEnd = start
  }
  return undefined
}

export async function readAt(file: FileHandle, position: number, lengthBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes)
  let filled = 0
  while (filled < lengthBytes) {
    const { bytesRead } = await file.read(bytes, filled, lengthBytes - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
