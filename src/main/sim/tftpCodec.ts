/** TFTP packets as a camera sends and reads them (RFC 1350, 2347, 2348). */
export type TftpPacket =
  | { readonly kind: 'data'; readonly block: number; readonly bytes: Uint8Array }
  | { readonly kind: 'ack'; readonly block: number }
  | { readonly kind: 'error'; readonly code: number; readonly text: string }
  | { readonly kind: 'oack'; readonly options: ReadonlyMap<string, string> }

export const encodeReadRequest = (name: string, options: readonly (readonly [string, string])[]): Uint8Array => encodeRequest(1, name, options)
export const encodeWriteRequest = (name: string, options: readonly (readonly [string, string])[]): Uint8Array => encodeRequest(2, name, options)

function encodeRequest(opcode: 1 | 2, name: string, options: readonly (readonly [string, string])[]): Uint8Array {
  const text = [name, 'octet', ...options.flat()].map((word) => `${word}\0`).join('')
  return Uint8Array.from([0, opcode, ...new TextEncoder().encode(text)])
}

export function encodeData(block: number, bytes: Uint8Array): Uint8Array {
  const packet = new Uint8Array(4 + bytes.length)
  packet.set([0, 3, (block >> 8) & 0xff, block & 0xff])
  packet.set(bytes, 4)
  return packet
}

export const encodeAck = (block: number): Uint8Array => Uint8Array.of(0, 4, (block >> 8) & 0xff, block & 0xff)

/** `undefined` for anything that is none of these, as U-Boot drops it. */
export function parseTftpPacket(packet: Uint8Array): TftpPacket | undefined {
  if (packet.length < 4 && !(packet.length >= 2 && packet[1] === 6)) return undefined
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  switch (view.getUint16(0)) {
    case 3: return { kind: 'data', block: view.getUint16(2), bytes: packet.subarray(4) }
    case 4: return { kind: 'ack', block: view.getUint16(2) }
    case 5: return { kind: 'error', code: view.getUint16(2), text: texts(packet.subarray(4))[0] ?? '' }
    case 6: {
      const words = texts(packet.subarray(2))
      const options = new Map<string, string>()
      for (let index = 0; index + 1 < words.length; index += 2) options.set((words[index] ?? '').toLowerCase(), words[index + 1] ?? '')
      return { kind: 'oack', options }
    }
    default: return undefined
  }
}

const texts = (bytes: Uint8Array): string[] => new TextDecoder('latin1').decode(bytes).split('\0').slice(0, -1)
