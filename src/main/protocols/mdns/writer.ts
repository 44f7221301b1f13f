/** Asks everybody on the network who offers services of these types: `_http._tcp.local`. */
export function encodeMdnsQuestion(types: readonly string[]): Uint8Array {
  const questions = types.flatMap((type) => [...type.split('.').flatMap((label) => { const bytes = new TextEncoder().encode(label); return [bytes.length, ...bytes] }), 0, 0, 12, 0, 1])
  // Id and flags are 0 in a multicast question; then the counts, of which only the first is not.
  return Uint8Array.from([0, 0, 0, 0, types.length >> 8, types.length & 0xff, 0, 0, 0, 0, 0, 0, ...questions])
}
