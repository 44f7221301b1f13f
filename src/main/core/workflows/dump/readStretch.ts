import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { type FlashRange, ramCrc } from '../restore/flashProof.ts'
import type { DumpContext } from './dumpBench.ts'
import type { DumpSlice, Stretch } from './dumpLayout.ts'

/** What the camera's RAM holds between load address and the U-Boot at its end; a restore uses as much. */
export const maxStretchBytes = 16 * 1024 * 1024

/** What reading needs, whichever way the bytes go. */
export interface ReadBench {
  readonly context: DumpContext
  readonly session: UbootSession
  /** How often the line was lost and U-Boot found again: its RAM may be another one since. */
  readonly reconnects: () => number
  readonly loadAddress: number
  /** Flash to the load address, over a fresh pattern; the medium's own way. */
  readonly readFlash: (range: FlashRange, signal: AbortSignal) => Promise<void>
  readonly newToken: () => string
  readonly progress: (step: string, doneBytes: number) => void
}

/** A piece with the CRC that the camera computed over its own flash. */
export interface ProvedSlice {
  readonly rangeOffsetBytes: number
  readonly lengthBytes: number
  readonly crc32: string
}

export type SliceCrcs = ReadonlyMap<DumpSlice, string>

/**
 * What the camera says of its flash, from a first reading. The bytes are taken from a second one into a buffer with another pattern: a
 * read that prints OK and copies nothing gives two different answers.
 */
export async function crcsOf(bench: ReadBench, stretch: Stretch, signal: AbortSignal): Promise<SliceCrcs> {
  const { session, loadAddress, readFlash } = bench
  for (;;) {
    const before = bench.reconnects()
    await askAgain(3, signal, async () => readFlash(stretch, signal))
    const crcs = new Map<DumpSlice, string>()
    for (const slice of stretch.slices) crcs.set(slice, await ramCrc(session, loadAddress + slice.stretchOffsetBytes, slice.lengthBytes, signal))
    if (bench.reconnects() === before) return crcs
  }
}

export const fillBuffer = async ({ readFlash }: ReadBench, stretch: Stretch, signal: AbortSignal): Promise<void> =>
  askAgain(3, signal, async () => readFlash(stretch, signal))

export const crcText = (bytes: Uint8Array): string => hexCrc(crc32(bytes))

export const namesOf = ({ slices }: Stretch): string => [...new Set(slices.map(({ range }) => range.name))].join(', ')
