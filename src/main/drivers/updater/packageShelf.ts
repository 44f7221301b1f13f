import { createHash } from 'node:crypto'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { DownloadRequest } from '../../../shared/ota/updater.schema.ts'
import { updaterFault } from '../../../shared/ota/updaterFault.ts'
import type { PackageShelf } from '../../../shared/ota/updaterParts.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { type Body, openBody } from './packageBody.ts'
import { writeBody } from './writeBody.ts'

/** One first try, and one more after each of these. */
const waitsMs = [1_000, 2_000, 4_000] as const

export interface ShelfDeps {
  /** `tmp`, with nothing else of anybody's in it but the state. */
  readonly folder: string
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
}

export const stateName = 'state.json'

export function createPackageShelf(deps: ShelfDeps): PackageShelf {
  const { folder } = deps
  const pathOf = (name: string): string => join(folder, name)
  const sizeOf = async (name: string): Promise<number | undefined> => stat(pathOf(name)).then((facts) => (facts.isFile() ? facts.size : undefined), (error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw updaterFault('INTERNAL_ERROR', `${pathOf(name)} cannot be looked at: ${reasonOf(error)}`, { cause: error })
  })
  const remove = async (name: string): Promise<void> => { await rm(pathOf(name), { force: true }) }
  return {
    pathOf, sizeOf, remove,
    keepOnly: async (name) => {
      await makeFolders(folder, 0o755)
      // Files alone: the updater makes no folders here, so none is its to take away.
      for (const each of await readdir(folder, { withFileTypes: true })) if (each.isFile() && each.name !== name && each.name !== stateName) await rm(join(folder, each.name), { force: true })
    },
    fetch: async (request, fromBytes, progress, signal) => {
      try {
        await fetchWithRetries(request, fromBytes, { ...deps, pathOf, sizeOf }, progress, signal)
      } catch (error) {
        // A short or an overlong body is no beginning of the right one, and a full disk wants the room back.
        if (['INCOMPLETE_DOWNLOAD', 'PACKAGE_SIZE_MISMATCH', 'DISK_FULL'].includes(reasonIn(error))) await remove(request.package_name)
        throw error
      }
    },
    verify: async (request, signal) => {
      const [md5, sha256] = [createHash('md5'), createHash('sha256')]
      let bytes = 0
      const file = await open(pathOf(request.package_name))
      try {
        // One buffer for all of it: a new one for each piece of two gigabytes is garbage faster than it is collected.
        const buffer = Buffer.allocUnsafe(256 * 1024)
        for (;;) {
          signal.throwIfAborted()
          const { bytesRead } = await file.read(buffer, 0, buffer.length, bytes)
          if (bytesRead === 0) break
          const piece = buffer.subarray(0, bytesRead)
          md5.update(piece)
          if (request.package_sha256 !== undefined) sha256.update(piece)
          bytes += bytesRead
        }
      } finally {
        await file.close()
      }
      if (bytes !== request.package_size) throw updaterFault('PACKAGE_SIZE_MISMATCH', `expected ${request.package_size}, got ${bytes}`)
      const sum = md5.digest('hex')
      if (sum !== request.package_md5) throw updaterFault('MD5_MISMATCH', `expected ${request.package_md5}, got ${sum}`)
      const long = sha256.digest('hex')
      if (request.package_sha256 !== undefined && long !== request.package_sha256) throw updaterFault('SHA256_MISMATCH', `expected ${request.package_sha256}, got ${long}`)
    },
  }
}

const reasonIn = (error: unknown): string => String((error as { context?: { reason?: unknown } } | undefined)?.context?.reason ?? '')

async function fetchWithRetries(request: DownloadRequest, fromBytes: number, deps: ShelfDeps & Pick<PackageShelf, 'pathOf' | 'sizeOf'>, progress: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  let at = fromBytes
  for (let attempt = 0; ; attempt += 1) {
    const body = await openBody(request, at, deps, signal)
    if (body.kind === 'body') { await taken(body, request, deps, progress, signal); return }
    if (body.kind === 'unwanted-range') { at = 0; await rm(deps.pathOf(request.package_name), { force: true }); if (attempt < waitsMs.length) continue }
    const waitMs = waitsMs[attempt]
    if (body.kind === 'final' || waitMs === undefined) throw updaterFault('DOWNLOAD_FAILED', body.kind === 'unwanted-range' ? 'the server refuses every part of the file' : body.why)
    await deps.clock.sleep(waitMs, signal)
  }
}

async function taken(body: Body, request: DownloadRequest, deps: ShelfDeps & Pick<PackageShelf, 'pathOf'>, progress: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const path = deps.pathOf(request.package_name)
  const bytes = await withDeadline(deps.clock, bodyLimitMs(request.package_size), `The download of ${request.package_name}`, signal, async (within) => writeBody(path, body, request.package_size, progress, deps.clock, within))
  // In this order: what the server promised, then what was ordered.
  if (body.announcedBytes !== undefined && bytes - body.fromBytes !== body.announcedBytes) throw updaterFault('INCOMPLETE_DOWNLOAD', `${bytes - body.fromBytes} of ${body.announcedBytes} bytes came`)
  if (bytes !== request.package_size) throw updaterFault('PACKAGE_SIZE_MISMATCH', `expected ${request.package_size}, got ${bytes}`)
}

/** 16 KiB a second and five minutes beside: slower lines never end. */
const bodyLimitMs = (sizeBytes: number): number => 300_000 + Math.ceil(sizeBytes / 16)
