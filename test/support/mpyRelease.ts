import { join } from 'node:path'
import { readText } from '../../src/main/core/ota/deviceFiles.ts'
import { createMemoryFs, type MemoryFs } from '../../src/main/sim/disk/memoryFs.ts'
import { folderOf, manifestOf } from './mpyRig.ts'
import { never, type Tree } from './otaRig.ts'

export const oldFiles: Tree = { 'main.py': 'print("old")\n', 'lib/kept.py': 'kept = 1\n', 'lib/gone.py': 'gone = 1\n', 'config.json': '{}' }
export const newFiles: Tree = { 'main.py': 'print("new")\n', 'lib/kept.py': 'kept = 1\n', 'lib/added.py': 'added = 1\n', 'lib/__init__.py': '' }
export const oldVersion = '{"ref":"v1.0.0","commit":"0000000000000000000000000000000000000000"}'

export function boardOf(files: Tree = oldFiles, more: Parameters<typeof createMemoryFs>[0] = {}): MemoryFs {
  const fs = createMemoryFs(more)
  for (const [path, text] of Object.entries({ ...files, 'version.json': oldVersion })) fs.put(path, text)
  return fs
}
export const before = (): Record<string, string> => ({ ...oldFiles, 'version.json': oldVersion })

/** v1.1.0 with a manifest that deletes lib/gone.py. */
export async function release(files: Tree = newFiles, key?: string): Promise<string> {
  const folder = await folderOf({ ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`v1.1.0/${path}`, text])) })
  const lists = await folderOf({ deletes: '# not needed any more\nlib/gone.py\n' })
  await manifestOf(join(folder, 'v1.1.0'), 'v1.1.0', { deletesPath: join(lists, 'deletes'), ...(key === undefined ? {} : { key }) })
  return folder
}
export const textAt = async (fs: MemoryFs, path: string): Promise<string | undefined> => readText(fs, path, 1_000_000, never)
export const isRaw = (path: string | undefined, name: string): boolean => path?.endsWith(`/raw/o/r/v1.1.0/${name}`) === true
export const filesAsked = (asked: readonly { path: string }[]): string[] => asked.flatMap(({ path }) => (/\/raw\/o\/r\/[^/]+\/(?!manifest\.json)(.*)$/.exec(path)?.[1] ?? []))
