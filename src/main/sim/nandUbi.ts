import { nandBlockBytes, nandPageBytes, type NandFlash } from './nandFlash.ts'

export const ubiLebBytes = nandBlockBytes - 2 * nandPageBytes

export interface UbiVolumeEntry {
  readonly id: number
  readonly name: string
  readonly type: 'static' | 'dynamic'
  readonly reservedBlocks: number
  usedBytes: number
}

/** A UBI that is attached. Its table and its blocks lie in the flash, so that erasing and bad pages reach them. */
export interface SimUbi {
  readonly partition: string
  readonly goodBlocks: number
  readonly badBlocks: number
  volumes(): readonly UbiVolumeEntry[]
  availableBlocks(): number
  create(entry: UbiVolumeEntry): void
  remove(name: string): void
  /** Whole logical blocks of ff are not stored. */
  write(entry: UbiVolumeEntry, bytes: Uint8Array): void
  read(entry: UbiVolumeEntry, lengthBytes: number): Uint8Array
}

export interface NandSpan { readonly offsetBytes: number; readonly lengthBytes: number }

const reserved = { table: 2, wear: 1, atomic: 1, badHandling: 18 }
const tableId = 0xffff
const magic = new TextEncoder().encode('SIMUBI')

function put(nand: NandFlash, blockOffset: number, id: number, number: number, data: Uint8Array): void {
  nand.erase(blockOffset)
  const head = new Uint8Array(nandPageBytes).fill(0xff)
  head.set(magic)
  new DataView(head.buffer).setUint16(8, id)
  new DataView(head.buffer).setUint16(10, number)
  nand.program(blockOffset, head)
  for (let at = 0; at < data.length; at += nandPageBytes) {
    const page = new Uint8Array(nandPageBytes).fill(0xff)
    page.set(data.subarray(at, at + nandPageBytes))
    if (page.some((byte) => byte !== 0xff)) nand.program(blockOffset + 2 * nandPageBytes + at, page)
  }
}

type Head = 'empty' | 'foreign' | { readonly id: number; readonly number: number }

function headOf(nand: NandFlash, blockOffset: number): Head {
  if (nand.isErased(blockOffset)) return 'empty'
  const head = nand.read(blockOffset, 16)
  if (!magic.every((byte, index) => head[index] === byte)) return 'foreign'
  const view = new DataView(head.buffer)
  return { id: view.getUint16(8), number: view.getUint16(10) }
}

/** `undefined`: what lies there is no UBI. An empty partition becomes one. */
export function attachUbi(nand: NandFlash, partition: string, { offsetBytes, lengthBytes }: NandSpan): SimUbi | undefined {
  const all = Array.from({ length: lengthBytes / nandBlockBytes }, (_, index) => offsetBytes + index * nandBlockBytes)
  const good = all.filter((each) => !nand.isBad(each))
  const heads = new Map(good.map((each) => [each, headOf(nand, each)]))
  if ([...heads.values()].includes('foreign')) return undefined
  const find = (id: number, number: number): number | undefined => good.find((each) => {
    const head = heads.get(each)
    return typeof head === 'object' && head.id === id && head.number === number
  })
  const place = (id: number, number: number, data: Uint8Array): void => {
    const at = find(id, number) ?? good.find((each) => heads.get(each) === 'empty')
    if (at === undefined) return
    put(nand, at, id, number, data)
    heads.set(at, { id, number })
  }
  const drop = (id: number): void => {
    for (const [at, head] of heads) if (typeof head === 'object' && head.id === id) { nand.erase(at); heads.set(at, 'empty') }
  }
  const tableAt = find(tableId, 0)
  let volumes: UbiVolumeEntry[] = []
  if (tableAt === undefined && [...heads.values()].some((head) => head !== 'empty')) return undefined
  if (tableAt !== undefined) {
    try {
      const text = new TextDecoder().decode(nand.read(tableAt + 2 * nandPageBytes, ubiLebBytes)).split('\0')[0] ?? ''
      volumes = JSON.parse(text) as UbiVolumeEntry[]
    } catch {
      return undefined
    }
  }
  const save = (): void => {
    for (let copy = 0; copy < reserved.table; copy += 1) place(tableId, copy, new TextEncoder().encode(`${JSON.stringify(volumes)}\0`))
  }
  save()
  return {
    partition, goodBlocks: good.length, badBlocks: all.length - good.length,
    volumes: () => volumes,
    availableBlocks: () => Math.max(0, good.length - reserved.table - reserved.wear - reserved.atomic - reserved.badHandling - volumes.reduce((sum, each) => sum + each.reservedBlocks, 0)),
    create: (entry) => { volumes = [...volumes, entry].sort((a, b) => a.id - b.id); save() },
    remove: (name) => {
      volumes.filter((each) => each.name === name).forEach(({ id }) => { drop(id) })
      volumes = volumes.filter((each) => each.name !== name)
      save()
    },
    write: (entry, bytes) => {
      drop(entry.id)
      for (let number = 0; number * ubiLebBytes < bytes.length; number += 1) {
        const leb = bytes.subarray(number * ubiLebBytes, (number + 1) * ubiLebBytes)
        if (leb.some((byte) => byte !== 0xff)) place(entry.id, number, leb)
      }
      entry.usedBytes = bytes.length
      save()
    },
    read: (entry, length) => {
      const whole = new Uint8Array(length).fill(0xff)
      for (let number = 0; number * ubiLebBytes < length; number += 1) {
        const at = find(entry.id, number)
        if (at !== undefined) whole.set(nand.read(at + 2 * nandPageBytes, Math.min(ubiLebBytes, length - number * ubiLebBytes)), number * ubiLebBytes)
      }
      return whole
    },
  }
}
