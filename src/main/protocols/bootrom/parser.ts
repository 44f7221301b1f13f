import { crc16Xmodem } from '../../../shared/bytes/crc16.ts'
import { frameStart, markerByte, markersOfBootMode } from './frame.ts'

/** Counts the markers of the Standard family. 00 is noise of the supply coming up and changes nothing; any other byte starts the count anew. */
export interface MarkerCounter {
  /** True once five came in a row. */
  push(byte: number): boolean
  reset(): void
  readonly inARow: number
}

export function createMarkerCounter(): MarkerCounter {
  let inARow = 0
  return {
    push: (byte) => {
      if (byte === markerByte) inARow += 1
      else if (byte !== 0) inARow = 0
      return inARow >= markersOfBootMode
    },
    reset: () => { inARow = 0 },
    get inARow() { return inARow },
  }
}

/** What a running program prints and a boot ROM does not: blanks in a row are common in banners. */
export const isText = (byte: number): boolean => (byte > 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d

const v500AnswerBytes = 12

/** In everything received so far; `undefined`: not there yet. Our own hello that comes back as an echo is no answer. */
export function parseV500Answer(received: Uint8Array): { readonly chipId: number } | undefined {
  for (let at = 0; at + v500AnswerBytes <= received.length; at += 1) {
    if (received[at] !== frameStart.v500Hello || received[at + 1] !== 0x00) continue
    const chipId = viewOf(received).getUint32(at + 8)
    if (chipId !== 0) return { chipId }
  }
  return undefined
}

/** The way a CV6xx chip says that it boots; `undefined`: not there yet. */
export function parseCv6xxGreeting(received: Uint8Array): 'uart ddr' | 'uart flash' | undefined {
  const found = /uart (?:ddr|flash)/.exec(new TextDecoder('latin1').decode(received))
  return found ? (found[0] as 'uart ddr' | 'uart flash') : undefined
}

export interface BoardAnswer {
  readonly cpuId: number
  readonly boardId: number
  /** The CRC before the end mark fits; without it a neighbour byte may be wrong. */
  readonly checked: boolean
}

const boardAnswerBytes = 11
const boardAnswerEnd = 0xaa

/**
 * CE, cpu id, two bytes, board id (u32 big-endian), CRC, AA. Noise may hold a CE of its own, so every one is tried; an answer whose CRC
 * fits wins over one that only has the shape.
 */
export function parseBoardAnswer(received: Uint8Array): BoardAnswer | undefined {
  let shaped: BoardAnswer | undefined
  for (let at = 0; at + boardAnswerBytes <= received.length; at += 1) {
    if (received[at] !== frameStart.boardQuery || received[at + 10] !== boardAnswerEnd) continue
    const answer = { cpuId: received[at + 1] ?? 0, boardId: viewOf(received).getUint32(at + 4) }
    if (crc16Xmodem(received.subarray(at, at + 10)) === 0) return { ...answer, checked: true }
    shaped ??= { ...answer, checked: false }
  }
  return shaped
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
