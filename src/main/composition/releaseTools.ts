import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../drivers/files/makeFolders.ts'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { createDeltaNames, provedDelta, savedPercent, sha256Of, worthyDelta } from '../core/ota/releases/provedDelta.ts'
import { newDigest, hmacSha256Hex } from '../drivers/host/digest.ts'
import { listReleaseFiles, readReleaseFile } from '../drivers/files/releaseFolder.ts'
import { replaceFile } from '../drivers/files/replaceFile.ts'
import { folderSource, type Mirror, openGithubMirror } from '../drivers/http/githubMirror.ts'
import { maxDeltaFileBytes } from '../protocols/delta/generateDelta.ts'
import { makeManifest, manifestText } from '../protocols/otaManifest/makeManifest.ts'
import { chooseFiles } from '../protocols/otaManifest/select.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { releaseVersionSchema } from '../../shared/ota/boardReleases.schema.ts'
import type { MpyDeltas } from '../../shared/ota/mpyManifest.schema.ts'
import { readGivenFile, readGivenText } from './givenFile.ts'

export interface ManifestWish {
  readonly folder: string
  readonly version: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Files with one path a line. */
  readonly fileListPath?: string | undefined
  readonly deletesPath?: string | undefined
  readonly postUpdate?: string | undefined
  readonly key?: string | undefined
  /** `manifest.json` in the folder when it is left out. */
  readonly outPath?: string | undefined
  /** `2026-01-02T03:04:05Z`. */
  readonly generatedAt: string
}
export interface ManifestFacts { readonly path: string; readonly version: string; readonly files: readonly string[]; readonly totalBytes: number; readonly signed: boolean }

const textOf = async (path: string | undefined, signal: AbortSignal): Promise<string | undefined> => (path === undefined ? undefined : readGivenText(path, 'It is a list with one path a line', signal))

/** The manifest of a folder, written whole or not at all. */
export async function makeReleaseManifest(wish: ManifestWish, signal: AbortSignal): Promise<ManifestFacts> {
  const version = releaseVersionSchema.safeParse(wish.version)
  if (!version.success) throw new WorkbenchError('input/malformed', `${JSON.stringify(wish.version.slice(0, 80))} is no name of a version`, { hint: version.error.issues[0]?.message })
  // What was named wrongly is told before a large folder is gone through.
  const [fileList, deleteList] = [await textOf(wish.fileListPath, signal), await textOf(wish.deletesPath, signal)]
  const all = await listReleaseFiles(wish.folder, signal)
  const chosen = chooseFiles(all, { include: wish.include, exclude: wish.exclude, fileList, manifestPath: 'manifest.json' })
  if (chosen.length === 0) throw new WorkbenchError('input/not-found', `No file of ${wish.folder} is chosen`, { hint: 'Without --include or --file-list only ota.py and main.py are taken' })
  const files: { path: string; bytes: Uint8Array }[] = []
  for (const path of chosen) {
    signal.throwIfAborted()
    const bytes = await readReleaseFile(wish.folder, path)
    if (!bytes) throw new WorkbenchError('input/conflict', `${path} changed while the release was made`)
    files.push({ path, bytes })
  }
  const deletes = deleteList?.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
  const manifest = makeManifest({ version: wish.version, generatedAt: wish.generatedAt, files, deletes, postUpdate: wish.postUpdate, key: wish.key }, { newDigest, hmacSha256Hex })
  const path = wish.outPath ?? join(wish.folder, 'manifest.json')
  await replaceFile(path, new TextEncoder().encode(manifestText(manifest)))
  return { path, version: wish.version, files: chosen, totalBytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0), signed: wish.key !== undefined }
}

export interface DeltaFacts { readonly path: string; readonly oldBytes: number; readonly newBytes: number; readonly deltaBytes: number; readonly savedPercent: number; readonly newSha256: string }

