/** What of an answer tells where a service is. */
export type MdnsRecord =
  | { readonly type: 'service'; readonly name: string; readonly instance: string }
  | { readonly type: 'place'; readonly name: string; readonly host: string; readonly port: number }
  | { readonly type: 'address'; readonly name: string; readonly address: string }

const maxBytes = 9_000
const maxRecords = 256
const maxName = 255
const maxJumps = 16

interface Read<T> { readonly value: T; readonly next: number }

/** Anybody on the network may have sent it: whatever does not fit its own lengths is no answer at all. */
export function parseMdnsAnswer(bytes: Uint8Array): readonly MdnsRecord[] | undefined {
  if (bytes.length < 12 || bytes.length > maxBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // A question, or an answer that reports an error.
  if ((view.getUint16(2) & 0x8000) === 0 || (view.getUint16(2) & 0x000f) !== 0) return undefined
  const count = view.getUint16(6) + view.getUint16(8) + view.getUint16(10)
  if (view.getUint16(4) > maxRecords || count > maxRecords) return undefined
  let at = 12
  for (let question = 0; question < view.getUint16(4); question += 1) {
    const name = readName(bytes, at)
    if (!name) return undefined
    at = name.next + 4
  }
  const records: MdnsRecord[] = []
  for (let index = 0; index < count; index += 1) {
    const name = readName(bytes, at)
    if (!name || name.next + 10 > bytes.length) return undefined
    const start = name.next + 10
    const end = start + view.getUint16(name.next + 8)
    if (end > bytes.length) return undefined
    const record = readRecord(view.getUint16(name.next), name.value, bytes, start, end)
    if (record) records.push(record)
    at = end
  }
  return records
}

function readRecord(type: number, name: string, bytes: Uint8Array, start: number, end: number): MdnsRecord | undefined {
  const length = end - start
  if (type === 1 && length === 4) return { type: 'address', name, address: [...bytes.subarray(start, end)].join('.') }
  if (type === 12) {
    const instance = readName(bytes, start)
    return instance && instance.next === end ? { type: 'service', name, instance: instance.value } : undefined
  }
  if (type !== 33 || length < 7) return undefined
  const host = readName(bytes, start + 6)
  return host && host.next === end ? { type: 'place', name, port: ((bytes[start + 4] ?? 0) << 8) | (bytes[start + 5] ?? 0), host: host.value } : undefined
}

/** Labels, and pointers to labels that stood before: always further back, so that none leads in a circle. */
function readName(bytes: Uint8Array, from: number): Read<string> | undefined {
  const labels: string[] = []
  let at = from
  let next: number | undefined
  let length = 0
  for (let jumps = 0; ;) {
    const size = bytes[at]
    if (size === undefined) return undefined
    if (size === 0) return { value: labels.join('.'), next: next ?? at + 1 }
    if (size >= 0xc0) {
      const low = bytes[at + 1]
      if (low === undefined) return undefined
      const to = ((size & 0x3f) << 8) | low
      jumps += 1
      if (to >= at || jumps > maxJumps) return undefined
      next ??= at + 2
      at = to
      continue
    }
    length += size + 1
    if (size > 63 || at + 1 + size > bytes.length || length > maxName) return undefined
    labels.push(new TextDecoder().decode(bytes.subarray(at + 1, at + 1 + size)))
    at += 1 + size
  }
}
