export interface StagedEntry {
  readonly name: string
  readonly lengthBytes: number
  readonly reads: number
}

/** A block that an upload holds before it has a name; `commit` or `release` ends it. */
export interface Reservation {
  commit(name: string, bytes: Uint8Array): void
  release(): void
}

export interface PodMemory {
  readonly maxFiles: number
  readonly maxFileBytes: number
  freeBytes(): number
  largestFreeBytes(): number
  list(): readonly StagedEntry[]
  has(name: string): boolean
  /** `undefined` when no hole is long enough: an upload needs one contiguous block. */
  reserve(lengthBytes: number): Reservation | undefined
  remove(name: string): boolean
  clear(): void
  /** The camera fetches it: one more read. */
  fetch(name: string): Uint8Array | undefined
}

interface Block { readonly start: number; readonly lengthBytes: number }
interface Entry { readonly block: Block; readonly bytes: Uint8Array; reads: number }

/** 8160 KiB: what is left of 8 MiB PSRAM when the firmware has taken its own. */
export const psramBytes = 8160 * 1024
export const maxFileBytes = 8 * 1024 * 1024
/** The heap hands out multiples of this. */
const grainBytes = 1024

export function createPodMemory(options: { readonly lengthBytes?: number; readonly maxFiles?: number } = {}): PodMemory {
  const { lengthBytes: total = psramBytes, maxFiles = 4 } = options
  const entries = new Map<string, Entry>()
  const blocks = new Set<Block>()

  const holes = (): Block[] => {
    const taken = [...blocks].sort((a, b) => a.start - b.start)
    const found: Block[] = []
    let at = 0
    for (const block of taken) {
      if (block.start > at) found.push({ start: at, lengthBytes: block.start - at })
      at = block.start + block.lengthBytes
    }
    if (at < total) found.push({ start: at, lengthBytes: total - at })
    return found
  }
  const drop = (name: string): boolean => {
    const entry = entries.get(name)
    if (entry) blocks.delete(entry.block)
    return entries.delete(name)
  }
  return {
    maxFiles,
    maxFileBytes,
    freeBytes: () => holes().reduce((sum, hole) => sum + hole.lengthBytes, 0),
    largestFreeBytes: () => holes().reduce((most, hole) => Math.max(most, hole.lengthBytes), 0),
    list: () => [...entries].map(([name, { bytes, reads }]) => ({ name, lengthBytes: bytes.length, reads })),
    has: (name) => entries.has(name),
    reserve: (lengthBytes) => {
      const needed = Math.ceil(lengthBytes / grainBytes) * grainBytes
      // First fit, as the pod's heap: small files in front of large holes are what fragments it.
      const hole = holes().find((each) => each.lengthBytes >= needed)
      if (!hole) return undefined
      const block: Block = { start: hole.start, lengthBytes: needed }
      blocks.add(block)
      return {
        // Old and new copy are both held until here, as on the pod.
        commit: (name, bytes) => { drop(name); entries.set(name, { block, bytes, reads: 0 }) },
        release: () => { blocks.delete(block) },
      }
    },
    remove: drop,
    clear: () => { for (const name of [...entries.keys()]) drop(name) },
    fetch: (name) => {
      const entry = entries.get(name)
      if (entry) entry.reads += 1
      return entry?.bytes
    },
  }
}
