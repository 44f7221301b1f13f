import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { comPortCommands, type OptionVerb, telnetCodes, telnetOptions } from './frame.ts'

const codeOf: Readonly<Record<OptionVerb, number>> = { will: telnetCodes.will, wont: telnetCodes.wont, do: telnetCodes.willDo, dont: telnetCodes.dont }

/** Data for the line: 255 is doubled. Without a 255 the same bytes come back, not a copy. */
export function writeData(bytes: Uint8Array): Uint8Array {
  let escapes = 0
  for (const byte of bytes) if (byte === telnetCodes.escape) escapes += 1
  if (escapes === 0) return bytes
  const escaped = new Uint8Array(bytes.length + escapes)
  let at = 0
  for (const byte of bytes) {
    escaped[at] = byte
    at += 1
    if (byte === telnetCodes.escape) { escaped[at] = byte; at += 1 }
  }
  return escaped
}

export const writeOption = (verb: OptionVerb, option: number): Uint8Array => Uint8Array.of(telnetCodes.escape, codeOf[verb], option)

const writePortCommand = (command: number, payload: Uint8Array): Uint8Array => joinBytes([
  Uint8Array.of(telnetCodes.escape, telnetCodes.begin, telnetOptions.comPort, command), writeData(payload), Uint8Array.of(telnetCodes.escape, telnetCodes.end),
])

/** 1 to 2^32 - 1. Zero would be a question for the present rate. */
export function writeSetBaudRate(baudRate: number): Uint8Array {
  const payload = new Uint8Array(4)
  new DataView(payload.buffer).setUint32(0, baudRate, false)
  return writePortCommand(comPortCommands.setBaudRate, payload)
}

export type SmallCommand = Exclude<keyof typeof comPortCommands, 'setBaudRate'>

/** The commands with a value of one byte. */
export const writePortSetting = (command: SmallCommand, value: number): Uint8Array => writePortCommand(comPortCommands[command], Uint8Array.of(value))
