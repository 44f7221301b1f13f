import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import type { DumpedRange } from '../../../../shared/dump/dump.schema.ts'
import { dumpRecordName, type DumpRecord } from '../../../../shared/dump/dumpRecord.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { encodeIpctoolBlockHead, encodeIpctoolHead } from '../../../protocols/ipctool/writer.ts'
import { wallText } from '../../report/reportText.ts'
import type { DumpBench, DumpFile, DumpOutput } from './dumpBench.ts'
import type { DumpLayout, DumpRange } from './dumpLayout.ts'
import type { ProvedSlice } from './readStretch.ts'

export interface CameraFacts {
  readonly flash: DumpRecord['flash']
  readonly ethaddr: string | undefined
  readonly ubootVersion: string
}

/** Where each range lies in its file. */
export interface Places {
  readonly fileName: (range: DumpRange) => string
  readonly offsetInFile: (range: DumpRange) => number
}

const noSum = '00000000'

export function placesOf(form: DumpBench['plan']['request']['form'], layout: DumpLayout, head: (sha1Of: (range: DumpRange) => string) => Uint8Array): Places {
  if (form === 'folder') return { fileName: ({ index }) => `mtd${index}`, offsetInFile: () => 0 }
  if (form === 'image') return { fileName: () => '', offsetInFile: () => 0 }
  const starts = new Map<DumpRange, number>()
  let at = head(() => noSum).length
  for (const range of layout.ranges) {
    at += 4
    starts.set(range, at)
    at += range.lengthBytes
  }
  return { fileName: () => '', offsetInFile: (range) => starts.get(range) ?? 0 }
}

export const ipctoolHead = ({ plan }: DumpBench, { flash }: CameraFacts, { ranges }: DumpLayout, sha1Of: (range: DumpRange) => string): Uint8Array =>
  encodeIpctoolHead({
    chip: plan.chip, flashName: flash.name, flashBytes: flash.lengthBytes,
    parts: ranges.map((range) => ({ name: range.name, lengthBytes: range.lengthBytes, sha1: sha1Of(range) })),
  })

export interface KeepJob {
  readonly bench: DumpBench
  readonly output: DumpOutput
  readonly layout: DumpLayout
  readonly places: Places
  readonly facts: CameraFacts
  readonly proved: ReadonlyMap<DumpRange, readonly ProvedSlice[]>
  readonly warn: (message: string) => void
}

interface Sums {
  readonly crc32: string
  readonly sha256: string
  readonly sha1: string
}

/** Reads everything back from the disk, compares it with what the camera has said, and only then gives the dump its name. */
export async function keepDump(job: KeepJob, signal: AbortSignal): Promise<readonly DumpedRange[]> {
  const { bench, output, layout, places } = job
  const { form } = bench.plan.request
  const sums = new Map<DumpRange, Sums>()
  const uniform = createUniformity()
  for (const range of layout.ranges) sums.set(range, await proveOnDisk(job, range, uniform.look, signal))
  const row = uniform.row()
  if (row !== undefined) job.warn(`Every 16 bytes of this flash read ${row}: that is an empty chip, or one that does not answer`)
  const files = layout.ranges.map((range) => ({ name: places.fileName(range), lengthBytes: places.offsetInFile(range) + range.lengthBytes }))
  const text = new TextEncoder().encode(`${JSON.stringify(recordOf(job, sums), undefined, 2)}\n`)
  await (await output.file(dumpRecordName)).write(0, text, signal)
  const record = { name: dumpRecordName, lengthBytes: text.length }
  if (form === 'ipctool') await writeHead(job, await output.file(''), sums, signal)
  const total = Math.max(...files.map(({ lengthBytes }) => lengthBytes))
  await output.publish([...(form === 'folder' ? files : [{ name: '', lengthBytes: total }]), record], signal)
  return layout.ranges.map((range) => ({
    name: range.name, offsetBytes: range.offsetBytes, lengthBytes: range.lengthBytes,
    crc32: sums.get(range)?.crc32 ?? '', sha256: sums.get(range)?.sha256 ?? '', path: output.pathOf(places.fileName(range)),
  }))
}

/** Every piece must have the CRC that the camera computed over it; together they are the range's. */
async function proveOnDisk({ bench, output, places, proved }: KeepJob, range: DumpRange, look: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<Sums> {
  const file = await output.file(places.fileName(range))
  const bytes = await file.read(places.offsetInFile(range), range.lengthBytes, signal)
  const slices = proved.get(range) ?? []
  const provedBytes = slices.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
  if (provedBytes !== range.lengthBytes || bytes.length !== range.lengthBytes) {
    throw new WorkbenchError('internal/bug', `Only ${provedBytes} of ${range.lengthBytes} bytes of ${range.name} are proved; ${bytes.length} are on the disk`)
  }
  for (const { rangeOffsetBytes, lengthBytes, crc32: expected } of slices) {
    const found = hexCrc(crc32(bytes.subarray(rangeOffsetBytes, rangeOffsetBytes + lengthBytes)))
    if (found === expected) continue
    throw new WorkbenchError('host/io', `${range.name} reads back from the disk as ${found} instead of ${expected}`, {
      context: { partition: range.name, expected, found }, hint: 'The disk is failing, or another program wrote into the file',
    })
  }
  look(bytes)
  return { crc32: hexCrc(crc32(bytes)), sha256: bench.hashHex('sha256', bytes), sha1: bench.hashHex('sha1', bytes).slice(0, 8) }
}

async function writeHead({ bench, facts, layout, places }: KeepJob, file: DumpFile, sums: ReadonlyMap<DumpRange, Sums>, signal: AbortSignal): Promise<void> {
  await file.write(0, ipctoolHead(bench, facts, layout, (range) => sums.get(range)?.sha1 ?? noSum), signal)
  for (const range of layout.ranges) await file.write(places.offsetInFile(range) - 4, encodeIpctoolBlockHead(range.lengthBytes), signal)
}

function recordOf({ bench, layout, facts }: KeepJob, sums: ReadonlyMap<DumpRange, Sums>): DumpRecord {
  const nowMs = bench.clock.wallMs()
  const { form } = bench.plan.request
  return {
    format: 'rackbench-dump', version: 1, created: wallText(nowMs), createdAtMs: nowMs, chip: bench.plan.chip, flash: facts.flash,
    ...(facts.ethaddr === undefined ? {} : { ethaddr: facts.ethaddr }), ubootVersion: facts.ubootVersion,
    ...(form === 'folder' ? {} : { form }),
    mtdparts: layout.table?.mtdparts ?? layout.mtdparts, layoutFrom: layout.table?.from ?? layout.from,
    parts: layout.ranges.map((range) => ({
      file: form === 'image' ? 'flash' : `mtd${range.index}`, name: range.name, offsetBytes: range.offsetBytes, lengthBytes: range.lengthBytes,
      crc32: sums.get(range)?.crc32 ?? '', sha256: sums.get(range)?.sha256 ?? '',
      ...(range.nand === undefined ? {} : { badBlocks: [...range.nand.badBlocks] }),
    })),
  }
}

const rowBytes = 16

/** A chip that is not there reads the same everywhere, and its CRC is right. */
function createUniformity(): { look: (bytes: Uint8Array) => void; row: () => string | undefined } {
  let first: Uint8Array | undefined
  let isUniform = true
  return {
    look: (bytes) => {
      first ??= bytes.slice(0, rowBytes)
      for (let at = 0; isUniform && at < bytes.length; at += 1) isUniform = bytes[at] === first[at % rowBytes]
    },
    row: () => (isUniform && first ? [...first].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') : undefined),
  }
}
