import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { joinBytes } from '../../../../shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../../shared/lifecycle/lane.ts'
import type { ArtifactStore } from '../../../../shared/ota/artifactStore.ts'
import type { BoardRelease, BoardReleaseRows, KeptFile } from '../../../../shared/ota/boardReleases.schema.ts'
import type { NewDigest } from '../../../../shared/ota/digest.ts'
import type { MpyDeltas } from '../../../../shared/ota/mpyManifest.schema.ts'
import { byVersion, type MirrorVersion, type ReleaseSource } from '../../../../shared/ota/releaseMirror.ts'
import { makeManifest, manifestText } from '../../../protocols/otaManifest/makeManifest.ts'
import type { HmacHex } from '../../../protocols/otaManifest/signature.ts'
import type { AuditLog } from '../../audit/auditLog.ts'
import { createDeltaNames, savedPercent, worthyDelta } from './provedDelta.ts'

const manifestName = 'manifest.json'
const deltaListName = '.deltas/delta_manifest.json'

export interface ReleaseBookDeps {
  readonly artifacts: ArtifactStore
  readonly quotaBytes: number
  /** Replaced whole; when a change resolves, it is durable. */
  readonly rows: { read(): Promise<BoardReleaseRows>; change(how: (rows: BoardReleaseRows) => BoardReleaseRows): Promise<void> }
  readonly clock: Pick<Clock, 'wallMs'>
  readonly audit: Pick<AuditLog, 'around'>
  readonly newDigest: NewDigest
  readonly hmacSha256Hex: HmacHex
  readonly changed: () => void
}
export interface NewRelease {
  readonly version: string
  readonly generatedAt: string
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[]
  readonly postUpdate?: string | undefined
  /** Signs, and is kept nowhere. */
  readonly key?: string | undefined
}

/** Releases of boards, kept by the hashes of their files, so that what was published stays what it was, whatever becomes of its folder. */
export interface ReleaseBook extends ReleaseSource {
  /** Highest version first. */
  list(): Promise<readonly BoardRelease[]>
  build(wish: NewRelease, signal: AbortSignal): Promise<BoardRelease>
  delta(version: string, from: string, signal: AbortSignal): Promise<BoardRelease>
  publish(version: string, signal: AbortSignal): Promise<BoardRelease>
  withdraw(version: string, signal: AbortSignal): Promise<BoardRelease>
  remove(version: string, signal: AbortSignal): Promise<{ readonly freedBytes: number }>
  /** Takes away what no release names: the leftovers of a build that did not come to its end. */
  collect(signal: AbortSignal): Promise<number>
}

