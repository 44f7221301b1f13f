import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { crc32, hexCrc } from '../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import type { Artifact, ArtifactStore, ArtifactWish } from '../../../shared/ota/artifactStore.ts'
import { errnoOf } from '../errors/reasonOf.ts'
import { type DiskCalls, nodeDisk } from './diskCalls.ts'

const pieceBytes = 256 * 1024
const lookEveryBytes = 1024 * 1024
const name = /^[0-9a-f]{64}$/
const recordSchema = z.strictObject({
  sha256: z.string().regex(name), md5: z.string().regex(/^[0-9a-f]{32}$/), crc32: z.string().regex(/^[0-9a-f]{8}$/), gitBlob: z.string().regex(/^[0-9a-f]{40}$/), lengthBytes: z.number().int().min(0),
})
export interface ArtifactFilesOptions {
  readonly folder: string
  readonly quotaBytes: number
  readonly disk?: DiskCalls
}

/**
 * `objects/HASH` is the content, `records/HASH.json` says that it is whole: first the one, then the other, so that what has no record is no
 * artifact. `partial/` holds what is still coming. One process at a time.
 */
export async function openArtifactFiles({ folder, quotaBytes, disk = nodeDisk }: ArtifactFilesOptions): Promise<ArtifactStore> {
  const at = { objects: join(folder, 'objects'), records: join(folder, 'records'), partial: join(folder, 'partial') }
  for (const each of Object.values(at)) await disk.mkdir(each, 0o700).catch((cause: unknown) => { throw problem(each, cause) })
  const coming = new Set<string>()
  const registering = createLane()
  await sweep(at)
  // Counted once and then kept up: a release brings hundreds of files, and each of them asks.
  let objectBytes = await bytesIn(at.objects)

  const objectOf = (sha256: string): string => join(at.objects, sha256)
  const partialOf = (wish: ArtifactWish): string => join(at.partial, createHash('sha256').update(JSON.stringify([wish.identity, wish.lengthBytes, wish.sha256, wish.md5])).digest('hex'))
  const get: ArtifactStore['get'] = async (sha256) => {
    if (!name.test(sha256)) return undefined
    const text = await readFile(join(at.records, `${sha256}.json`), 'utf8').catch((cause: unknown) => { if (errnoOf(cause) === 'ENOENT') return undefined; throw problem(folder, cause) })
    if (text === undefined) return undefined
    const record = recordSchema.safeParse(safeJson(text))
    if (!record.success || record.data.sha256 !== sha256) throw new WorkbenchError('host/io', `The record of ${sha256.slice(0, 12)} is damaged`, { context: { sha256 }, hint: 'Remove it and bring it again' })
    return await stat(objectOf(sha256)).then(() => record.data, (cause: unknown) => { if (errnoOf(cause) === 'ENOENT') return undefined; throw problem(folder, cause) })
  }
  const usedBytes = async (): Promise<number> => objectBytes + await bytesIn(at.partial)
  const kept: ArtifactStore['kept'] = async (wish) => {
    if (wish.identity === undefined) return 0
    const lengthBytes = (await stat(partialOf(wish)).catch(() => undefined))?.size ?? 0
    return wish.lengthBytes !== undefined && lengthBytes > wish.lengthBytes ? 0 : lengthBytes
  }
  const receive = async (path: string, content: Parameters<ArtifactStore['put']>[0], wish: ArtifactWish, from: number, signal: AbortSignal): Promise<Artifact> => {
    const handle = await disk.open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | (from === 0 ? constants.O_TRUNC : 0), 0o600)
    try {
      const sums = createSums(wish.lengthBytes)
      for await (const piece of fileBytes(handle, 0, from, signal)) sums.update(piece)
      let [arrived, roomBytes, sinceLook] = [0, quotaBytes - await usedBytes(), 0]
      for await (const piece of content) {
        signal.throwIfAborted()
        if (wish.lengthBytes !== undefined && from + arrived + piece.length > wish.lengthBytes) throw wrong(`More than the ${wish.lengthBytes} bytes arrived that were announced`)
        // Others may be coming in meanwhile.
        if (sinceLook > lookEveryBytes) [roomBytes, sinceLook] = [quotaBytes - await usedBytes(), 0]
        if (sinceLook + piece.length > roomBytes) throw new WorkbenchError('host/disk-full', `The store may hold ${quotaBytes} bytes, and this is more than is left of them`, { context: { quotaBytes }, hint: 'Remove what nobody needs, or allow the store more' })
        for (let done = 0; done < piece.length;) done += (await handle.write(piece, done, piece.length - done, from + arrived + done)).bytesWritten
        sums.update(piece)
        arrived += piece.length
        sinceLook += piece.length
      }
      const lengthBytes = from + arrived
      if (wish.lengthBytes !== undefined && lengthBytes < wish.lengthBytes) throw new WorkbenchError('link/closed', `Only ${lengthBytes} of ${wish.lengthBytes} bytes arrived`, { context: { lengthBytes }, hint: 'Start it again: what came is kept' })
      await handle.sync()
      // Without an announced length git's name begins with a number that is known only now.
      const gitBlob = sums.gitBlob() ?? await gitBlobOf(handle, lengthBytes, signal)
      return { ...sums.all(), gitBlob, lengthBytes }
    } finally {
      await handle.close()
    }
  }
  const forget = async (sha256: string): Promise<void> => {
    // Content without a record is swept away at the next start, and a record without content says nothing: their order does not matter.
    for (const record of [`${sha256}.json`, `${sha256}.json.new`]) await rm(join(at.records, record), { force: true })
    const lengthBytes = (await stat(objectOf(sha256)).catch(() => undefined))?.size ?? 0
    await rm(objectOf(sha256), { force: true })
    objectBytes -= lengthBytes
  }
  const register = async (path: string, artifact: Artifact): Promise<void> => {
    // Two at once bring the same: the first has done it.
    if (await get(artifact.sha256)) return
    // A second name is never given over something else; a rename is.
    await disk.link(path, objectOf(artifact.sha256)).then(() => { objectBytes += artifact.lengthBytes }, (cause: unknown) => { if (errnoOf(cause) !== 'EEXIST') throw cause })
    try {
      await syncFolder(at.objects, disk)
      const record = join(at.records, `${artifact.sha256}.json`)
      await writeDurably(`${record}.new`, `${JSON.stringify(artifact)}\n`, disk)
      await disk.rename(`${record}.new`, record)
      await syncFolder(at.records, disk)
    } catch (error) {
      // What is told as a failure is not there afterwards.
      await forget(artifact.sha256).catch(() => undefined)
      throw error
    }
  }
  const put: ArtifactStore['put'] = async (content, wish, signal, from = 0) => {
    signal.throwIfAborted()
    const path = wish.identity === undefined ? join(at.partial, `once-${createHash('sha256').update(`${process.hrtime.bigint()}`).digest('hex')}`) : partialOf(wish)
    if (coming.has(path)) throw new WorkbenchError('input/conflict', 'The same is just being fetched')
    coming.add(path)
    try {
      if (from !== 0 && from !== await kept(wish)) throw new WorkbenchError('input/conflict', `${from} bytes are not what is kept of it`, { hint: 'Start it from the beginning' })
      const artifact = await receive(path, content, wish, from, signal)
      if (wish.sha256 !== undefined && wish.sha256 !== artifact.sha256) throw wrong(`Its SHA-256 is ${artifact.sha256}, and ${wish.sha256} was expected`)
      if (wish.md5 !== undefined && wish.md5 !== artifact.md5) throw wrong(`Its MD5 is ${artifact.md5}, and ${wish.md5} was expected`)
      await registering(new AbortController().signal, async () => register(path, artifact))
      await disk.unlink(path)
      return artifact
    } catch (cause) {
      const isWrong = cause instanceof WorkbenchError && cause.code === 'device/wrong-content'
      if (wish.identity === undefined || isWrong) await rm(path, { force: true }).catch(() => undefined)
      throw problem(path, cause)
    } finally {
      coming.delete(path)
    }
  }
  return {
    kept, put, get, usedBytes,
    list: async () => {
      const found: Artifact[] = []
      for (const file of (await readdir(at.records)).sort()) {
        const artifact = file.endsWith('.json') ? await get(file.slice(0, -5)) : undefined
        if (artifact) found.push(artifact)
      }
      return found
    },
    read: async function* read(sha256, signal, offset = 0) {
      const artifact = await get(sha256)
      if (!artifact) throw new WorkbenchError('input/not-found', `There is no artifact ${sha256.slice(0, 64)}`)
      const handle = await open(objectOf(sha256), constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => { throw problem(sha256, cause) })
      try {
        yield* provedBytes(handle, artifact, offset, signal)
      } finally {
        await handle.close()
      }
    },
    remove: async (sha256) => { if (name.test(sha256)) await registering(new AbortController().signal, async () => forget(sha256)) },
  }
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const file of await readdir(folder)) bytes += (await stat(join(folder, file)).catch(() => undefined))?.size ?? 0
  return bytes
}

