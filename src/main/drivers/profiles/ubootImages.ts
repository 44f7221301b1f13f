import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { leastUbootBytes } from '../files/bootFiles.ts'
import { download, type DownloadDeps, parseWebUrl, shownUrl } from './download.ts'
import { readWhole, writeWhole } from './wholeFile.ts'

/** Where OpenIPC publishes its newest builds. What lies there changes now and then. */
export const publicUbootUrl = 'https://github.com/OpenIPC/firmware/releases/download/latest/'

/** What a plan refuses for its size must not be kept as a chip's U-Boot either. */
const smallestBytes = leastUbootBytes
const largestBytes = 4 * 1024 * 1024
const maxRecordBytes = 16 * 1024

const recordSchema = z.object({
  version: z.literal(1),
  /** Empty for a file that somebody put there. */
  url: z.string().max(2048),
  etag: z.string().max(200).optional(),
  sizeBytes: z.number().int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** ISO time. */
  firstUsed: z.string().max(40),
})
type UbootRecord = z.infer<typeof recordSchema>

export interface UbootImage {
  readonly path: string
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly from: 'cache' | 'download' | 'file'
}

export interface UbootImagesDeps extends DownloadDeps {
  readonly dataFolder: string
  /** Ends with a slash or gets one. */
  readonly baseUrl?: string
}

