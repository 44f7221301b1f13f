import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type HeldBlock, isIntact, type Note } from './blocks.ts'
import { fileSystemOf, type FileSystemFacts } from './fileSystems.ts'
import type { TableRecord } from './frame.ts'

/** A volume as far as the image holds it. */
export interface UbiVolume {
  readonly id: number
  /** `undefined` when the volume table does not tell. */
  readonly name: string | undefined
  readonly kind: 'static' | 'dynamic'
  /** Blocks set aside for it; 0 when the volume table does not tell. */
  readonly reservedBlocks: number
  readonly growsToFill: boolean
  /** Usable bytes of one logical block. */
  readonly lebBytes: number
  /** Views into the image, by place; `undefined` where the image holds nothing. Static ones end where their data ends. */
  readonly lebs: readonly (Uint8Array | undefined)[]
  /**
   * Places before the last one that hold nothing. In a static volume they are lost; in a dynamic one they read as ff, which is how UBI
   * shows what was never written, but a lost block looks the same.
   */
  readonly missing: readonly number[]
  readonly fileSystem: FileSystemFacts | undefined
  /** False when something of it is known to be lost or wrong. */
  readonly isSound: boolean
}

export interface VolumeInput {
  readonly id: number
  readonly record: TableRecord | undefined
  readonly blocks: ReadonlyMap<number, HeldBlock>
  readonly lebBytes: number
  readonly note: Note
}

export function buildVolume(input: VolumeInput): UbiVolume {
  const { id, record, blocks } = input
  const [sample] = blocks.values()
  const isStatic = record?.isStatic ?? sample?.header.isStatic ?? false
  const title = record ? `volume "${record.name}"` : `volume ${id}`
  let isSound = true
  const wrong = (message: string): void => {
    isSound = false
    input.note({ severity: 'error', volumeId: id, message: `${title.replace('v', 'V')}: ${message}` })
  }
  if (!record) wrong('it is not in the volume table')
  if (record?.isHalfUpdated) wrong('an update of it was begun and never finished')
  const dataPad = record?.dataPad ?? sample?.header.dataPad ?? 0
  const lebBytes = Math.max(0, input.lebBytes - dataPad)
  const reached = [...blocks.keys()].reduce((most, number) => Math.max(most, number + 1), 0)
  const count = isStatic ? (sample?.header.usedBlocks ?? 0) : reached
  const lebs: (Uint8Array | undefined)[] = []
  // A static volume's count comes from a header, so it may be any number.
  const limit = Math.min(count, record?.reservedBlocks ?? count, reached)
  for (let number = 0; number < limit; number += 1) lebs.push(contentsOf(blocks.get(number), isStatic, lebBytes))
  for (const complaint of complaintsOf(input, { isStatic, dataPad, count })) wrong(complaint)
  const missing = lebs.flatMap((leb, number) => (leb ? [] : [number]))
  if (isStatic && missing.length > 0) wrong(`${missing.length} of its ${count} blocks are missing, the first is number ${missing[0] ?? 0}`)
  if (isStatic && count > lebs.length) wrong(`it should have ${count} blocks and has ${lebs.length}`)
  if (!isStatic && missing.length > 0) input.note({ severity: 'warning', volumeId: id, message: `${title.replace('v', 'V')}: ${missing.length} places before its end hold nothing and read as ff` })
  const fileSystem = lebs[0] && fileSystemOf(lebs[0])
  if (fileSystem?.kind === 'ubifs' && fileSystem.lebBytes !== lebBytes) wrong(`its UBIFS was made for blocks of ${fileSystem.lebBytes} bytes and these have ${lebBytes}`)
  if (fileSystem?.kind === 'ubifs' && !fileSystem.crcOk) wrong('its UBIFS superblock is damaged')
  return { id, name: record?.name, kind: isStatic ? 'static' : 'dynamic', reservedBlocks: record?.reservedBlocks ?? 0, growsToFill: record?.growsToFill ?? false, lebBytes, lebs, missing, fileSystem, isSound }
}

const contentsOf = (block: HeldBlock | undefined, isStatic: boolean, lebBytes: number): Uint8Array | undefined =>
  block && block.contents.subarray(0, isStatic ? Math.min(block.header.dataBytes, lebBytes) : lebBytes)

function complaintsOf({ record, blocks }: VolumeInput, { isStatic, dataPad, count }: { readonly isStatic: boolean; readonly dataPad: number; readonly count: number }): readonly string[] {
  const found: string[] = []
  let foreign = 0
  let beyond = 0
  let broken = 0
  let firstBroken = Infinity
  for (const [number, block] of blocks) {
    const { header } = block
    if (header.isStatic !== isStatic || header.dataPad !== dataPad || (isStatic && header.usedBlocks !== count)) foreign += 1
    if (number >= (record?.reservedBlocks ?? Infinity) || (isStatic && number >= count)) beyond += 1
    if (isStatic && !isIntact(block)) {
      broken += 1
      firstBroken = Math.min(firstBroken, number)
    }
  }
  if (foreign > 0) found.push(`${foreign} of its blocks contradict the others about its kind or length`)
  if (beyond > 0) found.push(`${beyond} blocks lie beyond its end`)
  if (broken > 0) found.push(`the contents of ${broken} blocks do not match their checksum, the first is number ${firstBroken}`)
  return found
}

function isErased(leb: Uint8Array): boolean {
  for (const byte of leb) if (byte !== 0xff) return false
  return true
}

/** Length of what `volumeBytes` gives. Trailing erased blocks of a dynamic volume are left out. */
export function volumeLengthBytes({ kind, lebs, lebBytes }: UbiVolume): number {
  if (kind === 'static') return lebs.reduce((sum, leb) => sum + (leb?.length ?? lebBytes), 0)
  const last = lebs.findLastIndex((leb) => leb !== undefined && !isErased(leb))
  return (last + 1) * lebBytes
}

const defaultMaxBytes = 512 * 1024 * 1024

/**
 * The contents in one piece, a copy. `input/malformed` for a volume of which something is lost, unless `evenIfUnsound`: then lost
 * blocks are ff. `input/too-large` beyond `maxBytes`.
 */
export function volumeBytes(volume: UbiVolume, options: { readonly maxBytes?: number; readonly evenIfUnsound?: boolean } = {}): Uint8Array {
  const title = volume.name ?? `number ${volume.id}`
  if (!volume.isSound && options.evenIfUnsound !== true) {
    throw new WorkbenchError('input/malformed', `The UBI volume ${title} is damaged`, { context: { volumeId: volume.id }, hint: 'Take another copy of the image' })
  }
  const lengthBytes = volumeLengthBytes(volume)
  const maxBytes = options.maxBytes ?? defaultMaxBytes
  if (lengthBytes > maxBytes) throw new WorkbenchError('input/too-large', `The UBI volume ${title} holds ${lengthBytes} bytes; at most ${maxBytes} are taken`, { context: { lengthBytes, maxBytes } })
  const whole = new Uint8Array(lengthBytes)
  let at = 0
  for (const leb of volume.lebs) {
    if (at >= lengthBytes) break
    const next = Math.min(lengthBytes, at + (leb?.length ?? volume.lebBytes))
    if (leb) whole.set(leb.subarray(0, next - at), at)
    else whole.fill(0xff, at, next)
    at = next
  }
  return whole
}
