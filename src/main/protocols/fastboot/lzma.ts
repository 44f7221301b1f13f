/* eslint-disable @typescript-eslint/no-non-null-assertion -- a tight loop: every index is bounded by the tables' own sizes */
const headerBytes = 13
const even = 1024
const topBit = 0x1000000

const probabilities = (count: number): Uint16Array => new Uint16Array(count).fill(even)

interface Lengths { readonly choice: Uint16Array; readonly low: Uint16Array; readonly middle: Uint16Array; readonly high: Uint16Array }
const lengths = (): Lengths => ({ choice: probabilities(2), low: probabilities(16 * 8), middle: probabilities(16 * 8), high: probabilities(256) })

class EndOfInput extends Error {}

/** The range coder: one decision after the other, each with what is known of it. Throws `EndOfInput`. */
function openRangeCoder(packed: Uint8Array): { readonly bit: (table: Uint16Array, at: number) => number; readonly direct: (count: number) => number; readonly tree: (table: Uint16Array, from: number, bits: number) => number; readonly treeBackwards: (table: Uint16Array, from: number, bits: number) => number } {
  let at = headerBytes + 1
  let range = 0xffffffff
  let code = 0
  const next = (): number => {
    if (at >= packed.length) throw new EndOfInput()
    at += 1
    return packed[at - 1]!
  }
  const normalize = (): void => {
    if (range >= topBit) return
    range = (range << 8) >>> 0
    code = ((code << 8) | next()) >>> 0
  }
  for (let count = 0; count < 4; count += 1) code = ((code << 8) | next()) >>> 0
  const bit = (table: Uint16Array, index: number): number => {
    normalize()
    const chance = table[index]!
    const bound = (range >>> 11) * chance
    if (code < bound) {
      range = bound
      table[index] = chance + ((2048 - chance) >>> 5)
      return 0
    }
    range -= bound
    code -= bound
    table[index] = chance - (chance >>> 5)
    return 1
  }
  return {
    bit,
    direct: (count) => {
      let value = 0
      for (let left = count; left > 0; left -= 1) {
        normalize()
        range >>>= 1
        const one = code >= range ? 1 : 0
        if (one === 1) code -= range
        value = value * 2 + one
      }
      return value
    },
    tree: (table, from, bits) => {
      let symbol = 1
      for (let left = bits; left > 0; left -= 1) symbol = symbol * 2 + bit(table, from + symbol)
      return symbol - 2 ** bits
    },
    treeBackwards: (table, from, bits) => {
      let symbol = 1
      let value = 0
      for (let index = 0; index < bits; index += 1) {
        const one = bit(table, from + symbol)
        symbol = symbol * 2 + one
        value += one * 2 ** index
      }
      return value
    },
  }
}

/**
 * LZMA with its old header of 13 bytes, as boot loaders are packed. What comes out, up to `mostBytes`: of a stream that is cut off or damaged
 * whatever came before, and nothing of what is no such stream.
 */
export function unpackLzma(packed: Uint8Array, mostBytes: number): Uint8Array {
  const settings = packed[0] ?? 0xff
  if (packed.length < headerBytes + 5 || settings >= 9 * 5 * 5 || packed[headerBytes] !== 0) return new Uint8Array()
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const told = view.getBigUint64(5, true)
  const output = new Uint8Array(told < BigInt(mostBytes) ? Number(told) : mostBytes)
  const progress = { filled: 0 }
  try {
    decode(packed, settings, output, progress)
  } catch (error) {
    if (!(error instanceof EndOfInput)) throw error
  }
  return output.subarray(0, progress.filled)
}

function decode(packed: Uint8Array, settings: number, output: Uint8Array, progress: { filled: number }): void {
  const literalContext = settings % 9
  const literalMask = 2 ** (Math.floor(settings / 9) % 5) - 1
  const placeMask = 2 ** Math.floor(settings / 45) - 1
  const coder = openRangeCoder(packed)
  const { bit, tree } = coder
  const literals = probabilities(0x300 * 2 ** (literalContext + (Math.floor(settings / 9) % 5)))
  const isMatch = probabilities(12 * 16)
  const [isRepeat, isRepeat0, isRepeat1, isRepeat2] = [probabilities(12), probabilities(12), probabilities(12), probabilities(12)] as const
  const isShortRepeat = probabilities(12 * 16)
  const slots = probabilities(4 * 64)
  const special = probabilities(128)
  const align = probabilities(16)
  const matchLengths = lengths()
  const repeatLengths = lengths()
  let state = 0
  let distances: readonly [number, number, number, number] = [0, 0, 0, 0]
  let filled = 0

  const lengthOf = (table: Lengths, place: number): number => {
    if (bit(table.choice, 0) === 0) return 2 + tree(table.low, place * 8, 3)
    return bit(table.choice, 1) === 0 ? 10 + tree(table.middle, place * 8, 3) : 18 + tree(table.high, 0, 8)
  }
  const literal = (): number => {
    const before = filled > 0 ? output[filled - 1]! : 0
    const from = 0x300 * (((filled & literalMask) << literalContext) + (before >>> (8 - literalContext)))
    let symbol = 1
    if (state >= 7) {
      let matched = output[filled - distances[0] - 1]!
      while (symbol < 0x100) {
        const wanted = (matched >>> 7) & 1
        matched <<= 1
        const one = bit(literals, from + ((1 + wanted) << 8) + symbol)
        symbol = symbol * 2 + one
        if (wanted !== one) break
      }
    }
    while (symbol < 0x100) symbol = symbol * 2 + bit(literals, from + symbol)
    return symbol & 0xff
  }
  const distanceOf = (length: number): number => {
    const slot = tree(slots, Math.min(length - 2, 3) * 64, 6)
    if (slot < 4) return slot
    const bits = (slot >>> 1) - 1
    const base = (2 + (slot & 1)) * 2 ** bits
    if (slot < 14) return base + coder.treeBackwards(special, base - slot, bits)
    return base + coder.direct(bits - 4) * 16 + coder.treeBackwards(align, 0, 4)
  }
  /** Result: a length; 0 for the single byte that repeats, which has none of its own. */
  const repeat = (place: number): number => {
    const [first, second, third, fourth] = distances
    if (bit(isRepeat0, state) === 0) {
      if (bit(isShortRepeat, state * 16 + place) === 0) return 0
    } else if (bit(isRepeat1, state) === 0) distances = [second, first, third, fourth]
    else distances = bit(isRepeat2, state) === 0 ? [third, first, second, fourth] : [fourth, first, second, third]
    return lengthOf(repeatLengths, place)
  }

  while (filled < output.length) {
    const place = filled & placeMask
    if (bit(isMatch, state * 16 + place) === 0) {
      output[filled] = literal()
      filled += 1
      progress.filled = filled
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
      continue
    }
    let length: number
    if (bit(isRepeat, state) === 1) {
      if (filled === 0) return
      const found = repeat(place)
      state = found === 0 ? (state < 7 ? 9 : 11) : state < 7 ? 8 : 11
      length = Math.max(1, found)
    } else {
      length = lengthOf(matchLengths, place)
      distances = [distanceOf(length), distances[0], distances[1], distances[2]]
      state = state < 7 ? 7 : 10
    }
    // The mark of the end, or of damage.
    if (distances[0] >= filled) return
    for (let left = Math.min(length, output.length - filled); left > 0; left -= 1) {
      output[filled] = output[filled - distances[0] - 1]!
      filled += 1
    }
    progress.filled = filled
  }
}
/* eslint-enable @typescript-eslint/no-non-null-assertion */
