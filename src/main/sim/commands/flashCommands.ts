import { blockBytes, isFilledWith } from '../memory.ts'
import { hexNumber, hexText, type UbootCommand, type UbootMachine, usage } from '../ubootMachine.ts'

const sfUsage = 'SPI flash sub-system\n\nUsage:\nsf probe [[bus:]cs] [hz] [mode]\nsf read addr offset|partition len\n'
  + 'sf write addr offset|partition len\nsf erase offset|partition [+]len\nsf update addr offset|partition len\nsf lock all|LEVEL'

export const sf: UbootCommand = async (words, machine) => {
  const [, sub = ''] = words
  if (sub === 'probe') return probe(machine)
  const run = subCommands[sub]
  if (!run) return usage(machine, 'sf', sfUsage)
  if (!machine.state.flashProbed) {
    machine.say('No SPI flash selected. Please run `sf probe\'\n')
    return 1
  }
  return run(words, machine)
}

async function probe(machine: UbootMachine): Promise<number> {
  const flashMb = machine.flash.cells.length / 1024 / 1024
  await machine.pause(2)
  machine.state.flashProbed = true
  const id = machine.behaviours.ask('probedId')
  if (id !== undefined) {
    machine.say(`Spi(cs1) ID: ${(id.match(/../g) ?? []).map((byte) => `0x${byte.toUpperCase()}`).join(' ')}\nspi size: ${flashMb}MB\nchip num: 1\nBlock:64KB Chip:${flashMb}MB Name:"MX25L${flashMb * 8}XX"\n`)
    return 0
  }
  machine.say(`SF: Detected W25Q${flashMb * 8} with page size 256 Bytes, erase size 64 KiB, total ${flashMb} MiB\n`)
  return 0
}

interface Range { readonly offset: number; readonly length: number }

/** Without a length it is everything to the end of the chip: a script whose variable is empty overwrites the rest of the flash. */
function rangeOf(machine: UbootMachine, offsetWord: string | undefined, lengthWord: string | undefined, verb: string): Range | undefined {
  const offset = hexNumber(offsetWord)
  const total = machine.flash.cells.length
  const length = lengthWord === undefined && offset !== undefined ? total - offset : hexNumber(lengthWord)
  if (offset === undefined || length === undefined) return undefined
  if (offset + length > total || length < 0) {
    machine.say(`ERROR: attempting ${verb} past flash size (${hexText(total)})\n`)
    return undefined
  }
  return { offset, length }
}

function progress(machine: UbootMachine, verb: string, { offset, length }: Range, done: number): void {
  const percent = Math.floor((100 * done) / length)
  machine.say(`\r${verb} at ${hexText(offset + done)} -- ${String(percent).padStart(3)}% complete.`)
}

const erase: UbootCommand = async ([, , offsetWord, lengthWord = ''], machine) => {
  const rounded = lengthWord.startsWith('+')
  const asked = rangeOf(machine, offsetWord, rounded ? lengthWord.slice(1) : lengthWord, 'erase')
  if (!asked) return 1
  const range = rounded ? { offset: asked.offset, length: Math.ceil(asked.length / blockBytes) * blockBytes } : asked
  if (range.offset % blockBytes !== 0 || range.length % blockBytes !== 0 || range.length === 0 || machine.state.flashLocked) {
    machine.say(`SF: ${range.length} bytes @ ${hexText(range.offset)} Erased: ERROR ${machine.state.flashLocked ? -5 : -22}\n`)
    return 1
  }
  machine.touchFlash()
  for (let done = 0; done < range.length; done += blockBytes) {
    await machine.pause(slowness(machine) * machine.timing.eraseBlockMs)
    machine.flash.erase(range.offset + done, blockBytes)
    progress(machine, 'Erasing', range, done + blockBytes)
  }
  machine.say(`\nSF: ${range.length} bytes @ ${hexText(range.offset)} Erased: OK\n`)
  return 0
}

