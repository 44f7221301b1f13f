import { join } from 'node:path'
import { encodeIndexHeader, encodeRecords } from '../../../protocols/captureLog/writer.ts'
import { holdsBytes, indexHeaderBytes, indexRecordBytes, indexSuffix, rawSuffix, type IndexRecord } from '../../../protocols/captureLog/frame.ts'
import type { IndexHeader } from '../../../../shared/captures/captures.schema.ts'
import type { CaptureDisk } from './captureDisk.ts'

/** What is known of two files that belong together. Sizes grow while they are written. */
export interface Part {
  /** Path without the ending. */
  readonly base: string
  readonly header: IndexHeader
  rawBytes: number
  indexBytes: number
  lastAtMs: number
  /** Nothing is added any more: it may be deleted for room. */
  isClosed: boolean
  /** Another process that lives writes it. */
  readonly isForeign: boolean
  /** It ended with the program and not with the console: up to a second of it is missing. */
  readonly isCut?: boolean
}

/** Without an offset: that is known when it is written. */
export type NewRecord = Omit<IndexRecord, 'offset'>

export interface PartWriter {
  readonly part: Part
  /** First the bytes, then what says of them: a crash in between leaves bytes that nobody speaks of, and they are cut. */
  append(records: readonly NewRecord[], bytes: readonly Uint8Array[]): Promise<void>
  /** Says that it is whole. */
  end(atMs: number): Promise<void>
}

/** `{date}` and `{time}` are of the part, in the time zone of nobody in particular: UTC. */
export function partName(template: string, { camera, session, part, chip, startedAtMs }: IndexHeader): string {
  const iso = new Date(startedAtMs).toISOString()
  const values: Readonly<Record<string, string>> = {
    camera, session, part: String(part).padStart(6, '0'), chip: chip.replaceAll(/[^A-Za-z0-9_-]/g, '-'), date: iso.slice(0, 10), time: iso.slice(11, 19).replaceAll(':', ''),
  }
  return template.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => values[name] ?? '')
}

export async function createPart(disk: CaptureDisk, folder: string, template: string, header: IndexHeader): Promise<PartWriter> {
  const base = join(folder, header.camera, partName(template, header))
  const part: Part = { base, header, rawBytes: 0, indexBytes: indexHeaderBytes, lastAtMs: header.startedAtMs, isClosed: false, isForeign: false }
  const raw = await disk.create(`${base}${rawSuffix}`)
  const index = await disk.create(`${base}${indexSuffix}`).catch(async (error: unknown) => { await raw.close(); await forget(disk, base, [rawSuffix]); throw error })
  try {
    await index.write([encodeIndexHeader(header)], 0)
  } catch (error) {
    await raw.close()
    await index.close()
    // The next attempt takes the same name.
    await forget(disk, base, [rawSuffix, indexSuffix])
    throw error
  }
  const append: PartWriter['append'] = async (records, bytes) => {
    let offset = part.rawBytes
    const placed = records.map((record): IndexRecord => {
      const here = offset
      if (holdsBytes(record.kind)) offset += record.lengthBytes
      return { ...record, offset: here }
    })
    if (bytes.length > 0) await raw.write(bytes, part.rawBytes)
    await index.write([encodeRecords(placed)], part.indexBytes)
    part.rawBytes = offset
    part.indexBytes += records.length * indexRecordBytes
    part.lastAtMs = records.at(-1)?.atMs ?? part.lastAtMs
  }
  return {
    part, append,
    end: async (atMs) => {
      try {
        await append([{ kind: 'end', atMs, lengthBytes: 0 }], [])
      } finally {
        part.isClosed = true
        await raw.close()
        await index.close()
      }
    },
  }
}

async function forget(disk: CaptureDisk, base: string, suffixes: readonly string[]): Promise<void> {
  // What cannot be removed stays as an empty pair; the scan of the next start leaves it out.
  for (const suffix of suffixes) await disk.remove(`${base}${suffix}`).catch(() => undefined)
}
