export type Colour = readonly [red: number, green: number, blue: number]

/** Codes of the twelve lengths of a difference, as in annex K of the JPEG standard. */
const lengthCodes: readonly (readonly [bits: number, code: number])[] = [[2, 0b00], [3, 0b010], [3, 0b011], [3, 0b100], [3, 0b101], [3, 0b110], [4, 0b1110], [5, 0b11110], [6, 0b111110], [7, 0b1111110], [8, 0b11111110], [9, 0b111111110]]
/** There is nothing in a tile but its mean, so "end of block" is the only word of its kind. */
const endOfBlock = [1, 0] as const

const segment = (marker: number, ...payload: number[]): number[] => [0xff, marker, (payload.length + 2) >> 8, (payload.length + 2) & 0xff, ...payload]
const tableOf = (id: number, counts: readonly number[], values: readonly number[]): number[] =>
  segment(0xc4, id, ...counts, ...Array.from({ length: 16 - counts.length }, () => 0), ...values)

function head(widthPx: number, heightPx: number): number[] {
  const two = (value: number): [number, number] => [value >> 8, value & 0xff]
  return [
    0xff, 0xd8,
    // A step of eight makes the mean of a tile its coefficient.
    ...segment(0xdb, 0, ...Array.from({ length: 64 }, () => 8)),
    ...segment(0xc0, 8, ...two(heightPx), ...two(widthPx), 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0),
    ...tableOf(0x00, [0, 1, 5, 1, 1, 1, 1, 1, 1], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ...tableOf(0x10, [1], [0]),
    ...segment(0xda, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0),
  ]
}

/** A picture of one colour for each eight by eight pixels: small to write, and a whole JPEG to whoever reads it. */
export function encodeMosaic(columns: number, rows: number, colourAt: (column: number, row: number) => Colour): Uint8Array {
  const out = head(columns * 8, rows * 8)
  let held = 0
  let heldBits = 0
  const put = (bits: number, value: number): void => {
    for (let bit = bits - 1; bit >= 0; bit -= 1) {
      held = (held << 1) | ((value >> bit) & 1)
      heldBits += 1
      if (heldBits < 8) continue
      out.push(held)
      if (held === 0xff) out.push(0)
      held = 0
      heldBits = 0
    }
  }
  const before = [0, 0, 0]
  const putMean = (component: number, mean: number): void => {
    const value = Math.round(Math.min(127, Math.max(-128, mean)))
    const difference = value - (before[component] ?? 0)
    before[component] = value
    const length = difference === 0 ? 0 : Math.floor(Math.log2(Math.abs(difference))) + 1
    put(...(lengthCodes[length] ?? [2, 0]))
    if (length > 0) put(length, difference > 0 ? difference : difference + (1 << length) - 1)
    put(...endOfBlock)
  }
  for (let row = 0; row < rows; row += 1) for (let column = 0; column < columns; column += 1) {
    const [red, green, blue] = colourAt(column, row)
    putMean(0, 0.299 * red + 0.587 * green + 0.114 * blue - 128)
    putMean(1, -0.168736 * red - 0.331264 * green + 0.5 * blue)
    putMean(2, 0.5 * red - 0.418688 * green - 0.081312 * blue)
  }
  while (heldBits > 0) put(1, 1)
  out.push(0xff, 0xd9)
  return Uint8Array.from(out)
}
