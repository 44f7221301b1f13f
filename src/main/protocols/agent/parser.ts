import { crc32 } from '../../../shared/bytes/crc32.ts'
import { decodeCobs } from './cobs.ts'
import {
  answerCodes, capabilityNames, defaultFlashWindow, packetLimits, sectorFindings,
  type AgentAnswer, type AgentFrame, type AgentInfo, type FlashKind, type ScanRecord,
} from './frame.ts'

export interface PacketParser {
  /** Every packet that this chunk completes, in order. */
  push(chunk: Uint8Array): AgentFrame[]
  /** Forgets a half packet: after a baud switch it belongs to nothing. */
  reset(): void
}

/** One for each connection: what follows a delimiter in a chunk is the beginning of the next packet. */
export function createPacketParser(): PacketParser {
  const held = new Uint8Array(packetLimits.encodedBytes)
  let heldBytes = 0
  let isTooLong = false
  const hold = (part: Uint8Array): void => {
    isTooLong ||= heldBytes + part.length > held.length
    if (isTooLong) return
    held.set(part, heldBytes)
    heldBytes += part.length
  }
  const finish = (): AgentFrame | undefined => {
    const tooLong = isTooLong
    const encoded = held.subarray(0, heldBytes)
    isTooLong = false
    heldBytes = 0
    if (tooLong) return { kind: 'dropped', reason: 'too-long' }
    return encoded.length === 0 ? undefined : parsePacket(encoded)
  }
  return {
    push: (chunk) => {
      const frames: AgentFrame[] = []
      for (let from = 0; from < chunk.length;) {
        const delimiter = chunk.indexOf(0, from)
        hold(chunk.subarray(from, delimiter < 0 ? chunk.length : delimiter))
        if (delimiter < 0) break
        const frame = finish()
        if (frame) frames.push(frame)
        from = delimiter + 1
      }
      return frames
    },
    reset: () => { heldBytes = 0; isTooLong = false },
  }
}

/** The encoded bytes of one packet, without the zero that ends it. */
export function parsePacket(encoded: Uint8Array): AgentFrame {
  if (encoded.length > packetLimits.encodedBytes) return { kind: 'dropped', reason: 'too-long' }
  const decoded = decodeCobs(encoded)
  if (!decoded) return { kind: 'dropped', reason: 'not-cobs' }
  if (decoded.length < packetLimits.leastBytes) return { kind: 'dropped', reason: 'too-short' }
  const body = decoded.subarray(0, -4)
  if (body.length > packetLimits.dataBytes + 1) return { kind: 'dropped', reason: 'too-long' }
  if (crc32(body) !== viewOf(decoded).getUint32(body.length, true)) return { kind: 'dropped', reason: 'wrong-crc' }
  return { kind: 'packet', code: body[0] ?? 0, data: body.subarray(1) }
}

/** Never throws: what fits no answer comes back as `malformed`. */
export function parseAnswer({ code, data }: { readonly code: number; readonly data: Uint8Array }): AgentAnswer {
  const view = viewOf(data)
  switch (code) {
    case answerCodes.info: return parseInfo(data)
    case answerCodes.data: return { kind: 'data', bytes: data }
    case answerCodes.ack: return parseAck(data)
    case answerCodes.ready: return { kind: 'ready', text: printable(data) }
    case answerCodes.scan: return parseScan(data)
    case answerCodes.crc32:
      return data.length === 4 ? { kind: 'crc32', crc32: view.getUint32(0, true) } : malformed(code, data)
    case answerCodes.memoryBandwidth: {
      if (data.length !== 32) return malformed(code, data)
      const at = (index: number): number => view.getUint32(index * 4, true)
      return { kind: 'memory-bandwidth', bandwidth: {
        address: at(0), lengthBytes: at(1), iterations: at(2), timerHz: at(3), fillTicks: at(4), readTicks: at(5), copyTicks: at(6), architecture: at(7),
      } }
    }
    default: return { kind: 'malformed', code, reason: 'unknown answer' }
  }
}

function parseInfo(data: Uint8Array): AgentAnswer {
  // 16 bytes; 24 from version 2 on, 28 from version 3 on. Later versions may append.
  const known = data.length === 16 || data.length === 24 || data.length >= 28
  if (!known) return malformed(answerCodes.info, data)
  const view = viewOf(data)
  const at = (offset: number): number | undefined => (data.length >= offset + 4 ? view.getUint32(offset, true) : undefined)
  const capabilities = at(20) ?? 0
  const info: AgentInfo = {
    jedecId: [...data.subarray(0, 3)].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    flashKind: flashKinds[data[3] ?? 0xff] ?? 'unknown',
    flashBytes: at(4) ?? 0, ramBase: at(8) ?? 0, sectorBytes: at(12) ?? 0,
    version: at(16) ?? 1,
    capabilities: new Set(capabilityNames.filter((_, bit) => ((capabilities >>> bit) & 1) === 1)),
    flashWindow: at(24) ?? defaultFlashWindow,
  }
  return { kind: 'info', info }
}

const flashKinds: readonly FlashKind[] = ['nor', 'nand', 'emmc']

function parseAck(data: Uint8Array): AgentAnswer {
  if (data.length !== 1 && data.length !== 5 && data.length !== 9) return malformed(answerCodes.ack, data)
  const view = viewOf(data)
  return {
    kind: 'ack', status: view.getUint8(0),
    receivedBytes: data.length >= 5 ? view.getUint32(1, true) : undefined,
    crc32: data.length >= 9 ? view.getUint32(5, true) : undefined,
  }
}

/** The header has four bytes and a record five, so that the lengths tell them apart. */
function parseScan(data: Uint8Array): AgentAnswer {
  const view = viewOf(data)
  if (data.length === 4) return { kind: 'scan-header', sectorCount: view.getUint32(0, true) }
  if (data.length === 0 || data.length % 5 !== 0) return malformed(answerCodes.scan, data)
  const records = Array.from({ length: data.length / 5 }, (_, index): ScanRecord => ({
    finding: sectorFindings[view.getUint8(index * 5)] ?? 'read-error',
    crc32: view.getUint32(index * 5 + 1, true),
  }))
  return { kind: 'scan-records', records }
}

/** One piece of a READ. The number wraps after 65535. `undefined`: too short to have one. */
export function parseReadData(bytes: Uint8Array): { readonly sequence: number; readonly bytes: Uint8Array } | undefined {
  return bytes.length < 3 ? undefined : { sequence: viewOf(bytes).getUint16(0, true), bytes: bytes.subarray(2) }
}

/** One sector of an ERASE; the bytes behind the number are for the agent's author. */
export function parseEraseProgress(bytes: Uint8Array): { readonly doneSectors: number } | undefined {
  return bytes.length < 2 ? undefined : { doneSectors: viewOf(bytes).getUint16(0, true) }
}

/** One step of FLASH_STREAM or FLASH_PROGRAM. */
export function parseFlashProgress(bytes: Uint8Array): { readonly done: number; readonly total: number } | undefined {
  return bytes.length < 4 ? undefined : { done: viewOf(bytes).getUint16(0, true), total: viewOf(bytes).getUint16(2, true) }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const malformed = (code: number, data: Uint8Array): AgentAnswer => ({ kind: 'malformed', code, reason: `${data.length} bytes are no such answer` })
const printable = (data: Uint8Array): string =>
  [...data.subarray(0, 64)].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?')).join('')
