import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly bytes?: Uint8Array
  /** Unix kind and rights, such as 0o120777 for a symbolic link. */
  readonly mode?: number
  /** Instead of the real length of the unpacked file. */
  readonly claimedBytes?: number
  readonly claimedCrc?: number
  readonly isEncrypted?: boolean
}

/** Deflated entries and a directory, as a packer on Unix writes them. */
export function buildZip(entries: readonly ZipEntry[]): Uint8Array {
  const pieces: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, bytes = new Uint8Array(), mode = 0o100644, claimedBytes, claimedCrc, isEncrypted = false } of entries) {
    const text = Buffer.from(name)
    const packed = deflateRawSync(bytes)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(isEncrypted ? 0x801 : 0x800, 2)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(claimedCrc ?? crc32(bytes), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(claimedBytes ?? bytes.length, 18)
    common.writeUInt16LE(text.length, 22)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(((mode << 16) >>> 0), 6)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 3]), common, tail, text)
    const local = [Buffer.from([0x50, 0x4b, 3, 4]), common, text, packed]
    pieces.push(...local)
    offset += local.reduce((sum, piece) => sum + piece.length, 0)
  }
  const list = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...pieces, list, end])
}
