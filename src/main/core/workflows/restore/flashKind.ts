import { headOf, type ImageBytes } from '../../../../shared/bytes/storedBytes.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { FlashKind, RestorePlan, RestoreRequest } from '../../../../shared/restore/restore.schema.ts'
import { parseMtdDevices } from '../../../protocols/mtdparts/parser.ts'
import { fileSystemOf } from '../../../protocols/ubi/fileSystems.ts'
import { isUbiImage } from '../../../protocols/ubi/parser.ts'
import type { RestoreInput } from './rawInput.ts'

export const flashNames: Readonly<Record<FlashKind, string>> = { nor: 'NOR', nand: 'NAND', emmc: 'eMMC' }

/** One thing that is known before the camera is asked, in words that finish "NAND, because …". */
export interface FlashEvidence {
  readonly kind: FlashKind
  readonly why: string
}

export interface FlashFacts {
  readonly wanted: RestoreRequest['flashType']
  readonly input: RestoreInput<ImageBytes>
  readonly mtdparts: string | undefined
  /** What its last proved restore wrote to. */
  readonly lastRestored?: FlashEvidence | undefined
  /** Of the NOR that the rack knows; 0 where it knows none. */
  readonly flashBytes: number
}

/**
 * The kind of flash that a plan is made for. What the input says comes before what is known of the camera, because writing the one to the
 * other is what has to be noticed; two statements that contradict each other are refused, whatever was asked for.
 */
export function chooseFlash({ wanted, input, mtdparts, lastRestored, flashBytes }: FlashFacts): NonNullable<RestorePlan['flash']> {
  const evidence = evidenceOf(input, mtdparts)
  const [first] = evidence
  const other = evidence.find(({ kind }) => kind !== (wanted === 'auto' ? first?.kind : wanted))
  if (other && wanted !== 'auto') {
    throw new WorkbenchError('input/conflict', `This is an image for ${flashNames[other.kind]}, and ${flashNames[wanted]} was asked for: ${other.why}`, {
      context: { asked: wanted, found: other.kind }, hint: `Choose ${flashNames[other.kind]} or auto as the flash type, or another image`,
    })
  }
  if (other && first) {
    throw new WorkbenchError('input/conflict', `The input contradicts itself: ${first.why}, which is ${flashNames[first.kind]}; but ${other.why}, which is ${flashNames[other.kind]}`, {
      context: { first: first.kind, second: other.kind }, hint: 'Correct the partition table, or choose the image that belongs to it',
    })
  }
  if (wanted !== 'auto') return { kind: wanted, reason: 'asked for', isAssumed: false }
  if (first) return { kind: first.kind, reason: first.why, isAssumed: false }
  if (lastRestored) return { kind: lastRestored.kind, reason: lastRestored.why, isAssumed: false }
  return { kind: 'nor', reason: flashBytes > 0 ? `the rack knows a NOR of ${flashBytes / 1048576} MiB` : 'nothing says otherwise', isAssumed: true }
}

function evidenceOf(input: RestoreInput<ImageBytes>, mtdparts: string | undefined): readonly FlashEvidence[] {
  const evidence: FlashEvidence[] = []
  if (input.flash) evidence.push(input.flash)
  const fromTable = mtdparts === undefined ? undefined : flashOfTable(mtdparts)
  if (fromTable) evidence.push(fromTable)
  for (const { source, volume, ...part } of input.parts) {
    const bytes = headOf(part.bytes)
    const fileSystem = fileSystemOf(bytes)
    // Its first block may be the damaged one.
    if (isUbiImage(bytes) || (!volume && ubiStart(bytes) !== undefined)) evidence.push({ kind: 'nand', why: `${source} holds UBI` })
    else if (fileSystem?.kind === 'ubifs') evidence.push({ kind: 'nand', why: `${source} is a UBIFS` })
    else if (input.kind === 'image' && hasDiskTable(bytes)) evidence.push({ kind: 'emmc', why: `${source} begins with a disk's partition table` })
  }
  return evidence
}

/** `hinand:…`: the driver's name tells its flash. Others than these tell nothing, and a table that cannot be read is refused elsewhere. */
export function flashOfTable(mtdparts: string): FlashEvidence | undefined {
  let ids: readonly string[]
  try {
    ids = parseMtdDevices(mtdparts).map(({ id }) => id)
  } catch {
    return undefined
  }
  const [id = ''] = ids
  if (ids.length !== 1 || id === '') return undefined
  const kind = kindOfDevice(id)
  return kind && { kind, why: `the partition table is that of ${id}` }
}

/** By the driver's name for it, where that tells. */
export const kindOfDevice = (id: string): FlashKind | undefined =>
  (/nand/i.test(id) ? 'nand' : /mmc/i.test(id) ? 'emmc' : /sfc|spi|nor/i.test(id) ? 'nor' : undefined)

const smallestBlockBytes = 16 * 1024
const largestNorBytes = 32 * 1024 * 1024

/** At the start of a block, anywhere in an image: an image of a whole chip begins with its boot loader. */
export function ubiStart(bytes: Uint8Array): number | undefined {
  for (let at = 0; at + 64 <= bytes.length; at += smallestBlockBytes) if (isUbiImage(bytes.subarray(at, at + 64))) return at
  return undefined
}

/** GPT, or an MBR on what is larger than any NOR: 55 aa alone stands in boot loaders, too. */
function hasDiskTable(bytes: Uint8Array): boolean {
  if (bytes.length <= 1024) return false
  const gpt = [0x45, 0x46, 0x49, 0x20, 0x50, 0x41, 0x52, 0x54].every((byte, index) => bytes[512 + index] === byte)
  return gpt || (bytes.length > largestNorBytes && bytes[510] === 0x55 && bytes[511] === 0xaa)
}
