/**
 * What U-Boot's texts mean. Everything here asks for a positive statement: an empty or unknown answer is never "fine".
 * Texts were read in the sources of the builds that cameras carry (2016.11 of the vendor tree) and of a current mainline build.
 */
export type Classified =
  | { readonly kind: 'ok' }
  | { readonly kind: 'unknown-command'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }

const errorLine =
  /^(?:## Error\b.*|\*\*\* ERROR.*|ERROR\b.*|.*\bERROR(?: -?\d+)?$|.*\b[Ff]ailed\b.*|No SPI flash selected.*|Usage:.*|.*not erased.*|Abort|data abort.*|.*[Ee]xceeds device limit.*)$/

export function classifyAnswer(output: string, exitCode: number | undefined): Classified {
  for (const line of output.split('\n')) {
    const text = line.trim()
    if (/^Unknown command\b/.test(text)) return { kind: 'unknown-command', text }
    if (errorLine.test(text)) return { kind: 'error', text }
  }
  if (exitCode !== undefined && exitCode !== 0) {
    return { kind: 'error', text: output.split('\n').at(-1)?.trim() || `return code ${exitCode}` }
  }
  return { kind: 'ok' }
}

export interface ProbedFlash {
  readonly flashBytes: number
  readonly chipName: string
  readonly eraseBlockBytes: number
  /** Maker and device as the chip itself tells them, where the build prints it: `c22018`. */
  readonly jedecId?: string
}

const unitBytes = { B: 1, K: 1024, KB: 1024, KiB: 1024, M: 1048576, MB: 1048576, MiB: 1048576 } as const
const sizeText = '(\\d+) ?(MiB|KiB|MB|KB|M|K|B)'

function bytesOf(count: string | undefined, unit: string | undefined): number {
  const factor = Object.entries(unitBytes).find(([name]) => name === unit)?.[1]
  return count === undefined || factor === undefined ? 0 : Number(count) * factor
}

/** Both dialects of `sf probe`: mainline's "SF: Detected … total 16 MiB" and the vendor's `Block:64KB Chip:16MB Name:"…"`. */
export function parseProbe(output: string): ProbedFlash | undefined {
  const flash = parseFlashSizes(output)
  const id = /\bID: ?0x([0-9a-f]{2})[ ,]+0x([0-9a-f]{2})[ ,]+0x([0-9a-f]{2})\b/i.exec(output)
  return flash && id ? { ...flash, jedecId: id.slice(1).join('').toLowerCase() } : flash
}

function parseFlashSizes(output: string): ProbedFlash | undefined {
  const mainline = new RegExp(`SF: Detected (\\S+) with page size .*?erase size ${sizeText}.*?total ${sizeText}`).exec(output)
  if (mainline) {
    return { chipName: mainline[1] ?? '', eraseBlockBytes: bytesOf(mainline[2], mainline[3]), flashBytes: bytesOf(mainline[4], mainline[5]) }
  }
  const vendor = new RegExp(`Block: ?${sizeText} +Chip: ?${sizeText} +Name: ?"([^"]{0,64})"`).exec(output)
  if (vendor) {
    return { eraseBlockBytes: bytesOf(vendor[1], vendor[2]), flashBytes: bytesOf(vendor[3], vendor[4]), chipName: vendor[5] ?? '' }
  }
  const total = new RegExp(`SPI Nor total size: ?${sizeText}`).exec(output)
  return total ? { chipName: '', eraseBlockBytes: 0x10000, flashBytes: bytesOf(total[1], total[2]) } : undefined
}

/** `SF: N bytes @ 0xOFF Written: OK`. The numbers count too: a command cut short on the wire writes something else and is pleased with it. */
export function parseFlashDone(output: string, verb: 'Erased' | 'Written' | 'Read'): { readonly lengthBytes: number; readonly offsetBytes: number } | undefined {
  const done = new RegExp(`SF: (\\d+) bytes @ (0x[0-9a-fA-F]+|0) ${verb}: OK`).exec(output)
  return done ? { lengthBytes: Number(done[1]), offsetBytes: Number(done[2]) } : undefined
}

/** `crc32 for START ... END ==> XXXXXXXX`; one build writes CRC32. END is the last address, not one past it. */
export function parseCrc(output: string): { readonly firstAddress: number; readonly lastAddress: number; readonly crc32: string } | undefined {
  const line = /crc32 for ([0-9a-f]{1,16}) \.\.\. ([0-9a-f]{1,16}) ==> ([0-9a-f]{8})(?![0-9a-f])/i.exec(output)
  if (!line) return undefined
  return { firstAddress: parseInt(line[1] ?? '', 16), lastAddress: parseInt(line[2] ?? '', 16), crc32: (line[3] ?? '').toLowerCase() }
}

/** "done" is printed before the count, so only the count tells. */
export function parseFetched(output: string): { readonly lengthBytes: number } | undefined {
  const line = /Bytes transferred = (\d+) \(([0-9a-f]+) hex\)/i.exec(output)
  // Said twice on the wire: both must agree, or one of them was garbled.
  return line && parseInt(line[2] ?? '', 16) === Number(line[1]) ? { lengthBytes: Number(line[1]) } : undefined
}

/** U-Boot would start the transfer again, for ever; we do not wait for that. */
export const fetchIsHopeless = /TFTP error: |Retry count exceeded|ARP Retry count exceeded|No ethernet found|'ethaddr' not set|PHY.{0,40}(?:not found|not link|no link)|Retry time exceeded/i

export const isAlive = (output: string): boolean => /\bis alive\b/.test(output)

/** `undefined`: the variable is not set. */
export function parseVariable(output: string, name: string): string | undefined {
  const line = output.split('\n').find((each) => each.startsWith(`${name}=`))
  return line?.slice(name.length + 1).trim()
}

export const uBootBanner = /U-Boot (?:SPL )?\d{4}\.\d{2}/
