import { createReadStream } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { changesBetween, type PackedFile, proveChanges, proveFiles, type ServiceWish, wholePackageOf, type WholePackage } from '../core/ota/releases/packageChanges.ts'
import { planDeployment } from '../core/ota/updater/deploy.ts'
import { listReleaseFiles } from '../drivers/files/releaseFolder.ts'
import { writeZip, type ZipPart } from '../drivers/files/zipFile.ts'
import { newDigest } from '../drivers/host/digest.ts'
import { measurePackage } from '../drivers/updater/packageHost.ts'
import { openPackageZip } from '../drivers/updater/packageZip.ts'
import { matchesGlob } from '../protocols/otaManifest/select.ts'
import { unitsInOrder } from '../protocols/updater/manifest.ts'
import { writePackageManifest } from '../protocols/updater/writeManifest.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { OpenPackage } from '../../shared/ota/openPackage.ts'
import type { PackageBuild, PackageMade } from '../../shared/ota/packageBuild.schema.ts'
import { mostPackageBytes } from '../../shared/ota/updater.schema.ts'

export interface PackageWish {
  /** What it holds lies below the root of versions on the appliance. */
  readonly folder: string
  readonly version: string
  /** In the order of their start. */
  readonly services: readonly ServiceWish[]
  readonly exclude: readonly string[]
  readonly outPath: string
}

/** A whole package of a folder; it has its name only when an updater's own reader found in it what was chosen. */
export async function makePackage({ folder, version, services, exclude, outPath }: PackageWish, signal: AbortSignal): Promise<PackageMade> {
  const left = (path: string): boolean => exclude.some((glob) => matchesGlob(path, glob))
  const strange: string[] = []
  const paths = (await listReleaseFiles(folder, signal, (path) => { if (!left(path)) strange.push(path) })).filter((path) => !left(path))
  if (strange.length > 0) throw new WorkbenchError('input/not-supported', `${JSON.stringify(strange[0]?.slice(0, 200))} is no plain file, and packages hold nothing else`, { context: { count: strange.length }, hint: 'Links are made on the appliance; leave them out with --exclude' })
  const files: PackedFile[] = []
  for (const path of paths) files.push(await factsOf(folder, path, signal))
  const whole = wholePackageOf(version, files, services)
  const parts = [textPart('manifest.json', writePackageManifest(whole.manifest)), ...whole.manifest.modules.map(({ src, path }, index): ZipPart => ({ name: src, pieces: readFile(join(folder, path), signal), mode: 0o100000 | (files[index]?.mode ?? 0o644) }))]
  await pack(outPath, whole.files, parts, async (found) => { proveFiles(whole.files, found.files); return Promise.resolve() }, signal)
  return made(outPath, whole, { files: files.length, keptFiles: 0, deleted: [], units: unitsInOrder(whole.manifest), wholeBytes: sumOf(files) }, signal)
}

/** From two whole packages: what an appliance with the older one needs to have the newer one. */
export async function makePackageOfChanges({ oldPath, newPath, outPath }: { readonly oldPath: string; readonly newPath: string; readonly outPath: string }, signal: AbortSignal): Promise<PackageMade> {
  return withPackage(oldPath, signal, async (older) => withPackage(newPath, signal, async (newer) => {
    for (const [path, { incrementalText }] of [[oldPath, older], [newPath, newer]] as const) {
      if (incrementalText !== undefined) throw new WorkbenchError('input/malformed', `${path} brings only changes itself`, { hint: 'Both have to be whole packages' })
    }
    const changes = changesBetween(older, newer)
    const parts = [textPart('manifest.json', changes.manifestText), textPart('incremental.json', changes.incrementalText), ...changes.brought.map(({ src }): ZipPart => ({ name: src, pieces: newer.contents.read(src, signal), mode: 0o100000 | (newer.contents.entry(src)?.mode ?? 0o644) }))]
    const brought = newer.files.filter(({ path }) => changes.brought.some((module) => module.path === path))
    await pack(outPath, brought, parts, async (found) => { proveChanges(older, newer, found); return Promise.resolve() }, signal)
    return made(outPath, newer, { base: older.manifest.version, files: brought.length, keptFiles: changes.keptFiles, deleted: changes.deleted, units: unitsInOrder(newer.manifest), wholeBytes: sumOf(newer.files), wholePackageBytes: (await stat(newPath)).size }, signal)
  }))
}

