import { toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { LayoutRequest, LayoutRow, LayoutView } from '../../../../shared/restore/layout.schema.ts'
import { fitCheck } from '../../../protocols/mtdparts/fitCheck.ts'
import { type MtdDevice, type MtdPart, parseMtdDevices } from '../../../protocols/mtdparts/parser.ts'
import { printMtdDevices } from '../../../protocols/mtdparts/writer.ts'
import { flashOfTable } from './flashKind.ts'
import { emmcRules, eraseBlockBytes, usualNandBlockBytes } from './layout.ts'

const blockBytes = { nor: eraseBlockBytes, nand: usualNandBlockBytes, emmc: emmcRules.blockBytes } as const

/**
 * A partition table as rows or as text, and what is wrong with it. The grammar is the one that a restore uses: what is said to fit here is
 * what is written there.
 */
export function viewLayout({ text, id, rows, flashType = 'auto', flashBytes }: LayoutRequest): LayoutView {
  const given = text === undefined ? { id, rows: [...rows] } : { id: '', rows: [] }
  if (text === undefined ? rows.length === 0 : text.trim() === '') return { ...given, text: '', parts: [], findings: [] }
  try {
    const device = onlyDevice(text ?? joined(id, rows))
    const { parts } = device
    const kind = flashType === 'auto' ? flashOfTable(printMtdDevices([device]))?.kind ?? 'nor' : flashType
    const endBytes = flashBytes > 0 ? flashBytes : parts.reduce((most, part) => Math.max(most, part.offsetBytes + (part.lengthBytes ?? blockBytes[kind])), 0)
    return {
      id: device.id, rows: text === undefined ? [...rows] : parts.map((part, index) => rowOf(part, parts[index - 1])), text: printMtdDevices([device]),
      parts: parts.map(({ name, offsetBytes, lengthBytes }) => ({ name, offsetBytes, lengthBytes: lengthBytes ?? Math.max(0, endBytes - offsetBytes) })),
      findings: [...fitCheck(parts, endBytes, blockBytes[kind])],
    }
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error
    // Never the table before it: a plan made now would follow what nobody sees any more.
    return { ...given, text: text ?? `!${joinedAsTyped(id, rows)}`, parts: [], findings: [], problem: toWire(error) }
  }
}

function onlyDevice(text: string): MtdDevice {
  const devices = parseMtdDevices(text)
  const [device] = devices
  if (device && devices.length === 1) return device
  throw new WorkbenchError('input/malformed', `The table names ${devices.length} flash devices: ${devices.map(({ id }) => id).join(', ')}`, { hint: 'Give the part of the chip that is restored, from its name to the semicolon' })
}

/** Each field by itself first: a comma in a name would otherwise become another partition. */
function joined(id: string, rows: readonly LayoutRow[]): string {
  rows.forEach(({ name, offset, size, flags }, index) => {
    const bad = (what: string, text: string): WorkbenchError => new WorkbenchError('input/malformed', `Row ${index + 1}: ${text.trim() === '' ? `the ${what} is missing` : `"${text.slice(0, 40)}" is no ${what}`}`, {
      context: { row: index + 1 }, hint: 'Sizes and offsets are like 256k, 8m or 0x40000; the size of the last one may be -',
    })
    if (!/^[\w.+/:#-]{1,64}$/.test(name.trim())) throw bad('name', name)
    if (!/^(?:-|[0-9][0-9a-fx]*[kmg]?)$/i.test(size.trim())) throw bad('size', size)
    if (offset.trim() !== '' && !/^[0-9][0-9a-fx]*[kmg]?$/i.test(offset.trim())) throw bad('offset', offset)
    if (!/^(?:ro|lk|slc)*$/.test(flags.trim())) throw bad('flag', flags)
  })
  if (id.trim() !== '' && !/^[\w.@/+-]{1,64}$/.test(id.trim())) throw new WorkbenchError('input/malformed', `"${id.slice(0, 40)}" is not the name of a flash device`, { hint: 'hi_sfc, hinand and the like; or nothing' })
  return joinedAsTyped(id, rows)
}

const joinedAsTyped = (id: string, rows: readonly LayoutRow[]): string =>
  `${id.trim() === '' ? '' : `${id.trim()}:`}${rows.map(({ name, offset, size, flags }) => `${size.trim()}${offset.trim() === '' ? '' : `@${offset.trim()}`}(${name.trim()})${flags.trim()}`).join(',')}`

function rowOf(part: MtdPart, before: MtdPart | undefined): LayoutRow {
  const follows = part.offsetBytes === (before ? before.offsetBytes + (before.lengthBytes ?? 0) : 0)
  return {
    name: part.name, offset: follows ? '' : `0x${part.offsetBytes.toString(16)}`, size: part.lengthBytes === undefined ? '-' : sizeText(part.lengthBytes),
    flags: `${part.readOnly ? 'ro' : ''}${part.keepLocked ? 'lk' : ''}${part.slcMode ? 'slc' : ''}`,
  }
}

const sizeText = (bytes: number): string => (bytes % 1024 === 0 ? `${bytes / 1024}k` : `0x${bytes.toString(16)}`)
