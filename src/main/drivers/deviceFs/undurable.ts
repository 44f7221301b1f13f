import type { DevicePath } from '../../../shared/devices/deviceFs.ts'
import { isWithin, parentOf } from '../../../shared/devices/devicePath.ts'

/** What this session has changed and not yet synced, so that "sync everything" is possible where the far end only syncs one file at a time. */
export interface Undurable {
  content(path: DevicePath): void
  /** A name came, changed or went there. */
  name(path: DevicePath): void
  moved(from: DevicePath, to: DevicePath): void
  gone(path: DevicePath): void
  synced(path: DevicePath): void
  paths(): readonly DevicePath[]
}

export function createUndurable(): Undurable {
  const paths = new Set<DevicePath>()
  const name = (path: DevicePath): void => { paths.add(parentOf(path)) }
  return {
    content: (path) => { paths.add(path); name(path) },
    name,
    moved: (from, to) => {
      for (const path of [...paths].filter((each) => each !== '' && isWithin(each, from))) { paths.delete(path); paths.add(to + path.slice(from.length)) }
      name(from)
      name(to)
    },
    gone: (path) => { for (const each of [...paths]) if (each !== '' && isWithin(each, path)) paths.delete(each); name(path) },
    synced: (path) => { paths.delete(path) },
    // Files before the folders that name them.
    paths: () => [...paths].sort((a, b) => b.length - a.length),
  }
}
