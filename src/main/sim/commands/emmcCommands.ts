import { emmcBytes, type SimEmmc } from '../emmc.ts'
import { hexNumber, type UbootCommand, type UbootMachine, usage } from '../ubootMachine.ts'

const blockBytes = 512

const mmcUsage = 'MMC sub system\n\nUsage:\nmmc info - display info of the current MMC device\nmmc read addr blk# cnt\nmmc write addr blk# cnt\nmmc dev [dev] [part] - show or set current mmc device [partition]'

export const mmcCommand: UbootCommand = async (words, machine) => {
  const { emmc } = machine
  const [, sub = '', ...rest] = words
  if (!emmc) { machine.say('No MMC device available\n'); return 1 }
  if (sub === 'dev') { machine.say('switch to partitions #0, OK\nmmc0(part 0) is current device\n'); return 0 }
  if (sub === 'info') { machine.say(`Device: himci.0\nManufacturer ID: 15\nOEM: 100\nName: 8GND3 \nRd Block Len: ${blockBytes}\nMMC version 5.1\nHigh Capacity: Yes\nCapacity: ${emmcBytes / 1048576} MiB\nBus Width: 8-bit\n`); return 0 }
  if (sub === 'read' || sub === 'write') return move(sub, rest, machine, emmc)
  return usage(machine, 'mmc', mmcUsage)
}

async function move(verb: 'read' | 'write', given: readonly string[], machine: UbootMachine, emmc: SimEmmc): Promise<number> {
  const words = emmc.dialect === 'vendor' ? given.slice(1) : given
  if (given.length !== (emmc.dialect === 'vendor' ? 4 : 3)) return usage(machine, 'mmc', mmcUsage)
  const [address, block, count] = words.map(hexNumber)
  if (address === undefined || block === undefined || count === undefined) return usage(machine, 'mmc', mmcUsage)
  const fits = (block + count) * blockBytes <= emmcBytes
  machine.say(`\nMMC ${verb}: dev # 0, block # ${block}, count ${count} ... `)
  if (!fits) machine.say(`MMC: block number 0x${(block + count).toString(16)} exceeds max(0x${(emmcBytes / blockBytes).toString(16)})\n`)
  const lengthBytes = count * blockBytes
  await machine.pause(lengthBytes / machine.timing.flashReadBytesPerMs)
  if (fits && verb === 'write') {
    machine.touchFlash()
    const wrong = machine.behaviours.ask('onProgram', block * blockBytes, machine.ram.read(address, blockBytes))
    emmc.cells.write(block * blockBytes, machine.ram.read(address, lengthBytes))
    if (wrong) emmc.cells.write(block * blockBytes, wrong)
  }
  if (fits && verb === 'read' && machine.behaviours.ask('onFlashRead', block * blockBytes, lengthBytes) !== 'stale') machine.ram.write(address, emmc.cells.read(block * blockBytes, lengthBytes))
  machine.say(`${fits ? count : 0} blocks ${verb === 'read' ? 'read' : 'written'}: ${fits ? 'OK' : 'ERROR'}\n`)
  return fits ? 0 : 1
}