export async function makeReleaseDelta({ oldPath, newPath, outPath }: { readonly oldPath: string; readonly newPath: string; readonly outPath: string }, signal: AbortSignal): Promise<DeltaFacts> {
  for (const path of [oldPath, newPath]) {
    const found = await stat(path).catch((cause: unknown) => { throw new WorkbenchError('input/not-found', `${path} cannot be read: ${reasonOf(cause)}`, { cause, hint: deltaHint }) })
    if (!found.isFile()) throw new WorkbenchError('input/not-found', `${path} is no file`, { hint: deltaHint })
    if (found.size > maxDeltaFileBytes) throw new WorkbenchError('input/too-large', `${path} is too large for a delta`, { context: { lengthBytes: found.size, limitBytes: maxDeltaFileBytes }, hint: 'No board holds such a file' })
  }
  const [older, newer] = [await readGivenFile(oldPath, maxDeltaFileBytes, deltaHint, signal), await readGivenFile(newPath, maxDeltaFileBytes, deltaHint, signal)]
  const delta = await provedDelta(older, newer, newDigest, signal)
  await replaceFile(outPath, delta)
  return { path: outPath, oldBytes: older.length, newBytes: newer.length, deltaBytes: delta.length, savedPercent: savedPercent(delta.length, newer.length), newSha256: sha256Of(newer, newDigest) }
}

const deltaHint = 'A delta is made of two files, or of two folders'

/** For two versions: deltas of the files that are worth it, into `.deltas` of the new one, with the list that boards look at. */
export async function makeReleaseDeltas({ oldFolder, newFolder, oldRef, newRef }: { readonly oldFolder: string; readonly newFolder: string; readonly oldRef: string; readonly newRef: string }, signal: AbortSignal): Promise<MpyDeltas> {
  const before = new Set(await listReleaseFiles(oldFolder, signal))
  const entries: MpyDeltas['entries'][number][] = []
  const nameOf = createDeltaNames()
  let totalNew = 0
  for (const path of await listReleaseFiles(newFolder, signal)) {
    // What describes a version is no file of it.
    if (!before.has(path) || path === 'manifest.json' || path.split('/').some((part) => part.startsWith('.'))) continue
    const [older, newer] = [await readReleaseFile(oldFolder, path), await readReleaseFile(newFolder, path)]
    const delta = older && newer && await worthyDelta(older, newer, newDigest, signal)
    if (!delta) continue
    const file = nameOf(path)
    await makeFolders(join(newFolder, '.deltas'))
    await replaceFile(join(newFolder, file), delta)
    totalNew += newer.length
    entries.push({ path, old_sha256: sha256Of(older, newDigest), new_sha256: sha256Of(newer, newDigest), file, size: delta.length })
  }
  const totalDelta = entries.reduce((sum, { size }) => sum + size, 0)
  const list: MpyDeltas = { old_ref: oldRef, new_ref: newRef, deltas: entries.length, total_new_size: totalNew, total_delta_size: totalDelta, savings_bytes: totalNew - totalDelta, savings_percent: savedPercent(totalDelta, totalNew), entries }
  await makeFolders(join(newFolder, '.deltas'))
  // Last: whoever sees the list finds every file of it.
  await replaceFile(join(newFolder, '.deltas/delta_manifest.json'), new TextEncoder().encode(`${JSON.stringify(list, undefined, 2)}\n`))
  return list
}

/** Until the signal aborts. */
export async function serveReleases(options: { readonly folder: string; readonly host: string; readonly port: number; readonly ready: (mirror: Pick<Mirror, 'url' | 'port'> & { readonly versions: readonly string[] }) => void; readonly log: (line: string) => void }, signal: AbortSignal): Promise<void> {
  await listReleaseFiles(options.folder, signal)
  const mirror = await openGithubMirror(options, signal)
  try {
    const versions = (await folderSource(options.folder).versions()).map(({ tag }) => tag)
    options.ready({ url: mirror.url, port: mirror.port, versions })
    if (!signal.aborted) await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
  } finally {
    await mirror.close()
  }
}
