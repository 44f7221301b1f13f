import { isFilledWith } from '../memory.ts'
import { sumOf, type SimPacket, word, wordBytes } from './agentCodec.ts'
import { codes, type SimAgentMachine } from './agentMachine.ts'
import { look } from './simAgentMemory.ts'

const recordsInPacket = 8
const oldBitmapBytes = 32

/** ERASE, SCAN, FLASH_STREAM, MARK_BAD. False: another command. */
export async function runFlashCommand(machine: SimAgentMachine, { code, data }: SimPacket): Promise<boolean> {
  switch (code) {
    case codes.erase: await (data.length === 8 ? erase(machine, word(data, 0), word(data, 4)) : machine.ack(1)); return true
    case codes.scan:
      if (machine.version < 2) return false
      await scan(machine)
      return true
    case codes.stream:
      if (machine.version < 2) return false
      await (data.length > 12 ? stream(machine, word(data, 0), word(data, 4), data.subarray(12)) : machine.ack(1))
      return true
    case codes.markBad: await markBad(machine, word(data, 0)); return true
    default: return false
  }
}

async function eraseSector({ flash, oddities, pace, sectorBytes, pause }: SimAgentMachine, offset: number): Promise<void> {
  await pause(pace.eraseSectorMs)
  if (oddities.ignoresErase !== true) flash.erase(offset, sectorBytes)
}

async function markBad({ oddities, badBlocks, ack }: SimAgentMachine, block: number): Promise<void> {
  if (oddities.flashKind === 'nand') badBlocks.add(block)
  await ack(oddities.flashKind === 'nand' ? 0 : 2)
}

function isSectorRange({ flash, sectorBytes, oddities }: SimAgentMachine, offset: number, lengthBytes: number): boolean {
  return oddities.flashKind !== 'emmc' && offset % sectorBytes === 0 && lengthBytes > 0 && offset + lengthBytes <= flash.cells.length
}

async function erase(machine: SimAgentMachine, offset: number, lengthBytes: number): Promise<void> {
  const { sectorBytes, oddities, ack, say } = machine
  if (!isSectorRange(machine, offset, lengthBytes) || lengthBytes % sectorBytes !== 0) { await ack(2); return }
  await ack(0)
  for (let done = 0; done < lengthBytes / sectorBytes; done += 1) {
    if (done === oddities.eraseErrorAtSector) { await ack(2); return }
    if (done === oddities.eraseEndsAtSector) { await ack(0); return }
    await eraseSector(machine, offset + done * sectorBytes)
    await say(codes.data, Uint8Array.of((done + 1) & 0xff, (done + 1) >>> 8, 0, 0, 0))
  }
  await ack(0)
}

async function scan(machine: SimAgentMachine): Promise<void> {
  const { flash, sectorBytes, oddities, pace, say, ack, pause } = machine
  if (oddities.scanStatus !== undefined) { await ack(oddities.scanStatus); return }
  const sectorCount = flash.cells.length / sectorBytes
  await say(codes.scanIs, wordBytes(sectorCount))
  for (let from = 0; from < sectorCount; from += recordsInPacket) {
    if (oddities.scanStopsAt !== undefined && from >= oddities.scanStopsAt) break
    const records: number[] = []
    for (let sector = from; sector < Math.min(sectorCount, from + recordsInPacket); sector += 1) {
      await pause(pace.scanSectorMs)
      records.push(...recordOf(machine, sector))
    }
    await say(codes.scanIs, Uint8Array.from(records))
  }
  await ack(0)
}

function recordOf(machine: SimAgentMachine, sector: number): readonly number[] {
  const { sectorBytes, flashWindow } = machine
  if (machine.badBlocks.has(sector)) return [6, 0, 0, 0, 0]
  const once = look(machine, flashWindow + sector * sectorBytes, sectorBytes)
  const twice = look(machine, flashWindow + sector * sectorBytes, sectorBytes)
  if (!once || !twice) return [5, 0, 0, 0, 0]
  const sum = sumOf(once)
  const first = once[0] ?? 0
  const statusOf = (): number => {
    if (sum !== sumOf(twice)) return 4
    if (!isFilledWith(once, first)) return 0
    return first === 0xff ? 1 : first === 0 ? 2 : 3
  }
  return [statusOf(), ...wordBytes(sum)]
}

/** Two buffers: one fills while the other is erased and programmed. The numbers of the DATA packets and the CRC are not looked at. */
async function stream(machine: SimAgentMachine, offset: number, lengthBytes: number, bitmap: Uint8Array): Promise<void> {
  const { sectorBytes, oddities, ack, say } = machine
  const sectorCount = Math.ceil(lengthBytes / sectorBytes)
  if (!isSectorRange(machine, offset, sectorCount * sectorBytes) || bitmap.length < Math.max(oldBitmapBytes, Math.ceil(sectorCount / 8))) { await ack(2); return }
  await ack(0)
  let pending: Promise<void> = Promise.resolve()
  const put = async (sector: number, content: Uint8Array): Promise<void> => {
    await eraseSector(machine, offset + sector * sectorBytes)
    await machine.pause(content.length / 1024 * machine.pace.programKibMs)
    machine.flash.program(offset + sector * sectorBytes, content)
  }
  for (let sector = 0; sector < sectorCount; sector += 1) {
    if (sector === oddities.streamEndsAfter) { await pending; await ack(0); return }
    if ((((bitmap[sector >> 3] ?? 0) >> (sector & 7)) & 1) === 0) {
      await pending
      await eraseSector(machine, offset + sector * sectorBytes)
    } else {
      const whole = Math.min(sectorBytes, lengthBytes - sector * sectorBytes)
      const content = await machine.receiveContent(sector === oddities.streamErrorAtSector ? whole / 4 : whole)
      await pending
      if (!content || sector === oddities.streamErrorAtSector) { await ack(2, sector * sectorBytes); return }
      pending = put(sector, content)
      // Heard again at the next sector; until then nobody waits for it.
      pending.catch(() => undefined)
    }
    await say(codes.data, Uint8Array.of((sector + 1) & 0xff, (sector + 1) >>> 8, sectorCount & 0xff, sectorCount >>> 8))
  }
  await pending
  await ack(0)
}
