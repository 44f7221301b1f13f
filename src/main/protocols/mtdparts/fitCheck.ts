import type { MtdPart } from './parser.ts'

/** `error`: writing by this table damages something. `warning`: it works, and somebody should look. */
export interface FitFinding {
  readonly severity: 'error' | 'warning'
  /** Name of the partition it is about. */
  readonly part: string
  readonly message: string
}

interface Extent {
  readonly part: MtdPart
  readonly startBytes: number
  readonly endBytes: number
}

const hex = (value: number): string => `0x${value.toString(16)}`

function findingsOf({ part, startBytes, endBytes }: Extent, flashBytes: number, eraseBytes: number): readonly FitFinding[] {
  const { name } = part
  const found: FitFinding[] = []
  const error = (message: string): void => { found.push({ severity: 'error', part: name, message }) }
  if (startBytes >= flashBytes) error(`${name} begins at ${hex(startBytes)}, behind the end of the flash at ${hex(flashBytes)}`)
  else if (endBytes > flashBytes) error(`${name} ends at ${hex(endBytes)}, ${endBytes - flashBytes} bytes behind the end of the flash`)
  if (startBytes % eraseBytes !== 0) error(`${name} begins at ${hex(startBytes)}, inside an erase block of ${hex(eraseBytes)}: erasing it takes a piece of its neighbour`)
  // Linux keeps such a partition read-only, which is fine for a boot loader and bad for a file system.
  if (endBytes % eraseBytes !== 0 && endBytes < flashBytes) found.push({ severity: part.readOnly ? 'warning' : 'error', part: name, message: `${name} ends at ${hex(endBytes)}, inside an erase block of ${hex(eraseBytes)}` })
  return found
}

function neighbours(extents: readonly Extent[], flashBytes: number): readonly FitFinding[] {
  const found: FitFinding[] = []
  const sorted = extents.toSorted((a, b) => a.startBytes - b.startBytes || b.endBytes - a.endBytes)
  let reached: Extent | undefined
  for (const next of sorted) {
    const { name } = next.part
    const endBytes = reached?.endBytes ?? 0
    if (next.startBytes > endBytes) found.push({ severity: 'warning', part: name, message: `${next.startBytes - endBytes} bytes before ${name}, from ${hex(endBytes)}, belong to no partition` })
    if (reached && next.startBytes < endBytes) {
      // One inside the other is how a second name for several partitions is written.
      const inside = next.endBytes <= endBytes
      found.push({ severity: inside ? 'warning' : 'error', part: name, message: `${name} ${inside ? 'lies inside' : 'overlaps'} ${reached.part.name}, which ends at ${hex(endBytes)}` })
    }
    if (next.endBytes > endBytes) reached = next
  }
  const endBytes = reached?.endBytes ?? 0
  if (reached && endBytes < flashBytes) found.push({ severity: 'warning', part: reached.part.name, message: `${flashBytes - endBytes} bytes after ${reached.part.name} belong to no partition` })
  return found
}

/** Of one device. Empty: the table covers the flash from end to end without a flaw. Lengths in bytes, both more than 0. */
export function fitCheck(parts: readonly MtdPart[], flashBytes: number, eraseBytes: number): readonly FitFinding[] {
  const extents = parts.map((part): Extent => ({
    part, startBytes: part.offsetBytes, endBytes: part.lengthBytes === undefined ? Math.max(flashBytes, part.offsetBytes) : part.offsetBytes + part.lengthBytes,
  }))
  return [...extents.flatMap((extent) => findingsOf(extent, flashBytes, eraseBytes)), ...neighbours(extents, flashBytes)]
}
