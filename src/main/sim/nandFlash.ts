export const nandBytes = 128 * 1024 * 1024
export const nandPageBytes = 2048
export const nandBlockBytes = 128 * 1024

export interface NandFlash {
  isBad(offsetBytes: number): boolean
  markBad(offsetBytes: number): void
  /** One whole block. */
  erase(offsetBytes: number): void
  /** One whole page; false when it was programmed since its erase. */
  program(offsetBytes: number, page: Uint8Array): boolean
  /** As ECC gives it back. A copy. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array
  isErased(offsetBytes: number): boolean
}

export interface NandFlashOptions {
  /** Numbers of blocks that left the factory bad. */
  readonly badBlocks: readonly number[]
  /** What really lands in a page, when it is not what was sent. */
  readonly landing: (offsetBytes: number, page: Uint8Array) => Uint8Array | undefined
}

/** Only what was programmed takes memory of this computer. */
export function createNandFlash({ badBlocks, landing }: NandFlashOptions): NandFlash {
  const bad = new Set(badBlocks)
  const blocks = new Map<number, { readonly cells: Uint8Array; readonly programmed: Set<number> }>()
  const blockOf = (offsetBytes: number): number => Math.floor(offsetBytes / nandBlockBytes)
  return {
    isBad: (offsetBytes) => bad.has(blockOf(offsetBytes)),
    markBad: (offsetBytes) => { bad.add(blockOf(offsetBytes)) },
    erase: (offsetBytes) => { blocks.delete(blockOf(offsetBytes)) },
    program: (offsetBytes, page) => {
      const index = blockOf(offsetBytes)
      const block = blocks.get(index) ?? { cells: new Uint8Array(nandBlockBytes).fill(0xff), programmed: new Set<number>() }
      blocks.set(index, block)
      const at = offsetBytes % nandBlockBytes
      if (block.programmed.has(at)) return false
      block.programmed.add(at)
      block.cells.set(landing(offsetBytes, page) ?? page, at)
      return true
    },
    read: (offsetBytes, lengthBytes) => {
      const whole = new Uint8Array(lengthBytes).fill(0xff)
      for (let done = 0; done < lengthBytes;) {
        const at = (offsetBytes + done) % nandBlockBytes
        const piece = Math.min(nandBlockBytes - at, lengthBytes - done)
        const block = blocks.get(blockOf(offsetBytes + done))
        if (block) whole.set(block.cells.subarray(at, at + piece), done)
        done += piece
      }
      return whole
    },
    isErased: (offsetBytes) => !blocks.has(blockOf(offsetBytes)),
  }
}
