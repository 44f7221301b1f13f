import type { FileHandle } from 'node:fs/promises'
import { type DiskCalls, nodeDisk } from '../../src/main/drivers/storage/diskCalls.ts'

export interface FullDisk {
  readonly disk: DiskCalls
  /** The call after so many more finds the disk full, and so do all that follow; `Infinity`: there is room again. */
  fullAfter(calls: number): void
  /** Whether anything was refused since then. */
  refused(): boolean
}

/** A real disk whose every call that takes room (make, open for writing, write, sync, link, rename) can be the one that finds it full. */
export function createFullDisk(): FullDisk {
  let [left, wasRefused] = [Infinity, false]
  const spend = (): void => {
    left -= 1
    if (left >= 0) return
    wasRefused = true
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: 'write' })
  }
  const metered = (handle: FileHandle): FileHandle => new Proxy(handle, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const call = value.bind(target) as (...given: unknown[]) => unknown
      return name === 'write' || name === 'writeFile' || name === 'sync' ? async (...given: unknown[]) => { spend(); return call(...given) } : call
    },
  })
  const disk: DiskCalls = {
    ...nodeDisk,
    mkdir: (async (...given: Parameters<typeof nodeDisk.mkdir>) => { spend(); return nodeDisk.mkdir(...given) }) as typeof nodeDisk.mkdir,
    open: async (path, flags, mode) => {
      // What is only looked at takes no room.
      if (flags !== 'r' && flags !== 0) spend()
      return metered(await nodeDisk.open(path, flags, mode))
    },
    link: async (...given) => { spend(); return nodeDisk.link(...given) },
    rename: async (...given) => { spend(); return nodeDisk.rename(...given) },
  }
  return { disk, fullAfter: (calls) => { left = calls; wasRefused = false }, refused: () => wasRefused }
}
