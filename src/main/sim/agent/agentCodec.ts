/** The agent's side of the packets, written from their description and not from the host's code. */
export interface SimPacket {
  readonly code: number
  readonly data: Uint8Array
}

const frameBytes = 1100

/** Half-byte table of the reflected polynomial, as small programs in RAM have it. */
function makeNibbles(): readonly number[] {
  return Array.from({ length: 16 }, (_, value) => {
    let sum = value
    for (let bit = 0; bit < 4; bit += 1) sum = ((sum >>> 1) ^ (sum % 2 === 1 ? 0xedb88320 : 0)) >>> 0
    return sum
  })
}
const nibbles = makeNibbles()

export function sumOf(bytes: Uint8Array): number {
  let sum = 0xffffffff
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0
    sum = (sum >>> 4) ^ (nibbles[(sum ^ byte) & 15] ?? 0)
    sum = (sum >>> 4) ^ (nibbles[(sum ^ (byte >>> 4)) & 15] ?? 0)
  }
  return (sum ^ 0xffffffff) >>> 0
}

/** One frame with the zero behind it. */
export function packPacket(code: number, data: Uint8Array): Uint8Array {
  const plain = new Uint8Array(data.length + 5)
  plain[0] = code
  plain.set(data, 1)
  const sum = sumOf(plain.subarray(0, data.length + 1))
  for (let index = 0; index < 4; index += 1) plain[data.length + 1 + index] = (sum >>> (8 * index)) & 0xff
  const out: number[] = []
  let group: number[] = []
  const flush = (): void => { out.push(group.length + 1, ...group); group = [] }
  for (const byte of plain) {
    if (byte === 0) { flush(); continue }
    group.push(byte)
    if (group.length === 254) flush()
  }
  flush()
  return Uint8Array.from([...out, 0])
}

export interface PacketReader {
  /** Whole, undamaged packets; everything else vanishes, as in the camera. */
  feed(bytes: Uint8Array): SimPacket[]
  reset(): void
}

export function createPacketReader(): PacketReader {
  const frame = new Uint8Array(frameBytes)
  let used = 0
  const end = (): SimPacket | undefined => {
    const plain = used > 0 && used <= frameBytes ? unstuff(frame.subarray(0, used)) : undefined
    used = 0
    if (!plain || plain.length < 5) return undefined
    const content = plain.subarray(0, plain.length - 4)
    const [a = 0, b = 0, c = 0, d = 0] = plain.subarray(plain.length - 4)
    return sumOf(content) === (a | (b << 8) | (c << 16) | (d << 24)) >>> 0 ? { code: content[0] ?? 0, data: content.slice(1) } : undefined
  }
  return {
    feed: (bytes) => {
      const packets: SimPacket[] = []
      for (const byte of bytes) {
        if (byte !== 0) {
          if (used < frameBytes) frame[used] = byte
          used += 1
          continue
        }
        const packet = end()
        if (packet) packets.push(packet)
      }
      return packets
    },
    reset: () => { used = 0 },
  }
}

function unstuff(stuffed: Uint8Array): Uint8Array | undefined {
  const plain = new Uint8Array(stuffed.length)
  let length = 0
  let left = 0
  let zeroDue = false
  for (const byte of stuffed) {
    if (left > 0) { plain[length] = byte; length += 1; left -= 1; continue }
    if (zeroDue) length += 1
    zeroDue = byte !== 255
    left = byte - 1
  }
  return left === 0 ? plain.subarray(0, length) : undefined
}

export const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0

export const wordBytes = (...values: readonly number[]): Uint8Array =>
  Uint8Array.from(values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff]))
