const rowBytes = 16

/**
 * What `md.b` printed of `lengthBytes` from `address`. `undefined` unless every row is there, whole and where it belongs: a lost line is
 * no zeros, and a short last row must not take digits of its text column for data.
 */
export function parseMemoryDump(output: string, address: number, lengthBytes: number): Uint8Array | undefined {
  const bytes = new Uint8Array(lengthBytes)
  const seen = new Uint8Array(Math.ceil(lengthBytes / rowBytes))
  let rows = 0
  for (const line of output.split('\n')) {
    const head = /^([0-9a-f]{8,16}):((?: [0-9a-f]{2}){1,16})(?= |$)/i.exec(line)
    if (!head) continue
    const at = parseInt(head[1] ?? '', 16) - address
    if (at < 0 || at >= lengthBytes || at % rowBytes !== 0) return undefined
    const pairs = (head[2] ?? '').trim().split(' ')
    const wanted = Math.min(rowBytes, lengthBytes - at)
    if (pairs.length < wanted) return undefined
    const row = Uint8Array.from(pairs.slice(0, wanted), (pair) => parseInt(pair, 16))
    const index = at / rowBytes
    if (seen[index] === 1) {
      if (row.some((byte, position) => byte !== bytes[at + position])) return undefined
      continue
    }
    seen[index] = 1
    rows += 1
    bytes.set(row, at)
  }
  return rows === seen.length ? bytes : undefined
}
