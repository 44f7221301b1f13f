import { nandBlockBytes, nandBytes, nandPageBytes, type NandFlash } from '../nandFlash.ts'
import type { NandSpan } from '../nandUbi.ts'
import { hexNumber, hexText, hexWord, type UbootCommand, type UbootMachine, usage } from '../ubootMachine.ts'

const nandUsage = 'NAND sub-system\n\nUsage:\nnand info - show available NAND devices\nnand read - addr off|partition size\nnand write - addr off|partition size\n'
  + 'nand erase[.spread] [clean] off size - erase \'size\' bytes from offset \'off\'\nnand bad - show bad blocks\nnand markbad off [...] - mark bad block(s) at offset (UNSAFE)'

type NandCommand = (words: readonly string[], machine: UbootMachine, nand: NandFlash) => Promise<number>

/** Nothing where the camera has no NAND. */
export const nandCommand: UbootCommand = async (words, machine) => {
  const run = subCommands[words[1] ?? '']
  return run && machine.nand ? run(words, machine, machine.nand) : usage(machine, 'nand', nandUsage)
}

const info: NandCommand = async (_words, machine) => {
  machine.say(`\nDevice 0: nand0, sector size ${nandBlockBytes / 1024} KiB\n  Page size     ${String(nandPageBytes).padStart(8)} b\n  OOB size            64 b\n`
    + `  Erase size    ${String(nandBlockBytes).padStart(8)} b\n  ecc strength         4 bits\n  ecc step size      512 b\n  subpagesize       2048 b\n  options       0x00000200\n  bbt options   0x00000000\n`)
  return 0
}

const bad: NandCommand = async (_words, machine, nand) => {
  machine.say('\nDevice 0 bad blocks:\n')
  for (let at = 0; at < nandBytes; at += nandBlockBytes) if (nand.isBad(at)) machine.say(`  0x${hexWord(at)}\n`)
  return 0
}

const markbad: NandCommand = async ([, , ...offsets], machine, nand) => {
  for (const word of offsets) {
    const at = hexNumber(word) ?? 0
    nand.markBad(at)
    machine.say(`block 0x${hexWord(at)} successfully marked as bad\n`)
  }
  return 0
}

function spanOf(machine: UbootMachine, offsetWord: string | undefined, lengthWord: string | undefined): NandSpan | undefined {
  const offsetBytes = hexNumber(offsetWord)
  const lengthBytes = hexNumber(lengthWord)
  if (offsetBytes === undefined || lengthBytes === undefined) {
    machine.say('Offset or partition name expected\n')
    return undefined
  }
  if (offsetBytes + lengthBytes > nandBytes) {
    machine.say('Size exceeds partition or device limit\n')
    return undefined
  }
  machine.say(`device 0 offset ${hexText(offsetBytes)}, size ${hexText(lengthBytes)}\n`)
  return { offsetBytes, lengthBytes }
}

const erase: NandCommand = async (words, machine, nand) => {
  // A missing length is refused here, other than for sf.
  if (words.length !== 4) return usage(machine, 'nand', nandUsage)
  machine.say('\nNAND erase: ')
  const span = spanOf(machine, words[2], words[3])
  if (!span) return 1
  if (span.offsetBytes % nandBlockBytes !== 0) {
    machine.say('Attempt to erase non block-aligned data\nERROR\n')
    return 1
  }
  machine.touchFlash()
  for (let at = span.offsetBytes; at < span.offsetBytes + span.lengthBytes; at += nandBlockBytes) {
    if (nand.isBad(at)) { machine.say(`\rSkipping bad block at  0x${hexWord(at)}                                          \n`); continue }
    await machine.pause(machine.timing.eraseBlockMs / 15)
    const odd = machine.behaviours.ask('onNandErase', at)
    if (odd === 'fails') { machine.say(`\nnand0: MTD Erase failure: -5\n`); continue }
    if (odd !== 'lies') nand.erase(at)
    const percent = Math.floor((100 * (at + nandBlockBytes - span.offsetBytes)) / span.lengthBytes)
    if (percent % 10 === 0) machine.say(`\rErasing at ${hexText(at)} -- ${String(percent).padStart(3)}% complete.`)
  }
  machine.say('\nOK\n')
  return 0
}

/** Good blocks from an offset on, with a line for each that is left out. `undefined`: the chip ends before. */
function* pieces(machine: UbootMachine, nand: NandFlash, span: NandSpan, line: (at: number) => string): Generator<{ readonly at: number; readonly done: number; readonly length: number } | undefined> {
  let at = span.offsetBytes
  for (let done = 0; done < span.lengthBytes;) {
    if (at >= nandBytes) { yield undefined; return }
    if (nand.isBad(at)) {
      machine.say(line(at - (at % nandBlockBytes)))
      at += nandBlockBytes - (at % nandBlockBytes)
      continue
    }
    const length = Math.min(nandBlockBytes - (at % nandBlockBytes), span.lengthBytes - done)
    yield { at, done, length }
    at += length
    done += length
  }
}

const write: NandCommand = async ([, , addressWord, offsetWord, lengthWord], machine, nand) => {
  const address = hexNumber(addressWord)
  if (address === undefined || lengthWord === undefined) return usage(machine, 'nand', nandUsage)
  machine.say('\nNAND write: ')
  const span = spanOf(machine, offsetWord, lengthWord)
  if (!span) return 1
  const failed = (at: number): number => {
    machine.say(`NAND write to offset ${at.toString(16)} failed -5\n 0 bytes written: ERROR\n`)
    return 1
  }
  if (span.lengthBytes % nandPageBytes !== 0) { machine.say('Attempt to write non page-aligned data\n 0 bytes written: ERROR\n'); return 1 }
  machine.touchFlash()
  for (const piece of pieces(machine, nand, span, (at) => `Skip bad block 0x${hexWord(at)}\n`)) {
    if (!piece) return failed(nandBytes)
    await machine.pause((piece.length / 1024) * (machine.timing.programKibMs / 5))
    const bytes = machine.ram.read(address + piece.done, piece.length)
    for (let page = 0; page < piece.length; page += nandPageBytes) {
      if (!nand.program(piece.at + page, bytes.subarray(page, page + nandPageBytes))) return failed(piece.at + page)
    }
  }
  machine.say(` ${span.lengthBytes} bytes written: OK\n`)
  return 0
}

const read: NandCommand = async ([, , addressWord, offsetWord, lengthWord], machine, nand) => {
  const address = hexNumber(addressWord)
  if (address === undefined || lengthWord === undefined) return usage(machine, 'nand', nandUsage)
  machine.say('\nNAND read: ')
  const span = spanOf(machine, offsetWord, lengthWord)
  if (!span) return 1
  await machine.pause(span.lengthBytes / machine.timing.flashReadBytesPerMs)
  const stale = machine.behaviours.ask('onFlashRead', span.offsetBytes, span.lengthBytes) === 'stale'
  for (const piece of pieces(machine, nand, span, (at) => `Skipping bad block 0x${hexWord(at)}\n`)) {
    if (!piece) { machine.say(' 0 bytes read: ERROR\n'); return 1 }
    if (!stale) machine.ram.write(address + piece.done, nand.read(piece.at, piece.length))
  }
  machine.say(` ${span.lengthBytes} bytes read: OK\n`)
  return 0
}

const subCommands: Readonly<Record<string, NandCommand>> = { info, bad, markbad, erase, write, read }
