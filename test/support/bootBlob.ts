/** A fastboot blob of harmless bytes, made independently of the product's writer. */
export function encodeTestBlob(splBytes: number, payloadBytes: number): Uint8Array {
  const pieces: { readonly width: 2 | 4; readonly lengthBytes: number }[] = [
    { width: 2, lengthBytes: 64 }, { width: 2, lengthBytes: 64 }, { width: 2, lengthBytes: 0 }, { width: 4, lengthBytes: splBytes }, { width: 4, lengthBytes: payloadBytes },
  ]
  const blob = new Uint8Array(26 + pieces.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0))
  const view = new DataView(blob.buffer)
  ;[0x04010500, 0x04013000, 0x41000000].forEach((address, index) => { view.setUint32(index * 4, address) })
  let at = 12
  for (const { width, lengthBytes } of pieces) {
    if (width === 2) view.setUint16(at, lengthBytes)
    else view.setUint32(at, lengthBytes)
    at += width
    blob.fill(0x5a, at, at + lengthBytes)
    at += lengthBytes
  }
  return blob
}
