import type { MtdDevice, MtdPart } from './parser.ts'

const kib = 1024

/** Whole KiB as people write them (`3072k`), anything else in bytes, as hex. */
const amount = (bytes: number): string => (bytes % kib === 0 && bytes > 0 ? `${bytes / kib}k` : `0x${bytes.toString(16)}`)

function partText({ name, offsetBytes, lengthBytes, ...flags }: MtdPart, expectedOffsetBytes: number): string {
  const size = lengthBytes === undefined ? '-' : amount(lengthBytes)
  const offset = offsetBytes === expectedOffsetBytes ? '' : `@0x${offsetBytes.toString(16)}`
  return `${size}${offset}(${name})${flags.readOnly ? 'ro' : ''}${flags.keepLocked ? 'lk' : ''}${flags.slcMode ? 'slc' : ''}`
}

/** Without the `mtdparts=` in front. What the parser makes of it is what was given. */
export function printMtdDevices(devices: readonly MtdDevice[]): string {
  return devices.map(({ id, parts }) => {
    let nextBytes = 0
    const list = parts.map((part) => {
      const text = partText(part, nextBytes)
      nextBytes = part.offsetBytes + (part.lengthBytes ?? 0)
      return text
    })
    return `${id === '' ? '' : `${id}:`}${list.join(',')}`
  }).join(';')
}
