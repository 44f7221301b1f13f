/** COBS: bytes without a zero, so that a zero can end a packet. Each block is its length plus one, then up to 254 bytes that are not zero. */
const fullBlock = 0xff

/** A full block is always followed by another one, as the agents write it; the shorter form of an exact end is not made here. */
export function encodeCobs(data: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(data.length + Math.floor(data.length / 254) + 1)
  let codeAt = 0
  let at = 1
  const closeBlock = (): void => {
    encoded[codeAt] = at - codeAt
    codeAt = at
    at += 1
  }
  for (const byte of data) {
    if (byte === 0) { closeBlock(); continue }
    encoded[at] = byte
    at += 1
    if (at - codeAt === fullBlock) closeBlock()
  }
  encoded[codeAt] = at - codeAt
  return encoded.subarray(0, at)
}

/** Both forms of a full last block are read. `undefined`: a zero inside, or a block that is longer than the data. */
export function decodeCobs(encoded: Uint8Array): Uint8Array | undefined {
  if (encoded.includes(0)) return undefined
  const decoded = new Uint8Array(encoded.length)
  let to = 0
  for (let at = 0; at < encoded.length;) {
    const code = encoded[at] ?? 0
    const end = at + code
    if (end > encoded.length) return undefined
    decoded.set(encoded.subarray(at + 1, end), to)
    to += code - 1
    at = end
    // The zero after a block is counted also when it is the last byte: a CRC may end in 00.
    if (code !== fullBlock && at < encoded.length) to += 1
  }
  return decoded.subarray(0, to)
}