export function createReleaseBook(deps: ReleaseBookDeps): ReleaseBook {
  const { artifacts, rows, clock, audit } = deps
  // One after the other: what is collected is never what another build is just bringing.
  const lane = createLane()
  const find = async (version: string): Promise<BoardRelease> => {
    const found = (await rows.read()).releases.find((each) => each.version === version)
    if (!found) throw new WorkbenchError('input/not-found', `There is no release ${version}`, { hint: 'Build it first' })
    return found
  }
  const change = async (release: BoardRelease): Promise<BoardRelease> => {
    await rows.change(({ releases }) => ({ releases: [...releases.filter(({ version }) => version !== release.version), release] }))
    deps.changed()
    return release
  }
  const bytesOf = async (sha256: string, signal: AbortSignal): Promise<Uint8Array> => {
    const pieces: Uint8Array[] = []
    for await (const piece of artifacts.read(sha256, signal)) pieces.push(piece)
    return joinBytes(pieces)
  }
  const collect = async (): Promise<number> => {
    const named = namedBy((await rows.read()).releases)
    let freedBytes = 0
    for (const { sha256, lengthBytes } of await artifacts.list()) {
      if (named.has(sha256)) continue
      await artifacts.remove(sha256)
      freedBytes += lengthBytes
    }
    return freedBytes
  }
  /** Leftovers go before a release is refused; what a release names never does. */
  const makeRoom = async (contents: readonly Uint8Array[]): Promise<void> => {
    const wanted = contents.reduce((sum, { length }) => sum + length, 0)
    if (await artifacts.usedBytes() + wanted > deps.quotaBytes) await collect()
  }
  const keep = async (path: string, bytes: Uint8Array, signal: AbortSignal): Promise<KeptFile> => {
    const { sha256, gitBlob, lengthBytes } = await artifacts.put([bytes], { lengthBytes: bytes.length }, signal)
    return { path, sha256, gitBlob, sizeBytes: lengthBytes }
  }
  /** What a failed try has brought is no release's. */
  const orCollect = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      await collect().catch(() => 0)
      throw error
    }
  }
  const build: ReleaseBook['build'] = async (wish, signal) => {
    const { version } = wish
    if ((await rows.read()).releases.some((each) => each.version === version)) throw new WorkbenchError('input/conflict', `There is a release ${version} already`, { context: { version }, hint: 'Raise the version; or withdraw and remove that one, if no board has it' })
    const manifest = new TextEncoder().encode(manifestText(makeManifest(wish, deps)))
    const all = [...wish.files, { path: manifestName, bytes: manifest }]
    await makeRoom(all.map(({ bytes }) => bytes))
    const files: KeptFile[] = []
    for (const { path, bytes } of all) files.push(await keep(path, bytes, signal))
    return change({ version, builtAtMs: clock.wallMs(), commit: commitOf(files, deps.newDigest), signed: wish.key !== undefined, files })
  }
  const delta = async (version: string, from: string, signal: AbortSignal): Promise<BoardRelease> => {
    const [release, before] = [await find(version), await find(from)]
    if (version === from) throw new WorkbenchError('input/malformed', `A delta leads from another version to ${version}`)
    const older = new Map(before.files.map((file) => [file.path, file.sha256]))
    const entries: NonNullable<BoardRelease['deltas']>['entries'] = []
    const nameOf = createDeltaNames()
    for (const { path, sha256, sizeBytes } of release.files) {
      const oldSha256 = older.get(path)
      if (path === manifestName || oldSha256 === undefined) continue
      const bytes = await worthyDelta(await bytesOf(oldSha256, signal), await bytesOf(sha256, signal), deps.newDigest, signal)
      if (!bytes) continue
      const file = nameOf(path)
      const kept = await keep(file, bytes, signal)
      entries.push({ path, file, oldSha256, newSha256: sha256, sha256: kept.sha256, sizeBytes: kept.sizeBytes, newBytes: sizeBytes })
    }
    return change({ ...release, deltas: { from, entries } })
  }
  const publish = async (version: string, signal: AbortSignal): Promise<BoardRelease> => {
    const release = await find(version)
    // Reading proves each of them by its hash.
    for (const sha256 of namedBy([release])) for await (const piece of artifacts.read(sha256, signal)) void piece
    if (release.publishedAtMs !== undefined) return release
    return audit.around({ what: 'publish release', subject: version, details: { commit: release.commit, signed: release.signed, files: release.files.length } }, async () => change({ ...release, publishedAtMs: clock.wallMs() }))
  }
  const withdraw = async (version: string): Promise<BoardRelease> => {
    const release = await find(version)
    if (release.publishedAtMs === undefined) return release
    const { publishedAtMs: _before, ...rest } = release
    return audit.around({ what: 'withdraw release', subject: version, details: { commit: release.commit } }, async () => change(rest))
  }
  const remove = async (version: string): Promise<{ readonly freedBytes: number }> => {
    const release = await find(version)
    if (release.publishedAtMs !== undefined) throw new WorkbenchError('input/conflict', `${version} is offered to boards`, { context: { version }, hint: 'Withdraw it first' })
    return audit.around({ what: 'remove release', subject: version, details: { commit: release.commit } }, async () => {
      // The row first: a file that a row names is always there.
      await rows.change(({ releases }) => ({ releases: releases.filter((each) => each.version !== version) }))
      const freedBytes = await collect()
      deps.changed()
      return { freedBytes }
    })
  }
  return {
    list: async () => (await rows.read()).releases.toSorted((a, b) => byVersion(b.version, a.version)),
    build: async (wish, signal) => lane(signal, async () => orCollect(async () => build(wish, signal))),
    delta: async (version, from, signal) => lane(signal, async () => orCollect(async () => delta(version, from, signal))),
    publish: async (version, signal) => lane(signal, async () => publish(version, signal)),
    withdraw: async (version, signal) => lane(signal, async () => withdraw(version)),
    remove: async (version, signal) => lane(signal, async () => remove(version)),
    collect: async (signal) => lane(signal, collect),
    versions: async () => (await rows.read()).releases.filter(({ publishedAtMs }) => publishedAtMs !== undefined).toSorted((a, b) => byVersion(a.version, b.version)).map((release) => mirrored(release, bytesOf)),
  }
}

const namedBy = (releases: readonly BoardRelease[]): Set<string> => new Set(releases.flatMap(({ files, deltas }) => [...files, ...deltas?.entries ?? []].map(({ sha256 }) => sha256)))

function commitOf(files: readonly KeptFile[], newDigest: NewDigest): string {
  const sum = newDigest('sha1')
  for (const { path, gitBlob } of files) sum.update(new TextEncoder().encode(`${gitBlob} ${path}\0`))
  return sum.hex()
}

function mirrored(release: BoardRelease, bytesOf: (sha256: string, signal: AbortSignal) => Promise<Uint8Array>): MirrorVersion {
  const { version, commit, files, deltas } = release
  return {
    tag: version,
    content: async () => ({ commit, tree: files.filter(({ path }) => path !== manifestName).map(({ path, sizeBytes, gitBlob }) => ({ path, size: sizeBytes, sha: gitBlob })) }),
    read: async (path) => {
      if (path === deltaListName) return deltas && new TextEncoder().encode(JSON.stringify(deltaList(version, deltas)))
      const sha256 = files.find((file) => file.path === path)?.sha256 ?? deltas?.entries.find(({ file }) => file === path)?.sha256
      return sha256 === undefined ? undefined : bytesOf(sha256, new AbortController().signal)
    },
  }
}

function deltaList(version: string, { from, entries }: NonNullable<BoardRelease['deltas']>): MpyDeltas {
  const sum = (of: 'sizeBytes' | 'newBytes'): number => entries.reduce((total, entry) => total + entry[of], 0)
  const [newBytes, deltaBytes] = [sum('newBytes'), sum('sizeBytes')]
  return {
    old_ref: from, new_ref: version, deltas: entries.length, total_new_size: newBytes, total_delta_size: deltaBytes, savings_bytes: newBytes - deltaBytes, savings_percent: savedPercent(deltaBytes, newBytes),
    entries: entries.map(({ path, oldSha256, newSha256, file, sizeBytes }) => ({ path, old_sha256: oldSha256, new_sha256: newSha256, file, size: sizeBytes })),
  }
}
