import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { type UpdaterState, updaterStateSchema } from '../../../shared/ota/updater.schema.ts'
import { updaterFault } from '../../../shared/ota/updaterFault.ts'
import type { PackageRecord, UpdaterStore } from '../../../shared/ota/updaterParts.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

const mostStateBytes = 64 * 1024

export function createStateFile(path: string, wallMs: () => number): UpdaterStore {
  const writes = createLane()
  const signal = new AbortController().signal
  const clear = async (): Promise<void> => { await rm(path, { force: true }); await rm(`${path}.tmp`, { force: true }) }
  return {
    read: async () => {
      const text = await readFile(path, 'utf8').catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return undefined
        throw updaterFault('INTERNAL_ERROR', `${path} cannot be read: ${reasonOf(error)}`, { cause: error })
      })
      if (text === undefined) return undefined
      const record = recordIn(text)
      // Rubbish describes no package.
      if (!record) await clear()
      return record
    },
    // One after the other, and each durable before the next: the name never stands over half a text.
    write: async (record) => writes(signal, async () => replaced(path, `${JSON.stringify(stateOf(record, wallMs()), undefined, 2)}\n`)),
    clear: async () => writes(signal, clear),
  }
}

function recordIn(text: string): PackageRecord | undefined {
  if (text.length > mostStateBytes) return undefined
  try {
    const { bytes_downloaded: bytesDownloaded, stage, verified_at: verifiedAt, error, last_update: _, ...request } = updaterStateSchema.parse(JSON.parse(text))
    return { request, bytesDownloaded, stage, error, verifiedAtMs: verifiedAt === null ? undefined : Date.parse(verifiedAt) }
  } catch {
    // Told by being absent.
    return undefined
  }
}

function stateOf({ request, bytesDownloaded, stage, verifiedAtMs, error }: PackageRecord, wallMs: number): UpdaterState {
  return {
    ...request, bytes_downloaded: bytesDownloaded, last_update: new Date(wallMs).toISOString(), stage,
    verified_at: verifiedAtMs === undefined ? null : new Date(verifiedAtMs).toISOString(), ...(error === undefined ? {} : { error }),
  }
}

async function replaced(path: string, text: string): Promise<void> {
  try {
    await makeFolders(dirname(path), 0o755)
    const file = await open(`${path}.tmp`, 'w', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.tmp`, path)
    const folder = await open(dirname(path), 'r')
    try { await folder.sync() } finally { await folder.close() }
  } catch (cause) {
    throw updaterFault(errnoOf(cause) === 'ENOSPC' ? 'DISK_FULL' : 'INTERNAL_ERROR', `${path} cannot be written: ${reasonOf(cause)}`, { cause })
  }
}