export interface UbootImages {
  /**
   * From the cache, else downloaded. A cached file that is not the one that was first used is `input/conflict`, never used and never
   * replaced by itself. `name` is the public build's name.
   */
  get(name: string, signal: AbortSignal, tell?: DownloadDeps['tell']): Promise<UbootImage>
  /** Only what is there; never asks the network. `input/missing-file`. */
  cached(name: string, signal: AbortSignal): Promise<UbootImage>
  /** Downloads again. Another content than before is `input/conflict` unless `acceptOther`, and the cache stays as it is. */
  refresh(name: string, options: { readonly acceptOther: boolean; readonly tell?: DownloadDeps['tell'] }, signal: AbortSignal): Promise<UbootImage>
  /** A file that a person chose becomes the image of this name, whatever was there. */
  adopt(name: string, path: string, signal: AbortSignal): Promise<UbootImage>
  /** Names for which an image lies there; it is not looked into. */
  list(): Promise<readonly string[]>
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** `<data>/uboot`: `u-boot-NAME-universal.bin`, and beside each a `.json` that says where it came from and what it was. */
export function createUbootImages({ dataFolder, baseUrl = publicUbootUrl, ...net }: UbootImagesDeps): UbootImages {
  const folder = join(dataFolder, 'uboot')
  const fileOf = (name: string): string => {
    if (!/^[a-z0-9][a-z0-9_-]{1,31}$/.test(name)) throw new WorkbenchError('input/malformed', `"${name.slice(0, 40)}" is not the name of a U-Boot build`)
    return `u-boot-${name}-universal.bin`
  }
  const urlOf = (name: string): URL => new URL(fileOf(name), parseWebUrl(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`))

  const keep = async (name: string, bytes: Uint8Array, origin: Pick<UbootRecord, 'url' | 'etag'>): Promise<string> => {
    const path = join(folder, fileOf(name))
    const sha256 = sha256Of(bytes)
    // The record last: a file without one is taken for new, a record without its file would be a lie.
    await writeWhole(path, bytes)
    await writeRecord(path, { version: 1, ...origin, sizeBytes: bytes.length, sha256, firstUsed: new Date(net.clock.wallMs()).toISOString() })
    return path
  }

  const fromCache = async (name: string): Promise<UbootImage | undefined> => {
    const path = join(folder, fileOf(name))
    const bytes = await readWhole(path, largestBytes)
    if (!bytes) return undefined
    checkLooks(bytes, path)
    const sha256 = sha256Of(bytes)
    const record = await readRecord(path)
    if (!record) await writeRecord(path, { version: 1, url: '', sizeBytes: bytes.length, sha256, firstUsed: new Date(net.clock.wallMs()).toISOString() })
    else if (record.sha256 !== sha256) {
      throw new WorkbenchError('input/conflict', `${path} is not the file that was used before: its SHA-256 has changed`, {
        context: { path, expected: record.sha256, found: sha256 }, hint: `If you replaced it on purpose, remove ${fileOf(name)}.json beside it; otherwise remove both and download again`,
      })
    }
    return { path, bytes, sha256, from: 'cache' }
  }

  const fetched = async (name: string, signal: AbortSignal, tell: DownloadDeps['tell']): Promise<{ readonly bytes: Uint8Array; readonly url: string; readonly etag: string | undefined }> => {
    const url = urlOf(name)
    const { bytes, etag } = await download({ ...net, tell }, url, largestBytes, signal)
    checkLooks(bytes, shownUrl(url))
    return { bytes, url: shownUrl(url), etag }
  }

  const missing = (name: string): WorkbenchError => new WorkbenchError('input/missing-file', `The U-Boot image ${fileOf(name)} is not here yet`, { context: { name }, hint: 'Download it, or choose a file' })

  const fetchAndKeep = async (name: string, acceptOther: boolean, signal: AbortSignal, tell: DownloadDeps['tell']): Promise<UbootImage> => {
    const record = await readRecord(join(folder, fileOf(name)))
    const { bytes, url, etag } = await fetched(name, signal, tell)
    const sha256 = sha256Of(bytes)
    if (record && record.sha256 !== sha256 && !acceptOther) {
      throw new WorkbenchError('input/conflict', `${url} holds another file than the one that was used before`, {
        context: { name, expected: record.sha256, found: sha256 }, hint: 'A new release looks like this. Take it only if you expect one; until then nothing here changes',
      })
    }
    return { path: await keep(name, bytes, { url, ...(etag === undefined ? {} : { etag }) }), bytes, sha256, from: 'download' }
  }

  return {
    get: async (name, signal, tell) => {
      signal.throwIfAborted()
      return await fromCache(name) ?? fetchAndKeep(name, false, signal, tell)
    },
    cached: async (name, signal) => {
      signal.throwIfAborted()
      const found = await fromCache(name)
      if (!found) throw missing(name)
      return found
    },
    refresh: async (name, { acceptOther, tell }, signal) => {
      signal.throwIfAborted()
      return fetchAndKeep(name, acceptOther, signal, tell)
    },
    adopt: async (name, given, signal) => {
      signal.throwIfAborted()
      const path = resolve(given)
      const bytes = await readWhole(path, largestBytes)
      if (!bytes) throw new WorkbenchError('input/not-found', `${path} is not there`)
      checkLooks(bytes, path)
      return { path: await keep(name, bytes, { url: '' }), bytes, sha256: sha256Of(bytes), from: 'file' }
    },
    list: async () => {
      const names = await readdir(folder).catch((cause: unknown) => {
        if (errnoOf(cause) === 'ENOENT') return []
        throw new WorkbenchError('host/io', `${folder} cannot be read: ${reasonOf(cause)}`, { cause })
      })
      return names.flatMap((file) => /^u-boot-([a-z0-9][a-z0-9_-]{1,31})-universal\.bin$/.exec(file)?.[1] ?? []).sort()
    },
  }
}

/** An error page or a cut-off file that was saved as an image: seen before it goes to a camera. */
function checkLooks(bytes: Uint8Array, where: string): void {
  const isPage = /^\s*(<|\{)/.test(new TextDecoder().decode(bytes.subarray(0, 16)))
  if (bytes.length >= smallestBytes && !isPage) return
  throw new WorkbenchError('input/malformed', `${where} is no U-Boot image: ${isPage ? 'it is a text page' : `it has ${bytes.length} bytes`}`, { hint: 'A failed download looks like this; remove the file and download it again' })
}

const recordPath = (path: string): string => `${path}.json`

async function readRecord(path: string): Promise<UbootRecord | undefined> {
  const bytes = await readWhole(recordPath(path), maxRecordBytes)
  if (!bytes) return undefined
  try {
    return recordSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    // Not taken for absent: that would trust whatever lies there now.
    throw new WorkbenchError('input/malformed', `${recordPath(path)} is damaged, so nothing shows which U-Boot was used before`, { cause, hint: 'Remove it and the image beside it, and download again' })
  }
}

async function writeRecord(path: string, record: UbootRecord): Promise<void> {
  await writeWhole(recordPath(path), new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`))
}
