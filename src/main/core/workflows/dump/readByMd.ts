import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseMemoryDump } from '../../../protocols/uboot/memoryDump.ts'
import { hexText } from '../restore/layout.ts'
import { ramCrc } from '../restore/flashProof.ts'
import type { DumpFile } from './dumpBench.ts'
import { mdBlockBytes } from './dumpForecast.ts'
import type { DumpSlice, Stretch } from './dumpLayout.ts'
import { crcText, fillBuffer, type ReadBench, type SliceCrcs } from './readStretch.ts'

const sectorBytes = 0x10000
/** A line that damages one letter in 20 000 spoils two blocks of three; of smaller pieces most arrive. */
const leastPieceBytes = 256
const splitInto = 4
const triesOf = (lengthBytes: number): number => (lengthBytes > leastPieceBytes ? 2 : 5)

export interface MdCount {
  /** As the camera printed them. */
  printedBytes: number
  /** Erased, or kept by an earlier try: the CRC alone tells. */
  provedBytes: number
  repeats: number
}

export interface MdReader {
  readonly count: MdCount
  /** Writes every slice of the stretch to its file. Each block is compared with the camera's CRC before it is written, each slice at the end. */
  read(stretch: Stretch, crcs: SliceCrcs, signal: AbortSignal): Promise<void>
}

export function createMdReader(bench: ReadBench, fileOfSlice: (slice: DumpSlice) => Promise<DumpFile>): MdReader {
  const { session, loadAddress } = bench
  const count: MdCount = { printedBytes: 0, provedBytes: 0, repeats: 0 }
  let filled: { readonly stretch: Stretch; readonly reconnects: number } | undefined

  /** After a lost line U-Boot may have started anew, and its RAM would be something else. */
  const holdBuffer = async (stretch: Stretch, signal: AbortSignal): Promise<void> => {
    while (filled?.stretch !== stretch || filled.reconnects !== bench.reconnects()) {
      const reconnects = bench.reconnects()
      await fillBuffer(bench, stretch, signal)
      filled = { stretch, reconnects }
    }
  }
  const isHeld = (stretch: Stretch): boolean => filled?.stretch === stretch && filled.reconnects === bench.reconnects()

  /** Whole and with the CRC that the camera computes over it, at once or in pieces. */
  const readBlock = async (stretch: Stretch, at: number, lengthBytes: number, signal: AbortSignal): Promise<Uint8Array> => {
    const address = loadAddress + at
    let last: WorkbenchError | undefined
    for (let attempt = 1; attempt <= triesOf(lengthBytes); attempt += 1) {
      await holdBuffer(stretch, signal)
      if (attempt > 1) count.repeats += 1
      try {
        const wanted = await ramCrc(session, address, lengthBytes, signal)
        if (wanted === crcText(erased(lengthBytes)) && isHeld(stretch)) { count.provedBytes += lengthBytes; return erased(lengthBytes) }
        const output = await session.run(`md.b ${hexText(address)} ${hexText(lengthBytes)}`, { limitMs: 15_000, dataLine: /^[0-9a-f]{8,16}: /i }, signal)
        const bytes = parseMemoryDump(output, address, lengthBytes)
        if (bytes && crcText(bytes) === wanted && isHeld(stretch)) { count.printedBytes += lengthBytes; return bytes }
        last = new WorkbenchError('link/garbled', bytes ? 'it was printed with other bytes than the camera has' : 'lines of it were lost or altered')
      } catch (error) {
        signal.throwIfAborted()
        // A garbled line of data can look like any statement; it is asked for again as often as other damage.
        if (!(error instanceof WorkbenchError) || !mayRepeat.has(error.code)) throw error
        last = error
      }
    }
    if (lengthBytes > leastPieceBytes) return readPieces(stretch, at, lengthBytes, signal)
    throw new WorkbenchError('link/garbled', `The bytes at ${hexText(stretch.offsetBytes + at)} did not arrive whole, however small the piece: ${last?.message ?? ''}`, {
      context: { ...last?.context, offset: stretch.offsetBytes + at, lengthBytes }, cause: last,
      hint: 'The console drops or alters bytes: check the UART wiring and its ground. What was proved is kept; start the dump again to go on',
    })
  }
  const readPieces = async (stretch: Stretch, at: number, lengthBytes: number, signal: AbortSignal): Promise<Uint8Array> => {
    const whole = new Uint8Array(lengthBytes)
    const step = Math.max(leastPieceBytes, Math.ceil(lengthBytes / splitInto))
    for (let from = 0; from < lengthBytes; from += step) whole.set(await readBlock(stretch, at + from, Math.min(step, lengthBytes - from), signal), from)
    return whole
  }

  const readSector = async (file: DumpFile, stretch: Stretch, slice: DumpSlice, at: number, signal: AbortSignal): Promise<void> => {
    const lengthBytes = Math.min(sectorBytes, slice.lengthBytes - at)
    const inFile = slice.rangeOffsetBytes + at
    await holdBuffer(stretch, signal)
    const wanted = await ramCrc(session, loadAddress + slice.stretchOffsetBytes + at, lengthBytes, signal)
    const kept = await file.read(inFile, lengthBytes, signal)
    if (isHeld(stretch) && kept.length === lengthBytes && crcText(kept) === wanted) { count.provedBytes += lengthBytes; return }
    if (isHeld(stretch) && wanted === crcText(erased(lengthBytes))) {
      await file.write(inFile, erased(lengthBytes), signal)
      count.provedBytes += lengthBytes
      return
    }
    for (let block = 0; block < lengthBytes; block += mdBlockBytes) {
      const bytes = await readBlock(stretch, slice.stretchOffsetBytes + at + block, Math.min(mdBlockBytes, lengthBytes - block), signal)
      await file.write(inFile + block, bytes, signal)
      bench.progress(`printing ${slice.range.name}`, slice.stretchOffsetBytes + at + block + bytes.length)
    }
  }

  const readSlice = async (stretch: Stretch, slice: DumpSlice, wanted: string | undefined, signal: AbortSignal): Promise<void> => {
    const { range, lengthBytes, rangeOffsetBytes, stretchOffsetBytes } = slice
    const file = await fileOfSlice(slice)
    for (let at = 0; at < lengthBytes; at += sectorBytes) {
      await readSector(file, stretch, slice, at, signal)
      bench.progress(`printing ${range.name}`, stretchOffsetBytes + Math.min(lengthBytes, at + sectorBytes))
    }
    const found = crcText(await file.read(rangeOffsetBytes, lengthBytes, signal))
    if (found === wanted) return
    throw new WorkbenchError('device/wrong-content', `${range.name} reads as ${wanted ?? ''} the first time and as ${found} the second`, {
      context: { partition: range.name, first: wanted ?? '', second: found }, hint: 'The flash chip or its supply is unsteady, or this U-Boot does not really read; no dump of it can be trusted',
    })
  }

  return {
    count,
    read: async (stretch, crcs, signal) => {
      filled = undefined
      for (const slice of stretch.slices) await readSlice(stretch, slice, crcs.get(slice), signal)
    },
  }
}

const mayRepeat: ReadonlySet<string> = new Set(['link/garbled', 'link/timeout', 'device/refused'])

const erased = (lengthBytes: number): Uint8Array => new Uint8Array(lengthBytes).fill(0xff)
