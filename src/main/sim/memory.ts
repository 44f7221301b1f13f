export const blockBytes = 0x10000
export const pageBytes = 256

export interface NorFlash {
  /** The cells themselves: what the camera would boot. */
  readonly cells: Uint8Array
  readonly counters: { programmedBytes: number; erasedBytes: number }
  erase(offsetBytes: number, lengthBytes: number): void
  /** Result: bytes of the pages that were really programmed; blank pages are skipped. */
  program(offsetBytes: number, bytes: Uint8Array): number
}

export interface NorFlashOptions {
  readonly lengthBytes: number
  /** What really lands in the cells, when it is not what was sent. */
  readonly landing: (offsetBytes: number, page: Uint8Array) => Uint8Array | undefined
}

export function createNorFlash({ lengthBytes, landing }: NorFlashOptions): NorFlash {
  const cells = new Uint8Array(lengthBytes).fill(0xff)
  const counters = { programmedBytes: 0, erasedBytes: 0 }
  const programPage = (offsetBytes: number, page: Uint8Array): number => {
    if (isFilledWith(page, 0xff)) return 0
    const landed = landing(offsetBytes, page) ?? page
    // NOR: programming clears bits and never sets one.
    for (let index = 0; index < landed.length; index += 1) cells[offsetBytes + index] = (cells[offsetBytes + index] ?? 0) & (landed[index] ?? 0)
    return landed.length
  }
  return {
    cells,
    counters,
    erase: (offsetBytes, byteCount) => {
      if (offsetBytes % blockBytes !== 0 || byteCount % blockBytes !== 0) throw new RangeError('NOR blocks are 64 KiB')
      cells.fill(0xff, offsetBytes, offsetBytes + byteCount)
      counters.erasedBytes += byteCount
    },
    program: (offsetBytes, bytes) => {
      let programmed = 0
      for (let at = 0; at < bytes.length;) {
        const pageEnd = at + pageBytes - ((offsetBytes + at) % pageBytes)
        programmed += programPage(offsetBytes + at, bytes.subarray(at, pageEnd))
        at = pageEnd
      }
      counters.programmedBytes += programmed
      return programmed
    },
  }
}

export function isFilledWith(bytes: Uint8Array, value: number): boolean {
  for (let index = 0; index < bytes.length; index += 1) if (bytes[index] !== value) return false
  return true
}

export const isBlank = (bytes: Uint8Array): boolean => isFilledWith(bytes, 0xff) || isFilledWith(bytes, 0)

/** The decoder looks at the low address bits only, so that 0x42000000 and 0x82000000 are the same byte. */
export interface Ram {
  /** A copy; what was never written is zero. */
  read(address: number, lengthBytes: number): Uint8Array
  write(address: number, bytes: Uint8Array): void
  fill(address: number, lengthBytes: number, pattern: Uint8Array): void
}

export const ramBytes = 64 * 1024 * 1024

/** Only what was written takes memory of this computer: a rack of twelve would otherwise hold 768 MiB. */
const chunkBytes = 256 * 1024

export function createRam(lengthBytes = ramBytes): Ram {
  const chunks = new Map<number, Uint8Array>()
  /** Calls back for each run of bytes inside one chunk. `done` counts from the first byte. */
  const eachRun = (address: number, byteCount: number, run: (chunkIndex: number, at: number, runBytes: number, done: number) => void): void => {
    for (let done = 0; done < byteCount;) {
      const cell = (address + done) % lengthBytes
      const at = cell % chunkBytes
      const runBytes = Math.min(chunkBytes - at, byteCount - done)
      run((cell - at) / chunkBytes, at, runBytes, done)
      done += runBytes
    }
  }
  const writable = (chunkIndex: number): Uint8Array => {
    const found = chunks.get(chunkIndex)
    if (found) return found
    const made = new Uint8Array(chunkBytes)
    chunks.set(chunkIndex, made)
    return made
  }
  return {
    read: (address, byteCount) => {
      const whole = new Uint8Array(Math.min(byteCount, lengthBytes))
      eachRun(address, whole.length, (chunkIndex, at, runBytes, done) => {
        const chunk = chunks.get(chunkIndex)
        if (chunk) whole.set(chunk.subarray(at, at + runBytes), done)
      })
      return whole
    },
    write: (address, bytes) => {
      eachRun(address, bytes.length, (chunkIndex, at, runBytes, done) => { writable(chunkIndex).set(bytes.subarray(done, done + runBytes), at) })
    },
    fill: (address, byteCount, pattern) => {
      const value = pattern[0] ?? 0
      const uniform = isFilledWith(pattern, value)
      eachRun(address, Math.min(byteCount, lengthBytes), (chunkIndex, at, runBytes, done) => {
        if (uniform && value === 0 && !chunks.has(chunkIndex)) return
        const chunk = writable(chunkIndex)
        if (uniform) chunk.fill(value, at, at + runBytes)
        else for (let index = 0; index < runBytes; index += 1) chunk[at + index] = pattern[(done + index) % pattern.length] ?? 0
      })
    },
  }
}
