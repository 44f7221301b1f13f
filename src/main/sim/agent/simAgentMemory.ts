import { sumOf, type SimPacket, word, wordBytes } from './agentCodec.ts'
import { codes, type SimAgentMachine } from './agentMachine.ts'

const readPacketBytes = 1022
const ramWindowBytes = 128 * 1024 * 1024
const emmcBlockBytes = 512
const flashTypes = { nor: 0, nand: 1, emmc: 2 } as const
const mostBytes = 32 * 1024 * 1024

/** What needs no erasing: INFO, READ, WRITE, CRC32, SELFUPDATE, MEMBW. False: another command. */
export async function runMemoryCommand(machine: SimAgentMachine, { code, data }: SimPacket): Promise<boolean> {
  const [first, second, third] = [word(data, 0), word(data, 4), word(data, 8)]
  switch (code) {
    case codes.info: await sayInfo(machine); return true
    case codes.read: await (data.length === 8 ? read(machine, first, second) : machine.ack(1)); return true
    case codes.write: await (data.length === 12 ? write(machine, first, second, third) : machine.ack(1)); return true
    case codes.crc: await (data.length === 8 ? sum(machine, first, second) : machine.ack(1)); return true
    case codes.selfUpdate:
      if (machine.version < 3) return false
      await selfUpdate(machine, first, second, third)
      return true
    case codes.bandwidth:
      if (machine.version < 4) return false
      await machine.say(codes.bandwidthIs, wordBytes(third === 0 ? machine.ramBase : third, first === 0 ? 4 * 1024 * 1024 : first, second === 0 ? 8 : second, 24_000_000, 1_000, 2_000, 3_000, 7))
      return true
    default: return false
  }
}

async function sayInfo({ say, oddities, version, flash, ramBase, sectorBytes, flashWindow }: SimAgentMachine): Promise<void> {
  const bits = oddities.capabilityBits ?? [0, 0, 0b11111, 0b1111111, 0xff][version] ?? 0xff
  const words = [oddities.flashBytes ?? flash.cells.length, ramBase, sectorBytes, ...(version >= 2 ? [version, bits] : []), ...(version >= 3 ? [flashWindow] : [])]
  await say(codes.infoIs, Uint8Array.of(0xef, 0x40, 0x18, flashTypes[oddities.flashKind ?? 'nor'], ...wordBytes(...words)))
}

/** The bytes as the bus gives them, or `undefined` outside of what may be read. */
export function look({ flash, ram, ramBase, flashWindow, oddities, random, sectorBytes }: SimAgentMachine, address: number, lengthBytes: number): Uint8Array | undefined {
  if (lengthBytes === 0 || lengthBytes > mostBytes) return undefined
  if (address >= ramBase && address + lengthBytes <= ramBase + ramWindowBytes) return ram.read(address, lengthBytes)
  const offset = address - flashWindow
  if (offset < 0 || offset + lengthBytes > flash.cells.length) return undefined
  if (oddities.flashKind === 'emmc' && (offset % emmcBlockBytes !== 0 || lengthBytes % emmcBlockBytes !== 0)) return undefined
  const touches = (sector: number): boolean => offset < (sector + 1) * sectorBytes && offset + lengthBytes > sector * sectorBytes
  if (oddities.deadSectors?.some(touches) === true) return undefined
  const bytes = flash.cells.slice(offset, offset + lengthBytes)
  if (oddities.unstableSectors?.some(touches) === true) bytes[0] = Math.floor(random() * 256)
  return bytes
}

async function read(machine: SimAgentMachine, address: number, lengthBytes: number): Promise<void> {
  const { oddities, random, say, ack } = machine
  const bytes = look(machine, address, lengthBytes)
  if (!bytes) { await ack(2); return }
  const isLost = (): boolean => oddities.readLoss !== undefined && random() < oddities.readLoss
  for (let at = 0, sequence = 0; at < bytes.length; at += readPacketBytes, sequence += 1) {
    if (!isLost()) await say(codes.data, Uint8Array.of(sequence & 0xff, (sequence >>> 8) & 0xff, ...bytes.subarray(at, at + readPacketBytes)))
  }
  if (!isLost()) await ack(0)
}

async function write(machine: SimAgentMachine, address: number, lengthBytes: number, sumOfContent: number): Promise<void> {
  const { flash, ram, ramBase, ack } = machine
  const isFlash = machine.oddities.flashKind !== 'emmc' && address + lengthBytes <= flash.cells.length
  if (!isFlash && (address < ramBase || address + lengthBytes > ramBase + ramWindowBytes)) { await ack(2); return }
  await ack(0)
  const content = await machine.receiveContent(lengthBytes)
  if (!content) { await ack(1, 0); return }
  const found = sumOf(content)
  if (found !== sumOfContent) { await ack(1, lengthBytes, found); return }
  if (isFlash) flash.program(address, content)
  else ram.write(address, content)
  await ack(0)
}

async function sum(machine: SimAgentMachine, address: number, lengthBytes: number): Promise<void> {
  const bytes = look(machine, address, lengthBytes)
  if (!bytes) { await machine.ack(2); return }
  await machine.pause(lengthBytes / (machine.oddities.crcBytesPerMs ?? machine.pace.crcBytesPerMs))
  await machine.say(codes.crcIs, wordBytes(sumOf(bytes)))
}

async function selfUpdate(machine: SimAgentMachine, address: number, lengthBytes: number, sumOfCode: number): Promise<void> {
  if (lengthBytes === 0 || lengthBytes > 256 * 1024) { await machine.ack(1); return }
  await machine.ack(0)
  const code = await machine.receiveContent(lengthBytes)
  if (!code || sumOf(code) !== sumOfCode) { await machine.ack(1); return }
  machine.ram.write(address, code)
  await machine.ack(0)
  await machine.say(codes.ready, new TextEncoder().encode('DEFIB'))
}
