import { crc32 } from '../../../shared/bytes/crc32.ts'
import { encodeCobs } from './cobs.ts'
import { answerCodes, commandCodes, packetLimits, type AgentCommand } from './frame.ts'

/** With the zero that ends it. Throws a RangeError for more than 1024 bytes of data: the agent would drop the packet without a word. */
export function encodePacket(code: number, data: Uint8Array): Uint8Array {
  if (data.length > packetLimits.dataBytes) throw new RangeError(`a packet with ${data.length} bytes of data`)
  const body = new Uint8Array(1 + data.length + 4)
  body[0] = code
  body.set(data, 1)
  const sealed = body.length - 4
  new DataView(body.buffer).setUint32(sealed, crc32(body.subarray(0, sealed)), true)
  const encoded = encodeCobs(body)
  const packet = new Uint8Array(encoded.length + 1)
  packet.set(encoded)
  return packet
}

export function encodeCommand(command: AgentCommand): Uint8Array {
  switch (command.kind) {
    case 'info': return encodePacket(commandCodes.info, new Uint8Array())
    case 'reboot': return encodePacket(commandCodes.reboot, new Uint8Array())
    case 'scan': return encodePacket(commandCodes.scan, new Uint8Array())
    case 'read': return encodePacket(commandCodes.read, numbers(command.address, command.lengthBytes))
    case 'erase': return encodePacket(commandCodes.erase, numbers(command.address, command.lengthBytes))
    case 'crc32': return encodePacket(commandCodes.crc32, numbers(command.address, command.lengthBytes))
    case 'write': return encodePacket(commandCodes.write, numbers(command.address, command.lengthBytes, command.crc32))
    case 'self-update': return encodePacket(commandCodes.selfUpdate, numbers(command.address, command.lengthBytes, command.crc32))
    case 'set-baud': return encodePacket(commandCodes.setBaudRate, numbers(command.baudRate))
    case 'mark-bad': return encodePacket(commandCodes.markBad, numbers(command.block))
    case 'memory-bandwidth': return encodePacket(commandCodes.memoryBandwidth, numbers(command.lengthBytes, command.iterations, command.address))
    case 'flash-program':
      return encodePacket(commandCodes.flashProgram, numbers(command.ramAddress, command.flashAddress, command.lengthBytes, command.crc32))
    case 'flash-stream': {
      const head = numbers(command.flashAddress, command.lengthBytes, command.crc32)
      const data = new Uint8Array(head.length + command.bitmap.length)
      data.set(head)
      data.set(command.bitmap, head.length)
      return encodePacket(commandCodes.flashStream, data)
    }
  }
}

/** One packet of content. `sequence` may count on: the wire carries it modulo 65536, which a flash over 32 MiB needs. */
export function encodeData(sequence: number, bytes: Uint8Array): Uint8Array {
  const data = new Uint8Array(2 + bytes.length)
  data[0] = sequence & 0xff
  data[1] = (sequence >>> 8) & 0xff
  data.set(bytes, 2)
  return encodePacket(answerCodes.data, data)
}

/** One bit for each sector, lowest first: 1 where anything but ff stands. Exactly as long as the sectors need. */
export function sectorBitmap(image: Uint8Array, sectorBytes: number): Uint8Array {
  const sectorCount = Math.ceil(image.length / sectorBytes)
  const bitmap = new Uint8Array(Math.ceil(sectorCount / 8))
  for (let sector = 0; sector < sectorCount; sector += 1) {
    if (!isBlank(image, sector * sectorBytes, Math.min(image.length, (sector + 1) * sectorBytes))) bitmap[sector >> 3] = (bitmap[sector >> 3] ?? 0) | (1 << (sector & 7))
  }
  return bitmap
}

/** A plain loop: it looks at every byte of a flash, and a callback for each would hold up the rack. */
function isBlank(image: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (image[at] !== 0xff) return false
  return true
}

/** Old agents read 32 bytes, whatever was sent: a shorter map would make them erase by chance. */
export function padBitmap(bitmap: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.max(bitmap.length, packetLimits.leastBitmapBytes))
  padded.set(bitmap)
  return padded
}

function numbers(...values: readonly number[]): Uint8Array {
  const data = new Uint8Array(values.length * 4)
  const view = new DataView(data.buffer)
  values.forEach((value, index) => {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new RangeError(`${value} does not fit 32 bits`)
    view.setUint32(index * 4, value, true)
  })
  return data
}
