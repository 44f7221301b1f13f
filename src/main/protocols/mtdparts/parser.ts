import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** `lengthBytes` is absent for the last one, `-(name)`: it takes the rest. */
export interface MtdPart {
  readonly name: string
  readonly offsetBytes: number
  readonly lengthBytes: number | undefined
  readonly readOnly: boolean
  /** `lk`: the kernel does not unlock it. */
  readonly keepLocked: boolean
  /** `slc`: used with one bit a cell. */
  readonly slcMode: boolean
}

/** One flash chip. `id` is the driver's name for it, such as `hi_sfc`; empty when the text names none. */
export interface MtdDevice {
  readonly id: string
  readonly parts: readonly MtdPart[]
}

const factors: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024, g: 1024 * 1024 * 1024 }
const maxTextLength = 8192
const maxDevices = 8
const maxParts = 64

function malformed(text: string, why: string): WorkbenchError {
  return new WorkbenchError('input/malformed', `mtdparts "${text.slice(0, 80)}": ${why}`, {
    hint: 'Example: hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)',
  })
}

/** Decimal or hex with k, m or g. A leading zero is refused: the kernel takes such a number for octal, people do not. */
function parseAmount(text: string): number | undefined {
  const match = /^(0x[0-9a-f]+|0|[1-9]\d*)([kmg]?)$/i.exec(text)
  const bytes = match ? Number(match[1]) * (factors[(match[2] ?? '').toLowerCase()] ?? Number.NaN) : Number.NaN
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

// No spaces, quotes, dollars or semicolons: a boot loader's shell would take such a name apart.
const partPattern = /^([^@()]+?)(?:@([^()]+?))?(?:\(([\w.+/:#-]{1,64})\))?((?:ro|lk|slc)*)$/

function parseParts(list: string, text: string): readonly MtdPart[] {
  if (list === '') throw malformed(text, 'it is empty')
  const parts: MtdPart[] = []
  const names = new Set<string>()
  let nextOffsetBytes: number | undefined = 0
  for (const item of list.split(',')) {
    const match = partPattern.exec(item.trim())
    if (!match) throw malformed(text, `"${item.slice(0, 40)}" is not a partition`)
    const [, size = '', offset, name = `mtd${parts.length}`, flags = ''] = match
    if (nextOffsetBytes === undefined) throw malformed(text, `"${name}" follows the partition that takes the rest`)
    const lengthBytes = size === '-' ? undefined : parseAmount(size)
    if (size !== '-' && (lengthBytes === undefined || lengthBytes === 0)) throw malformed(text, `"${size.slice(0, 40)}" is not a size`)
    const offsetBytes: number | undefined = offset === undefined ? nextOffsetBytes : parseAmount(offset)
    if (offsetBytes === undefined) throw malformed(text, `"${offset?.slice(0, 40) ?? ''}" is not an offset`)
    const endBytes: number = offsetBytes + (lengthBytes ?? 0)
    if (!Number.isSafeInteger(endBytes)) throw malformed(text, `"${name}" ends beyond any flash`)
    if (names.has(name)) throw malformed(text, `the name "${name}" occurs twice`)
    if (parts.length >= maxParts) throw malformed(text, `it has more than ${maxParts} partitions`)
    names.add(name)
    parts.push({ name, offsetBytes, lengthBytes, readOnly: flags.includes('ro'), keepLocked: flags.includes('lk'), slcMode: flags.includes('slc') })
    nextOffsetBytes = lengthBytes === undefined ? undefined : endBytes
  }
  return parts
}

function parseDevice(item: string, text: string): MtdDevice {
  // An id may hold colons itself (a bus address), names in brackets too; the last one before the first bracket is the one that counts.
  const bracket = item.indexOf('(')
  const colon = (bracket < 0 ? item : item.slice(0, bracket)).lastIndexOf(':')
  const id = item.slice(0, Math.max(0, colon)).trim()
  if (id !== '' && !/^[\w.:@/+-]{1,64}$/.test(id)) throw malformed(text, `"${id.slice(0, 40)}" is not the name of a flash device`)
  return { id, parts: parseParts(item.slice(colon + 1), text) }
}

/**
 * The kernel's grammar: `[mtdparts=]ID:SIZE[@OFFSET][(NAME)][ro][lk][slc],…;ID:…`, sizes decimal or hex with k, m or g, `-` for the rest
 * and only as the last of its device. Every device needs its own id. `input/malformed`.
 */
export function parseMtdDevices(given: string): readonly MtdDevice[] {
  const text = given.trim().replace(/^mtdparts=/, '')
  if (text.length > maxTextLength) throw malformed(text, `it is longer than ${maxTextLength} characters`)
  const items = text.split(';')
  if (items.length > maxDevices) throw malformed(text, `it names more than ${maxDevices} flash devices`)
  const devices = items.map((item) => parseDevice(item, text))
  devices.forEach(({ id }, position) => {
    if (id === '' && devices.length > 1) throw malformed(text, 'with several flash devices each needs its name')
    if (devices.findIndex((each) => each.id === id) !== position) throw malformed(text, `the device "${id}" occurs twice`)
  })
  return devices
}

/** The same for a camera's only flash chip: with two (`;`) nobody could say which was meant, so that is refused. */
export function parseMtdparts(given: string): readonly MtdPart[] {
  const [only, second] = parseMtdDevices(given)
  if (!only || second) throw malformed(given.trim(), 'it names more than one flash device')
  return only.parts
}
