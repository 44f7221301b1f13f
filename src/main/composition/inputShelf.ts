import { type ImageBytes, isStored } from '../../shared/bytes/storedBytes.ts'
import { inputLimitBytes, type RawRestoreInput, readRestoreInput } from '../drivers/files/inputFolder.ts'
import { createLane, type Lane } from '../../shared/lifecycle/lane.ts'
import { join } from 'node:path'

/** Reads inputs so that a file which several plans and jobs use is in memory once. */
export interface InputShelf<Bytes extends ImageBytes = Uint8Array> {
  read(path: string, signal: AbortSignal): Promise<RawRestoreInput<Bytes>>
}

/** Files are held as long as somebody uses their bytes, and compared with the disk at every reading. */
export function createInputShelf(options?: { readonly maxBytes?: number }): InputShelf
export function createInputShelf(options: { readonly maxBytes?: number; readonly largeDumpsStay: true }): InputShelf<ImageBytes>
export function createInputShelf({ maxBytes = inputLimitBytes(), largeDumpsStay = false }: { readonly maxBytes?: number; readonly largeDumpsStay?: boolean } = {}): InputShelf<ImageBytes> {
  // The buffer, not a view of it: the parts of one image are other views of the same buffer.
  const held = new Map<string, WeakRef<ArrayBufferLike>>()
  const lanes = new Map<string, { readonly lane: Lane; users: number }>()
  const before = (path: string): Uint8Array | undefined => {
    const buffer = held.get(path)?.deref()
    return buffer && new Uint8Array(buffer)
  }
  const keep = (path: string, bytes: ImageBytes): void => {
    if (isStored(bytes)) return
    for (const [other, reference] of held) if (reference.deref() === undefined) held.delete(other)
    held.set(path, new WeakRef(bytes.buffer))
  }
  const read = async (path: string, signal: AbortSignal): Promise<RawRestoreInput<ImageBytes>> => {
    const raw = await readRestoreInput(path, { signal, maxBytes, largeDumpsStay, before })
    if (raw.kind === 'file') keep(raw.path, raw.bytes)
    else for (const { name, bytes } of raw.files) keep(join(raw.path, name), bytes)
    return raw
  }
  return {
    // One after the other for one path: eight readings at the same moment would be eight copies.
    read: async (path, signal) => {
      const queue = lanes.get(path) ?? { lane: createLane(), users: 0 }
      lanes.set(path, queue)
      queue.users += 1
      try {
        return await queue.lane(signal, async () => read(path, signal))
      } finally {
        queue.users -= 1
        if (queue.users === 0) lanes.delete(path)
      }
    },
  }
}
