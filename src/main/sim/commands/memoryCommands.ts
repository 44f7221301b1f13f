import { crc32, hexCrc } from '../../../shared/bytes/crc32.ts'
import { ramBytes } from '../memory.ts'
import { hexNumber, hexText, hexWord, type UbootCommand, usage } from '../ubootMachine.ts'

const widthOf = (name: string): 1 | 2 | 4 => (name.endsWith('.b') ? 1 : name.endsWith('.w') ? 2 : 4)

function valueBytes(value: number, width: 1 | 2 | 4): Uint8Array {
  return Uint8Array.from({ length: width }, (_, index) => (value >>> (8 * index)) & 0xff)
}

export const crc32Command: UbootCommand = async ([, addressWord, lengthWord, storeWord], machine) => {
  const address = hexNumber(addressWord)
  const length = hexNumber(lengthWord)
  if (address === undefined || length === undefined) return usage(machine, 'crc32', 'checksum calculation\n\nUsage:\ncrc32 address count [addr]')
  if (length > ramBytes) return usage(machine, 'crc32', 'count is larger than the memory')
  await machine.pause(length / machine.timing.crcBytesPerMs)
  const sum = crc32(machine.ram.read(address, length))
  machine.say(`crc32 for ${hexWord(address)} ... ${hexWord(address + length - 1)} ==> ${hexCrc(sum)}\n`)
  const store = hexNumber(storeWord)
  if (store !== undefined) machine.ram.write(store, valueBytes(sum, 4).reverse())
  return 0
}

export const md: UbootCommand = async ([name = 'md', addressWord, countWord], machine) => {
  const address = hexNumber(addressWord)
  const width = widthOf(name)
  const count = hexNumber(countWord ?? '40')
  if (address === undefined || count === undefined) return usage(machine, 'md', 'memory display\n\nUsage:\nmd [.b, .w, .l] address [# of objects]')
  const total = Math.min(count * width, ramBytes)
  for (let at = 0; at < total; at += 16) {
    const row = machine.ram.read(address + at, Math.min(16, total - at))
    machine.say(`${hexWord(address + at)}: ${rowText(row, width)}\n`)
    // The console is the slow part, and the only place where Ctrl-C is looked for.
    await machine.drained()
    if (machine.keyboard.takeInterrupt()) { machine.say('\n'); return 1 }
  }
  return 0
}

function rowText(row: Uint8Array, width: 1 | 2 | 4): string {
  let numbers = ''
  for (let at = 0; at < 16; at += width) {
    const digits = [...row.subarray(at, at + width)].reverse().map((byte) => byte.toString(16).padStart(2, '0')).join('')
    numbers += at < row.length ? `${digits} ` : ' '.repeat(width * 2 + 1)
  }
  const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
  return `${numbers}   ${text}`
}

export const mw: UbootCommand = async ([name = 'mw', addressWord, valueWord, countWord], machine) => {
  const address = hexNumber(addressWord)
  const value = hexNumber(valueWord)
  const count = hexNumber(countWord ?? '1')
  if (address === undefined || value === undefined || count === undefined) {
    return usage(machine, 'mw', 'memory write (fill)\n\nUsage:\nmw [.b, .w, .l] address value [count]')
  }
  const width = widthOf(name)
  const lengthBytes = Math.min(count * width, ramBytes)
  await machine.pause(lengthBytes / (machine.timing.ramFillBytesPerMs * (width / 4)))
  machine.ram.fill(address, lengthBytes, valueBytes(value, width))
  return 0
}

export const cp: UbootCommand = async ([name = 'cp', fromWord, toWord, countWord], machine) => {
  const from = hexNumber(fromWord)
  const to = hexNumber(toWord)
  const count = hexNumber(countWord)
  if (from === undefined || to === undefined || !count) return usage(machine, 'cp', 'memory copy\n\nUsage:\ncp [.b, .w, .l] source target count')
  const lengthBytes = Math.min(count * widthOf(name), ramBytes)
  await machine.pause(lengthBytes / machine.timing.ramFillBytesPerMs)
  machine.ram.write(to, machine.ram.read(from, lengthBytes))
  return 0
}

export const cmp: UbootCommand = async ([name = 'cmp', oneWord, otherWord, countWord], machine) => {
  const one = hexNumber(oneWord)
  const other = hexNumber(otherWord)
  const count = hexNumber(countWord)
  if (one === undefined || other === undefined || !count) return usage(machine, 'cmp', 'memory compare\n\nUsage:\ncmp [.b, .w, .l] addr1 addr2 count')
  const width = widthOf(name)
  const what = width === 1 ? 'byte' : width === 2 ? 'halfword' : 'word'
  const lengthBytes = Math.min(count * width, ramBytes)
  await machine.pause(lengthBytes / machine.timing.crcBytesPerMs)
  const left = machine.ram.read(one, lengthBytes)
  const right = machine.ram.read(other, lengthBytes)
  const differs = left.findIndex((byte, index) => byte !== right[index])
  const same = differs < 0 ? count : Math.floor(differs / width)
  if (differs >= 0) {
    const shown = (bytes: Uint8Array): string => hexText([...bytes.subarray(same * width, (same + 1) * width)].reduceRight((sum, byte) => sum * 256 + byte, 0))
    machine.say(`${what} at 0x${hexWord(one + same * width)} (${shown(left)}) != ${what} at 0x${hexWord(other + same * width)} (${shown(right)})\n`)
  }
  machine.say(`Total of ${same} ${what}(s) were the same\n`)
  return differs < 0 ? 0 : 1
}