/** As the window asks for it. */
export async function buildPackage(wish: PackageBuild, signal: AbortSignal): Promise<PackageMade> {
  return wish.of === 'folder' ? makePackage(wish, signal) : makePackageOfChanges(wish, signal)
}

type ReadPackage = WholePackage & { readonly contents: OpenPackage; readonly incrementalText: string | undefined }

/** Every byte of it is read. */
async function withPackage<T>(path: string, signal: AbortSignal, work: (found: ReadPackage) => Promise<T>): Promise<T> {
  const contents = await openPackageZip(path, signal)
  try {
    const { manifest } = planDeployment(contents, undefined, 'any')
    const files: PackedFile[] = []
    for (const { src, path: to, sha256, md5, name } of manifest.modules) {
      const { md5: sum, ...file } = await hashed(to, contents.entry(src)?.mode ?? 0o644, contents.read(src, signal))
      if ((sha256 ?? file.sha256) !== file.sha256 || (md5 ?? sum) !== sum) throw new WorkbenchError('input/malformed', `${path}: ${name} is not what its manifest says`)
      files.push(file)
    }
    return await work({ contents, manifest, files, incrementalText: contents.incrementalText })
  } finally {
    await contents.close()
  }
}

async function pack(path: string, files: readonly PackedFile[], parts: readonly ZipPart[], prove: (found: ReadPackage) => Promise<void>, signal: AbortSignal): Promise<void> {
  if (sumOf(files) > mostPackageBytes) throw new WorkbenchError('input/too-large', `The package would have ${sumOf(files)} bytes, and an updater takes ${mostPackageBytes}`)
  async function* each(): AsyncGenerator<ZipPart, void, void> { for (const part of parts) yield await Promise.resolve(part) }
  await writeZip(path, each(), mostPackageBytes, signal, async (beside) => withPackage(beside, signal, prove))
}

async function made(path: string, { manifest: { version } }: WholePackage, rest: Omit<PackageMade, 'path' | 'version' | 'sizeBytes' | 'md5' | 'sha256'>, signal: AbortSignal): Promise<PackageMade> {
  const { sizeBytes, md5, sha256 } = await measurePackage(path, signal)
  return { path, version, ...rest, sizeBytes, md5, sha256 }
}

const textPart = (name: string, text: string): ZipPart => ({ name, pieces: [new TextEncoder().encode(text)], mode: 0o100644 })
const sumOf = (files: readonly PackedFile[]): number => files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
const readFile = (path: string, signal: AbortSignal): AsyncIterable<Uint8Array> => createReadStream(path, { highWaterMark: 256 * 1024, signal }) as AsyncIterable<Uint8Array>

async function factsOf(folder: string, path: string, signal: AbortSignal): Promise<PackedFile> {
  try {
    const { mode } = await lstat(join(folder, path))
    const { md5: _, ...file } = await hashed(path, mode & 0o777, readFile(join(folder, path), signal))
    return file
  } catch (cause) {
    signal.throwIfAborted()
    throw new WorkbenchError('host/io', `${path} cannot be read`, { cause })
  }
}

async function hashed(path: string, mode: number, pieces: AsyncIterable<Uint8Array>): Promise<PackedFile & { readonly md5: string }> {
  const [sha256, md5] = [newDigest('sha256'), newDigest('md5')]
  let sizeBytes = 0
  for await (const piece of pieces) { sha256.update(piece); md5.update(piece); sizeBytes += piece.length }
  return { path, mode, sizeBytes, sha256: sha256.hex(), md5: md5.hex() }
}
