import { opcodes, type TftpOption, type TftpRequest } from './frame.ts'

export const dataHeaderBytes = 4

export function writeRequest(request: TftpRequest): Uint8Array {
  const opcode = request.kind === 'read-request' ? opcodes.readRequest : opcodes.writeRequest
  return texts(opcode, [request.name, request.mode, ...request.options.flatMap(({ name, value }) => [name, value])])
}

export function writeOptionsAck(options: readonly TftpOption[]): Uint8Array {
  return texts(opcodes.optionsAck, options.flatMap(({ name, value }) => [name, value]))
}

export function writeAck(block: number): Uint8Array {
  return Uint8Array.of(0, opcodes.ack, (block >> 8) & 0xff, block & 0xff)
}

export function writeError(number: number, message: string): Uint8Array {
  const text = new TextEncoder().encode(message)
  const packet = new Uint8Array(4 + text.length + 1)
  packet[1] = opcodes.error
  packet[2] = (number >> 8) & 0xff
  packet[3] = number & 0xff
  packet.set(text, 4)
  return packet
}

export function writeData(block: number, bytes: Uint8Array): Uint8Array {
  const packet = new Uint8Array(dataHeaderBytes + bytes.length)
  writeDataInto(packet, block, bytes)
  return packet
}

/** The block number is taken modulo 65536: after 65535 comes 0. `packet` has room for the header and the bytes. */
export function writeDataInto(packet: Uint8Array, block: number, bytes: Uint8Array): void {
  packet[0] = 0
  packet[1] = opcodes.data
  packet[2] = (block >> 8) & 0xff
  packet[3] = block & 0xff
  packet.set(bytes, dataHeaderBytes)
}

function texts(opcode: number, words: readonly string[]): Uint8Array {
  const encoder = new TextEncoder()
  const encoded = words.map((word) => encoder.encode(word))
  const packet = new Uint8Array(encoded.reduce((sum, word) => sum + word.length + 1, 2))
  packet[1] = opcode
  let at = 2
  for (const word of encoded) { packet.set(word, at); at += word.length + 1 }
  return packet
}
