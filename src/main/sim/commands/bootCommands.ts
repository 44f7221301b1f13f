import { crc32 } from '../../../shared/bytes/crc32.ts'
import { ubootVersion } from '../bootText.ts'
import { isBlank, ramBytes } from '../memory.ts'
import { hexNumber, hexText, hexWord, LeaveUboot, type UbootCommand, type UbootMachine, usage } from '../ubootMachine.ts'

const legacyMagic = 0x27051956
const headerBytes = 64

/** Boots any content that is not blank; an image with a good header must have a good body too. */
export const bootm: UbootCommand = async ([, addressWord], machine) => {
  const address = hexNumber(addressWord ?? machine.environment.get('baseaddr'))
  if (address === undefined) return usage(machine, 'bootm', 'boot application image from memory')
  const header = machine.ram.read(address, headerBytes)
  if (isBlank(header)) {
    machine.say("Wrong Image Format for bootm command\nERROR: can't get kernel image!\n")
    return 1
  }
  const view = new DataView(header.buffer)
  machine.say(`## Booting kernel from Legacy Image at ${hexWord(address)} ...\n`)
  if (view.getUint32(0) === legacyMagic && headerIsGood(header)) {
    const lengthBytes = view.getUint32(12)
    const name = new TextDecoder('latin1').decode(header.subarray(32, 64)).replace(/\0.*$/s, '')
    machine.say(`   Image Name:   ${name}\n   Image Type:   ARM Linux Kernel Image (uncompressed)\n   Data Size:    ${lengthBytes} Bytes = ${(lengthBytes / 1024 / 1024).toFixed(1)} MiB\n`
      + `   Load Address: ${hexWord(view.getUint32(16))}\n   Entry Point:  ${hexWord(view.getUint32(20))}\n   Verifying Checksum ... `)
    await machine.pause(lengthBytes / machine.timing.crcBytesPerMs)
    if (lengthBytes > ramBytes || crc32(machine.ram.read(address + headerBytes, lengthBytes)) !== view.getUint32(24)) {
      machine.say("Bad Data CRC\nERROR: can't get kernel image!\n")
      return 1
    }
    machine.say('OK\n')
  }
  machine.say('   Loading Kernel Image ... OK\nOK\n')
  await machine.drained()
  throw new LeaveUboot('linux')
}

function headerIsGood(header: Uint8Array): boolean {
  const stored = new DataView(header.buffer, header.byteOffset).getUint32(4)
  const cleared = header.slice()
  cleared.fill(0, 4, 8)
  return crc32(cleared) === stored
}

export const reset: UbootCommand = async (_words, machine) => {
  machine.say('resetting ...\n')
  await machine.drained()
  throw new LeaveUboot('reset')
}

export const echo: UbootCommand = async ([, ...words], machine) => {
  const text = words.join(' ')
  machine.say(text.endsWith('\\c') ? text.slice(0, -2) : `${text}\n`)
  return 0
}

export const sleepCommand: UbootCommand = async ([, seconds], machine) => {
  const endMs = machine.clock.nowMs() + 1000 * (Number(seconds) || 0)
  while (machine.clock.nowMs() < endMs) {
    await machine.pause(100)
    if (machine.keyboard.takeInterrupt()) return 1
  }
  return 0
}

export const version: UbootCommand = async (_words, machine) => {
  machine.say(`${machine.behaviours.ask('ubootVersion') ?? ubootVersion} ${machine.soc}\narm-openipc-linux-musleabi-gcc 12.3.0\nGNU ld 2.40\n`)
  return 0
}

export const bdinfo: UbootCommand = async (_words, machine: UbootMachine) => {
  const { environment } = machine
  machine.say(`arch_number = 0x00001F40\nboot_params = 0x40000100\nDRAM bank   = 0x00000000\n-> start    = 0x40000000\n-> size     = ${hexText(ramBytes)}\n`
    + `ethaddr     = ${environment.get('ethaddr') ?? ''}\nip_addr     = ${environment.get('ipaddr') ?? ''}\nbaudrate    = 115200 bps\nrelocaddr   = 0x43F2B000\n`)
  return 0
}