const wrong = (message: string): WorkbenchError => new WorkbenchError('device/wrong-content', message, { hint: 'It was thrown away; fetch it again' })

/** One piece behind, so that a reader who is told of damage has not got all of it. */
async function* provedBytes(handle: FileHandle, { sha256, lengthBytes }: Artifact, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let held: Uint8Array | undefined
  let position = 0
  for await (const piece of fileBytes(handle, 0, lengthBytes + 1, signal)) {
    hash.update(piece)
    const from = Math.max(0, offset - position)
    position += piece.length
    if (from >= piece.length) continue
    if (held) yield held
    held = piece.subarray(from)
  }
  if (hash.digest('hex') !== sha256) throw new WorkbenchError('host/io', `The artifact ${sha256.slice(0, 12)} is damaged on this disk`, { context: { sha256 }, hint: 'Remove it and bring it again; look at the disk' })
  if (held) yield held
}

async function* fileBytes(handle: FileHandle, start: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end;) {
    signal.throwIfAborted()
    const { buffer, bytesRead } = await handle.read(new Uint8Array(Math.min(pieceBytes, end - position)), 0, null, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

interface Sums { update(bytes: Uint8Array): void; all(): Omit<Artifact, 'gitBlob' | 'lengthBytes'>; gitBlob(): string | undefined }

function createSums(lengthBytes: number | undefined): Sums {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')]
  const git = lengthBytes === undefined ? undefined : createHash('sha1').update(`blob ${lengthBytes}\0`)
  let crc = 0
  return {
    update: (bytes) => { sha256.update(bytes); md5.update(bytes); git?.update(bytes); crc = crc32(bytes, crc) },
    all: () => ({ sha256: sha256.digest('hex'), md5: md5.digest('hex'), crc32: hexCrc(crc) }),
    gitBlob: () => git?.digest('hex'),
  }
}

async function gitBlobOf(handle: FileHandle, lengthBytes: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha1').update(`blob ${lengthBytes}\0`)
  for await (const piece of fileBytes(handle, 0, lengthBytes, signal)) hash.update(piece)
  return hash.digest('hex')
}

/** What a crash left between content and record, and what can never be continued. */
async function sweep(at: { readonly objects: string; readonly records: string; readonly partial: string }): Promise<void> {
  const records = new Set(await readdir(at.records))
  for (const file of await readdir(at.objects)) if (!records.has(`${file}.json`)) await rm(join(at.objects, file), { force: true })
  for (const file of records) if (file.endsWith('.new')) await rm(join(at.records, file), { force: true })
  for (const file of await readdir(at.partial)) if (file.startsWith('once-')) await rm(join(at.partial, file), { force: true })
}

async function writeDurably(path: string, text: string, disk: DiskCalls): Promise<void> {
  const handle = await disk.open(path, 'w', 0o600)
  try { await handle.writeFile(text); await handle.sync() } finally { await handle.close() }
}

/** Windows keeps its folders by itself, and opens none. */
async function syncFolder(path: string, disk: DiskCalls): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await disk.open(path, constants.O_RDONLY)
  try { await handle.sync() } finally { await handle.close() }
}

function safeJson(text: string): unknown {
  try { return JSON.parse(text) } catch { return undefined }
}

function problem(path: string, cause: unknown): Error {
  if (cause instanceof Error && !('syscall' in cause)) return cause
  const code = errnoOf(cause) ?? ''
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return new WorkbenchError('host/disk-full', 'The disk of the store is full', { cause, hint: 'Make room on it' })
  return new WorkbenchError('host/io', `${path} cannot be used`, { cause })
}
