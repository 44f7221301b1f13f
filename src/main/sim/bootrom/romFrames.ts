/** What the chip understands. Its own reading of the data sheet, apart from that of the host. */
export type RomEvent =
  | { readonly kind: 'head'; readonly lengthBytes: number; readonly address: number; readonly afterAck: boolean }
  | { readonly kind: 'data'; readonly sequence: number; readonly payload: Uint8Array }
  | { readonly kind: 'tail'; readonly sequence: number }
  | { readonly kind: 'v500-hello' | 'cv6xx-hello' | 'board-query' | 'ack' | 'damaged' }

/** Division of the whole message by x^16 + x^12 + x^5 + 1; a message with its sum behind it leaves nothing. */
export function remainder(message: Uint8Array): number {
  let rest = 0
  for (const byte of message) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      rest = (rest << 1) | ((byte >> bit) & 1)
      if (rest > 0xffff) rest ^= 0x11021
    }
  }
  return rest
}

export function sumOf(message: Uint8Array): number {
  return remainder(Uint8Array.of(...message, 0, 0))
}

export interface FrameReader {
  push(bytes: Uint8Array): readonly RomEvent[]
  reset(): void
}

export interface FrameReaderOptions {
  /** Length of the payload of a DATA frame with this sequence byte; the chip knows it from the HEAD. */
  readonly payloadBytesOf: (sequence: number) => number
  readonly nowMs: () => number
}

const ack = 0xaa
/** A frame that stops in the middle is given up, so that the next one is understood. */
const gapMs = 40

export function createFrameReader({ payloadBytesOf, nowMs }: FrameReaderOptions): FrameReader {
  let frame: number[] = []
  let wanted = 0
  let lastMs = 0
  let afterAck = false

  const take = (byte: number): RomEvent | undefined => {
    frame.push(byte)
    if (frame.length === 1) {
      wanted = lengthOf(byte)
      if (wanted > 0) return undefined
      frame = []
      const isAck = byte === ack
      const isNews = isAck && !afterAck
      afterAck = isAck
      return isNews ? { kind: 'ack' } : undefined
    }
    if (frame[0] === 0xda && frame.length === 2) wanted = 5 + payloadBytesOf(byte)
    if (frame.length < wanted) return undefined
    const whole = Uint8Array.from(frame)
    frame = []
    const event = read(whole, afterAck)
    afterAck = false
    return event
  }
  return {
    push: (bytes) => {
      if (nowMs() - lastMs > gapMs) frame = []
      lastMs = nowMs()
      return [...bytes].map(take).filter((event) => event !== undefined)
    },
    reset: () => { frame = [] },
  }
}

function lengthOf(start: number): number {
  switch (start) {
    case 0xfe: case 0xbd: case 0xce: return 14
    case 0xef: return 18
    case 0xed: return 5
    case 0xda: return 6
    default: return 0
  }
}

function read(frame: Uint8Array, afterAck: boolean): RomEvent {
  const view = new DataView(frame.buffer)
  const [start] = frame
  if (start === 0xef) {
    const good = frame[1] === 0xbe && frame[2] === 0xad && frame[3] === 0xde && sumOf(frame.subarray(0, 16)) === view.getUint16(16, true)
    return { kind: good ? 'cv6xx-hello' : 'damaged' }
  }
  const countsDown = frame[1] === 0x00 && frame[2] === 0xff && frame[3] === 0x01
  const complements = ((frame[1] ?? 0) ^ (frame[2] ?? 0)) === 0xff
  if (remainder(frame) !== 0) return { kind: 'damaged' }
  if (start === 0xda && complements) return { kind: 'data', sequence: frame[1] ?? 0, payload: frame.slice(3, -2) }
  if (start === 0xed && complements) return { kind: 'tail', sequence: frame[1] ?? 0 }
  if (start === 0xfe && countsDown) return { kind: 'head', lengthBytes: view.getUint32(4), address: view.getUint32(8), afterAck }
  if (start === 0xbd && countsDown) return { kind: 'v500-hello' }
  if (start === 0xce && countsDown) return { kind: 'board-query' }
  return { kind: 'damaged' }
}
