import { constants } from 'node:fs'
import { open, opendir, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import type { folderListingSchema } from '../../../shared/contracts/workbench.contract.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { reasonOf } from '../errors/reasonOf.ts'

export type FolderListing = z.infer<typeof folderListingSchema>
type Entry = FolderListing['entries'][number]

const maxEntries = 2_000
const ipctoolStart = [0x2d, 0x2d, 0x2d, 0x0a]

/** Folders first, then by name, numbers as numbers; hidden entries and what is neither file nor folder are left out. */
export async function listFolder(given: string, signal: AbortSignal): Promise<FolderListing> {
  signal.throwIfAborted()
  const path = resolve(given)
  const names: string[] = []
  try {
    for await (const { name } of await opendir(path)) {
      if (!name.startsWith('.')) names.push(name)
      if (names.length >= maxEntries) break
    }
  } catch (error) {
    throw new WorkbenchError(reasonOf(error) === 'no permission' ? 'host/no-permission' : 'input/not-found', `${path} cannot be listed: ${reasonOf(error)}`, { cause: error })
  }
  signal.throwIfAborted()
  const entries = (await Promise.all(names.map(async (name) => entryOf(path, name)))).filter((entry) => entry !== undefined)
  entries.sort((a, b) => (a.kind === b.kind ? a.name.localeCompare(b.name, 'en', { numeric: true }) : a.kind === 'folder' ? -1 : 1))
  const parent = dirname(path)
  return { path, ...(parent === path ? {} : { parent }), entries, looksLike: await looksLike(entries) }
}

/** Follows a link once, to see whether it ends at something plain; reading it is another matter and refused there. */
async function entryOf(folder: string, name: string): Promise<Entry | undefined> {
  const path = join(folder, name)
  // Dangling links and entries that vanished meanwhile are not worth an error.
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) return { name, path, kind: 'folder', lengthBytes: 0 }
  if (found?.isFile()) return { name, path, kind: 'file', lengthBytes: found.size }
  return undefined
}

async function looksLike(entries: readonly Entry[]): Promise<string> {
  const parts = entries.flatMap((entry) => {
    const index = /^mtd(\d{1,3})(?:\.bin)?$/.exec(entry.name)?.[1]
    return entry.kind === 'file' && index !== undefined ? [{ index: Number(index), lengthBytes: entry.lengthBytes }] : []
  }).sort((a, b) => a.index - b.index)
  const [first] = parts
  const last = parts.at(-1)
  if (first && last) {
    const kib = Math.round(parts.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0) / 1024)
    return `restore folder: ${first === last ? `mtd${first.index}` : `mtd${first.index}..mtd${last.index}`}, ${kib} KB`
  }
  const images = entries.filter(({ kind, lengthBytes }) => kind === 'file' && lengthBytes > 4096).slice(0, 16)
  for (const { path } of images) if (await beginsLikeBackup(path)) return 'ipctool backup'
  return ''
}

async function beginsLikeBackup(path: string): Promise<boolean> {
  const target = await realpath(path).catch(() => path)
  // Unreadable is no error here: this is a remark beside a list.
  const handle = await open(target, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => undefined)
  if (!handle) return false
  try {
    const start = new Uint8Array(4)
    const { bytesRead } = await handle.read(start, 0, 4, 0).catch(() => ({ bytesRead: 0 }))
    return bytesRead === 4 && ipctoolStart.every((byte, index) => start[index] === byte)
  } finally {
    await handle.close()
  }
}