const write: UbootCommand = async ([, , addressWord, offsetWord, lengthWord], machine) => {
  const address = hexNumber(addressWord)
  const range = rangeOf(machine, offsetWord, lengthWord, 'write')
  if (address === undefined || !range) return 1
  machine.say(`device 0 offset ${hexText(range.offset)}, size ${hexText(range.length)}\n`)
  if (machine.state.flashLocked) {
    machine.say(`SF: ${range.length} bytes @ ${hexText(range.offset)} Written: ERROR -5\n`)
    return 1
  }
  machine.touchFlash()
  await programRange(machine, address, range)
  machine.say(`\nSF: ${range.length} bytes @ ${hexText(range.offset)} Written: OK\n`)
  return 0
}

async function programRange(machine: UbootMachine, address: number, range: Range): Promise<void> {
  const cutAt = machine.behaviours.ask('onFlashWrite', range.offset, range.length) ?? Infinity
  for (let done = 0; done < range.length;) {
    const piece = Math.min(blockBytes, range.length - done, cutAt - done)
    const programmed = machine.flash.program(range.offset + done, machine.ram.read(address + done, piece))
    await machine.pause(slowness(machine) * (programmed / 1024) * machine.timing.programKibMs)
    done += piece
    if (done >= cutAt) machine.cutPower()
    machine.signal.throwIfAborted()
    progress(machine, 'Writing', range, done)
  }
}

const read: UbootCommand = async ([, , addressWord, offsetWord, lengthWord], machine) => {
  const address = hexNumber(addressWord)
  const range = rangeOf(machine, offsetWord, lengthWord, 'read')
  if (address === undefined || !range) return 1
  machine.say(`device 0 offset ${hexText(range.offset)}, size ${hexText(range.length)}\n`)
  await machine.pause(range.length / machine.timing.flashReadBytesPerMs)
  const odd = machine.behaviours.ask('onFlashRead', range.offset, range.length)
  if (odd !== 'stale') {
    machine.ram.write(address, machine.flash.cells.subarray(range.offset, range.offset + range.length))
    if (odd) machine.ram.write(address + odd.wrongOffset - range.offset, Uint8Array.of((machine.flash.cells[odd.wrongOffset] ?? 0) ^ 1))
  }
  machine.say(`SF: ${range.length} bytes @ ${hexText(range.offset)} Read: OK\n`)
  return 0
}

const update: UbootCommand = async ([, , addressWord, offsetWord, lengthWord], machine) => {
  const address = hexNumber(addressWord)
  const range = rangeOf(machine, offsetWord, lengthWord, 'update')
  if (address === undefined || !range) return 1
  machine.touchFlash()
  let skipped = 0
  for (let done = 0; done < range.length;) {
    const at = range.offset + done
    const piece = Math.min(blockBytes - (at % blockBytes), range.length - done)
    if (await updateBlock(machine, at, machine.ram.read(address + done, piece))) skipped += piece
    done += piece
  }
  machine.say(`${range.length - skipped} bytes written, ${skipped} bytes skipped in 0s, speed ${range.length} B/s\n`)
  return 0
}

/** The rest of a block that is only partly replaced survives. Result: true when nothing had to be done. */
async function updateBlock(machine: UbootMachine, at: number, wanted: Uint8Array): Promise<boolean> {
  const start = at - (at % blockBytes)
  const block = machine.flash.cells.slice(start, start + blockBytes)
  const same = wanted.every((byte, index) => byte === block[at - start + index])
  if (same) return true
  block.set(wanted, at - start)
  await machine.pause(slowness(machine) * machine.timing.eraseBlockMs)
  machine.flash.erase(start, blockBytes)
  if (!isFilledWith(block, 0xff)) {
    const programmed = machine.flash.program(start, block)
    await machine.pause(slowness(machine) * (programmed / 1024) * machine.timing.programKibMs)
  }
  return false
}

const lock: UbootCommand = async ([, , level], machine) => {
  if (level === undefined) return usage(machine, 'sf', sfUsage)
  machine.state.flashLocked = level !== '0'
  machine.say(machine.state.flashLocked ? 'lock all blocks.\n' : 'unlock all block.\n')
  return 0
}

const subCommands: Readonly<Record<string, UbootCommand>> = { erase, write, read, update, lock }

const slowness = (machine: UbootMachine): number => machine.behaviours.ask('flashSlowness') ?? 1
