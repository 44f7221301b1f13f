import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { reasonOf } from '../../errors/reasonOf.ts'

const mostFiles = 1_000
const mostSidecarBytes = 65_536

/** What core/ota calls a FolderFile. */
export interface FirmwareFile {
  readonly name: string
  readonly sizeBytes: number
  readonly sidecar: string | undefined
  pieces(): AsyncIterable<Uint8Array>
}

/** `*.bin` of a folder, newest first, ties by name. A folder that is not there has none, and that is said by the caller. */
export async function listFirmware(folder: string): Promise<FirmwareFile[] | undefined> {
  const names = await readdir(folder).catch(() => undefined)
  if (!names) return undefined
  const found: { readonly name: string; readonly mtimeMs: number }[] = []
  for (const name of names.filter((each) => each.endsWith('.bin')).slice(0, mostFiles)) {
    const facts = await stat(join(folder, name)).catch(() => undefined)
    if (facts?.isFile()) found.push({ name, mtimeMs: facts.mtimeMs })
  }
  const newestFirst = found.toSorted((a, b) => b.mtimeMs - a.mtimeMs || (a.name < b.name ? -1 : 1))
  return Promise.all(newestFirst.map(async ({ name }) => firmwareFile(join(folder, name))))
}

export async function firmwareFile(path: string): Promise<FirmwareFile> {
  const facts = await stat(path).catch((cause: unknown) => { throw new WorkbenchError('input/not-found', `${path} cannot be read: ${reasonOf(cause)}`, { cause }) })
  if (!facts.isFile()) throw new WorkbenchError('input/malformed', `${path} is no file`)
  return { name: basename(path), sizeBytes: facts.size, sidecar: await sidecarOf(path), pieces: () => createReadStream(path) as AsyncIterable<Uint8Array> }
}

async function sidecarOf(path: string): Promise<string | undefined> {
  const file = await open(`${path}.manifest.json`, 'r').catch(() => undefined)
  if (!file) return undefined
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(mostSidecarBytes + 1), 0, mostSidecarBytes + 1, 0)
    return bytesRead > mostSidecarBytes ? undefined : new TextDecoder().decode(buffer.subarray(0, bytesRead))
  } catch {
    return undefined // a sidecar that cannot be read is none
  } finally {
    await file.close()
  }
}
