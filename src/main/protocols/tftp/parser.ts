import { opcodes, requestLimits, type TftpFrame, type TftpOption } from './frame.ts'

const shownMessageBytes = 256

/** Never throws: what is no packet comes back as `malformed`. The bytes of a `data` frame are a view of the packet. */
export function parseFrame(packet: Uint8Array): TftpFrame {
  const high = packet[0]
  const opcode = packet[1]
  if (high === undefined || opcode === undefined) return malformed(undefined, 'shorter than an opcode')
  if (high !== 0) return malformed(high * 256 + opcode, 'unknown opcode')
  switch (opcode) {
    case opcodes.ack:
      return packet.length < 4 ? malformed(opcode, 'no block number') : { kind: 'ack', block: number16(packet, 2) }
    case opcodes.data:
      return packet.length < 4
        ? malformed(opcode, 'no block number')
        : { kind: 'data', block: number16(packet, 2), bytes: packet.subarray(4) }
    case opcodes.readRequest:
    case opcodes.writeRequest:
      return parseRequest(packet, opcode)
    case opcodes.error:
      return packet.length < 4
        ? malformed(opcode, 'no error number')
        : { kind: 'error', number: number16(packet, 2), message: printable(packet.subarray(4, 4 + shownMessageBytes)) }
    case opcodes.optionsAck:
      return packet.length > requestLimits.requestBytes
        ? malformed(opcode, 'too long')
        : { kind: 'options-ack', options: pairs(strings(packet, 2)) }
    default:
      return malformed(opcode, 'unknown opcode')
  }
}

function parseRequest(packet: Uint8Array, opcode: 1 | 2): TftpFrame {
  if (packet.length > requestLimits.requestBytes) return malformed(opcode, 'request too long')
  const [name, mode, ...rest] = strings(packet, 2)
  if (name === undefined || mode === undefined) return malformed(opcode, 'no name or no mode')
  if (name.length === 0 || name.length > requestLimits.nameBytes) return malformed(opcode, 'name empty or too long')
  const kind = opcode === opcodes.readRequest ? 'read-request' : 'write-request'
  return { kind, name, mode: mode.toLowerCase(), options: pairs(rest) }
}

/** The texts that end with a zero byte. What follows the last zero is no option, and is left out. */
function strings(packet: Uint8Array, from: number): string[] {
  const found: string[] = []
  const decoder = new TextDecoder()
  let start = from
  for (let at = from; at < packet.length && found.length < 2 + 2 * requestLimits.optionCount; at += 1) {
    if (packet[at] !== 0) continue
    found.push(decoder.decode(packet.subarray(start, at)))
    start = at + 1
  }
  return found
}

function pairs(texts: readonly string[]): TftpOption[] {
  const options: TftpOption[] = []
  for (let at = 0; at + 1 < texts.length; at += 2) {
    const name = (texts[at] ?? '').toLowerCase()
    // The first one counts: an option that is repeated with another value is nobody's intention.
    if (name.length > 0 && !options.some((option) => option.name === name)) options.push({ name, value: texts[at + 1] ?? '' })
  }
  return options.slice(0, requestLimits.optionCount)
}

const number16 = (packet: Uint8Array, at: number): number => (packet[at] ?? 0) * 256 + (packet[at + 1] ?? 0)

/** A stranger's words are shown to people and written to logs, so control characters stay out. */
function printable(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
  return text.replace(/[^\x20-\x7e\xa0-\u{10ffff}]/gu, '?')
}

const malformed = (opcode: number | undefined, reason: string): TftpFrame => ({ kind: 'malformed', opcode, reason })
