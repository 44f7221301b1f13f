import { crc32 } from '../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface EnvironmentBlock {
  readonly variables: ReadonlyMap<string, string>
  /** The flag byte of the redundant form, where two copies lie in flash and the higher flag counts. Absent in the plain form. */
  readonly redundantFlag: number | undefined
}

/** `erased`: U-Boot writes its defaults there at the next start. `damaged`: the CRC is wrong, so U-Boot uses its defaults. */
export type ParsedEnvironment = EnvironmentBlock | 'erased' | 'damaged'

const crcBytes = 4
const smallestBytes = 16
const maxVariables = 4096

/** Not TextDecoder: its `latin1` is Windows-1252, which does not give 0x80 to 0x9f back. */
function oneByteText(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

function variablesOf(body: Uint8Array): ReadonlyMap<string, string> | undefined {
  const variables = new Map<string, string>()
  const text = oneByteText(body)
  let at = 0
  while (at < text.length && variables.size <= maxVariables) {
    const end = text.indexOf('\0', at)
    // The list ends with an empty entry. Without it, whatever has this CRC is no environment.
    if (end < 0) return undefined
    if (end === at) return variables
    const equals = text.indexOf('=', at)
    // U-Boot doubles backslashes as it stores a value, and takes one off each pair as it loads it.
    if (equals > at && equals < end) variables.set(text.slice(at, equals), text.slice(equals + 1, end).replaceAll(/\\([\s\S])/g, '$1'))
    at = end + 1
  }
  return undefined
}

/** `bytes` is the whole block, as long as U-Boot was built for: the CRC covers all of it. Text is one byte a character, whatever it means. */
export function parseEnvironmentBlock(bytes: Uint8Array): ParsedEnvironment {
  if (bytes.length < smallestBytes) return 'damaged'
  if (bytes.every((byte) => byte === 0xff)) return 'erased'
  const stored = new DataView(bytes.buffer, bytes.byteOffset, crcBytes).getUint32(0, true)
  for (const headBytes of [crcBytes, crcBytes + 1]) {
    const body = bytes.subarray(headBytes)
    if (crc32(body) !== stored) continue
    const variables = variablesOf(body)
    if (variables) return { variables, redundantFlag: headBytes === crcBytes ? undefined : bytes[crcBytes] }
  }
  return 'damaged'
}

/** In the order of the map. `input/malformed` for a name or value that cannot be stored, `input/too-large` when all do not fit. */
export function encodeEnvironmentBlock(variables: ReadonlyMap<string, string>, lengthBytes: number, redundantFlag?: number): Uint8Array {
  const headBytes = redundantFlag === undefined ? crcBytes : crcBytes + 1
  let text = ''
  for (const [name, value] of variables) {
    if (!/^[\x21-\x3c\x3e-\x7e]{1,256}$/.test(name)) throw new WorkbenchError('input/malformed', `"${name.slice(0, 40)}" cannot be the name of a U-Boot variable`)
    // eslint-disable-next-line no-control-regex -- a zero ends a value, and beyond one byte nothing can be stored
    if (!/^[\x01-\xff]*$/.test(value)) throw new WorkbenchError('input/malformed', `The value of ${name} holds a character that U-Boot cannot store`, { context: { name } })
    text += `${name}=${value.replaceAll('\\', '\\\\')}\0`
  }
  const neededBytes = headBytes + text.length + 1
  if (neededBytes > lengthBytes) {
    throw new WorkbenchError('input/too-large', `The U-Boot environment needs ${neededBytes} bytes and has ${lengthBytes}`, { context: { neededBytes, lengthBytes } })
  }
  const block = new Uint8Array(lengthBytes)
  for (let index = 0; index < text.length; index += 1) block[headBytes + index] = text.charCodeAt(index)
  if (redundantFlag !== undefined) block[crcBytes] = redundantFlag
  new DataView(block.buffer).setUint32(0, crc32(block.subarray(headBytes)), true)
  return block
}

const secretName = /pass|psk|secret|token|pwd|pswd|pw(?![a-z])|cred|(^|[_.-])key|key$|wpa/i
const mask = '••••'

/** For display and logs: passwords go, also inside boot arguments and URLs. How long they were is not shown either. */
export function maskEnvironment(variables: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...variables].map(([name, value]) => [name, secretName.test(name) && value !== '' ? mask : maskInside(value)]))
}

const maskInside = (value: string): string => value
  .replaceAll(/([a-z][a-z0-9+.-]{0,15}:\/\/)[^\s/@]+@/gi, `$1${mask}@`)
  .replaceAll(/([\w.-]{1,64})=([^\s;]+)/g, (whole, name: string) => (secretName.test(name) ? `${name}=${mask}` : whole))
