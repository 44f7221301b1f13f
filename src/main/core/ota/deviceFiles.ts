import type { DeviceFs, DevicePath } from '../../../shared/devices/deviceFs.ts'
import { foldersAbove, joined, parentOf } from '../../../shared/devices/devicePath.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { NewDigest } from '../../../shared/ota/digest.ts'

/** Deeper trees than this are a device that plays tricks. */
const deepestFolder = 64
const mostEntries = 100_000

/** `undefined` when there is no file of that name. */
export async function hashOf(fs: DeviceFs, path: DevicePath, newDigest: NewDigest, signal: AbortSignal): Promise<string | undefined> {
  if ((await fs.stat(path, signal))?.kind !== 'file') return undefined
  const digest = newDigest('sha256')
  for await (const piece of fs.read(path, signal)) digest.update(piece)
  return digest.hex()
}

/** A small text; `undefined` when there is no file of that name. `device/wrong-content` beyond the limit. */
export async function readText(fs: DeviceFs, path: DevicePath, limitBytes: number, signal: AbortSignal): Promise<string | undefined> {
  if ((await fs.stat(path, signal))?.kind !== 'file') return undefined
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const piece of fs.read(path, signal)) {
    bytes += piece.length
    if (bytes > limitBytes) throw new WorkbenchError('device/wrong-content', `${path} is larger than ${limitBytes} bytes`, { context: { path, limitBytes } })
    parts.push(piece)
  }
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) { whole.set(part, at); at += part.length }
  return new TextDecoder().decode(whole)
}

export const tmpOf = (path: DevicePath): DevicePath => `${path}.tmp`

/**
 * A small file, replaced whole: its content is durable before its name is. Where a rename cannot replace, there is a moment with only the
 * `.tmp`, whose name and content are durable by then.
 */
export async function replaceText(fs: DeviceFs, path: DevicePath, text: string, signal: AbortSignal): Promise<void> {
  const tmp = tmpOf(path)
  await fs.write(tmp, [new TextEncoder().encode(text)], signal)
  await fs.sync(tmp, signal)
  if (!fs.abilities.replaces && await fs.stat(path, signal)) {
    await fs.sync(parentOf(path), signal)
    await fs.remove(path, signal)
  }
  await fs.rename(tmp, path, signal)
  await fs.sync(parentOf(path), signal)
}

/** In one step where the device can; `null` takes it away. */
export async function setLink(fs: DeviceFs, path: DevicePath, to: string | null, tmp: DevicePath, signal: AbortSignal): Promise<void> {
  if (await fs.stat(tmp, signal)) await fs.remove(tmp, signal)
  if (to === null) {
    if (await fs.stat(path, signal)) await fs.remove(path, signal)
    return
  }
  if (!fs.abilities.replaces) {
    if (await fs.stat(path, signal)) await fs.remove(path, signal)
    await fs.symlink(to, path, signal)
    return
  }
  await fs.symlink(to, tmp, signal)
  try {
    await fs.rename(tmp, path, signal)
  } catch (error) {
    // Nothing of a switch that failed stays; where even that fails, the next recovery takes it away.
    await fs.remove(tmp, signal).catch(() => undefined)
    throw error
  }
}

export async function linkAt(fs: DeviceFs, path: DevicePath, signal: AbortSignal): Promise<string | null> {
  return (await fs.stat(path, signal))?.kind === 'link' ? fs.readlink(path, signal) : null
}

/**
 * Makes what is missing above a path, durably: a file that is moved into a folder which is not there after a power cut is lost with it.
 * Gives back what it made, the outermost first.
 */
export async function ensureFoldersAbove(fs: DeviceFs, path: DevicePath, signal: AbortSignal): Promise<DevicePath[]> {
  const made: DevicePath[] = []
  for (const folder of foldersAbove(path)) {
    if (await fs.stat(folder, signal)) continue
    await fs.mkdir(folder, signal)
    await fs.sync(parentOf(folder), signal)
    made.push(folder)
  }
  return made
}

export interface TreeEntry { readonly path: DevicePath; readonly kind: 'file' | 'folder' | 'link' }

/** Everything below a folder, what is inside before what it is in; nothing when there is no such folder. Links are told and not followed. */
export async function walk(fs: DeviceFs, folder: DevicePath, signal: AbortSignal): Promise<TreeEntry[]> {
  const found: TreeEntry[] = []
  const visit = async (at: DevicePath, depth: number): Promise<void> => {
    if (depth > deepestFolder) throw new WorkbenchError('device/refused', `The folders of ${folder} are deeper than ${deepestFolder}`, { context: { path: folder } })
    for (const name of await fs.list(at, signal)) {
      const path = joined(at, name)
      const kind = (await fs.stat(path, signal))?.kind
      if (kind === undefined) continue
      if (kind === 'folder') await visit(path, depth + 1)
      if (found.push({ path, kind }) > mostEntries) throw new WorkbenchError('device/refused', `There are more than ${mostEntries} files in ${folder}`, { context: { path: folder } })
    }
  }
  if ((await fs.stat(folder, signal))?.kind === 'folder') await visit(folder, 0)
  return found
}

/** The folder with all that is in it. Durable only after a sync. */
export async function removeTree(fs: DeviceFs, folder: DevicePath, signal: AbortSignal): Promise<void> {
  for (const { path } of await walk(fs, folder, signal)) await fs.remove(path, signal)
  if ((await fs.stat(folder, signal))?.kind === 'folder') await fs.remove(folder, signal)
}
