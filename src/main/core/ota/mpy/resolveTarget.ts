import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { githubRefSchema, githubReleaseSchema, githubTagSchema, githubTreeSchema } from '../../../../shared/ota/github.schema.ts'
import { maxBoardFileBytes, maxManifestBytes, mpyDeltasSchema } from '../../../../shared/ota/mpyManifest.schema.ts'
import { checkNoCollisions, isOwn, isPermitted, targetPath } from '../../../protocols/otaManifest/paths.ts'
import { readManifest } from '../../../protocols/otaManifest/readManifest.ts'
import type { MpyRun, MpyTarget, TargetDelta, TargetFile } from './mpyTypes.ts'
import { askWithRetries, checkedUrl, fetchJson, readAll } from './sourceHttp.ts'

const smallAnswerBytes = 256 * 1024
/** Where the limit of a board is switched off, this computer's own still holds. */
const mostTreeBytes = 32 * 1024 * 1024

const inUrl = (path: string): string => path.split('/').map(encodeURIComponent).join('/')
const apiUrl = ({ config }: MpyRun, rest: string): string => `${config.api_base.replace(/\/$/, '')}/repos/${config.owner}/${config.repo}/${rest}`
export const rawUrl = ({ config }: MpyRun, ref: string, path: string): string => `${config.raw_base.replace(/\/$/, '')}/${config.owner}/${config.repo}/${inUrl(ref)}/${inUrl(path)}`

/** What a person reads: `v1.1.0 #abcdef1`. */
export const shownVersion = (ref: string, commit: string): string => [ref, commit === '' ? '' : `#${commit.slice(0, 7)}`].filter((each) => each !== '').join(' ')

/** Asks the source which version is due. Nothing of a file is fetched before its manifest is proved. */
export async function resolveTarget(run: MpyRun, signal: AbortSignal): Promise<MpyTarget> {
  if (run.config.channel !== 'stable') {
    const commit = await commitOf(run, `heads/${run.config.branch}`, signal)
    return treeTarget(run, run.config.branch, commit, commit, signal)
  }
  const release = parsed(githubReleaseSchema, await fetchJson(run, apiUrl(run, 'releases/latest'), smallAnswerBytes, signal), 'the latest release')
  const tag = release.tag_name
  const commit = await commitOf(run, `tags/${tag}`, signal)
  const asset = release.assets.find(({ name }) => name === 'manifest.json')
  if (!asset) return treeTarget(run, tag, commit, tag, signal)
  return manifestTarget(run, tag, commit, checkedUrl(run, asset.browser_download_url ?? asset.url ?? rawUrl(run, tag, 'manifest.json')), signal)
}

async function commitOf(run: MpyRun, ref: string, signal: AbortSignal): Promise<string> {
  const { object } = parsed(githubRefSchema, await fetchJson(run, apiUrl(run, `git/ref/${inUrl(ref)}`), smallAnswerBytes, signal), ref)
  if (object.type === 'commit') return object.sha
  return parsed(githubTagSchema, await fetchJson(run, apiUrl(run, `git/tags/${object.sha}`), smallAnswerBytes, signal), ref).object.sha
}

async function manifestTarget(run: MpyRun, tag: string, commit: string, url: string, signal: AbortSignal): Promise<MpyTarget> {
  const { config } = run
  const bytes = await askWithRetries(run, 'GET', url, 'application/octet-stream', signal, async (answer) =>
    readAll(answer, maxManifestBytes, (found) => new WorkbenchError('input/too-large', `The manifest has ${found} bytes or more; at most ${maxManifestBytes} are read`)))
  const { manifest, files, deletes, notes, postUpdate } = readManifest(bytes, { allow: config.allow, ignore: config.ignore, key: config.manifest_key, hmacSha256Hex: run.hmacSha256Hex })
  const ref = manifest.version ?? tag
  return {
    mode: 'manifest', ref, commit, filesRef: tag, deletes, notes, postUpdate, deltas: config.enable_delta_updates ? await deltasOf(run, tag, signal) : new Map<string, TargetDelta>(),
    files: files.map(({ path, size, sha256, crc32 }): TargetFile => ({ path, size, sha256: sha256?.toLowerCase(), crc32 })),
  }
}

/** A help and no more: without them whole files are fetched. */
async function deltasOf(run: MpyRun, ref: string, signal: AbortSignal): Promise<Map<string, TargetDelta>> {
  try {
    const { entries } = parsed(mpyDeltasSchema, await fetchJson({ ...run, config: { ...run.config, http_retries: 1 } }, rawUrl(run, ref, '.deltas/delta_manifest.json'), maxManifestBytes, signal), 'the list of deltas')
    return new Map(entries.map((each) => [each.path, { oldSha256: each.old_sha256.toLowerCase(), newSha256: each.new_sha256.toLowerCase(), file: each.file, sizeBytes: each.size }]))
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WorkbenchError)) throw error
    run.tell({ type: 'note', words: `No deltas for this version (${error.message}); changed files are fetched whole` })
    return new Map()
  }
}

async function treeTarget(run: MpyRun, ref: string, commit: string, filesRef: string, signal: AbortSignal): Promise<MpyTarget> {
  const { config } = run
  const { tree, truncated } = parsed(githubTreeSchema, await readTree(run, commit, signal), 'the list of files')
  if (truncated === true) throw new WorkbenchError('input/too-large', 'The server left out part of the list of files, so nobody knows what the version holds', { context: { reason: 'TREE_TRUNCATED' }, hint: remedies('max_tree_size_kb') })
  if (config.max_tree_files !== null && tree.length > config.max_tree_files) {
    throw new WorkbenchError('input/too-large', `The repository lists ${tree.length} entries, and this board takes at most ${config.max_tree_files}`, { context: { found: tree.length, limit: config.max_tree_files }, hint: remedies('max_tree_files') })
  }
  const files: TargetFile[] = []
  for (const { path, type, size = 0, sha } of tree) {
    // Unlike in a manifest, hidden files are no sign of malice here: every repository has some.
    if (type !== 'blob' || isOwn(path) || path.split('/').some((part) => part.startsWith('.')) || !isPermitted(path, config)) continue
    if (size > maxBoardFileBytes) throw new WorkbenchError('input/too-large', `${path} has ${size} bytes: no board holds that`, { hint: remedies('max_tree_files') })
    files.push({ path: targetPath(path), size, blobSha1: sha })
  }
  checkNoCollisions(files.map(({ path }) => path))
  return {
    mode: 'tree', ref: config.channel === 'stable' ? ref : '', commit, filesRef, files, deletes: [], postUpdate: undefined, notes: [],
    deltas: config.enable_delta_updates ? await deltasOf(run, filesRef, signal) : new Map<string, TargetDelta>(),
  }
}

const remedies = (key: string): string => `Publish the version with a manifest (manifest mode: rackbench release manifest), or narrow the paths of the repository, or raise ${key}`

async function readTree(run: MpyRun, commit: string, signal: AbortSignal): Promise<unknown> {
  const url = apiUrl(run, `git/trees/${commit}?recursive=1`)
  const { max_tree_size_kb: limitKb } = run.config
  const limitBytes = limitKb === null ? mostTreeBytes : limitKb * 1024
  const tooLarge = (bytes: number): WorkbenchError => new WorkbenchError('input/too-large', `The list of files has ${bytes} bytes or more, and this board takes at most ${limitBytes} (${Math.floor(limitBytes / 1024)} KB)`, { context: { found: bytes, limit: limitBytes }, hint: remedies('max_tree_size_kb') })
  // Best effort: a server that does not say it is caught while the body is read.
  const announced = await askWithRetries({ ...run, config: { ...run.config, http_retries: 1 } }, 'HEAD', url, 'application/vnd.github+json', signal, async ({ lengthBytes }) => Promise.resolve(lengthBytes))
    .catch((error: unknown) => { signal.throwIfAborted(); if (error instanceof WorkbenchError) return undefined; throw error })
  if (announced !== undefined && announced > limitBytes) throw tooLarge(announced)
  const bytes = await askWithRetries(run, 'GET', url, 'application/vnd.github+json', signal, async (answer) => readAll(answer, limitBytes, tooLarge))
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch (error) {
    throw new WorkbenchError('link/garbled', 'The list of files is no JSON', { cause: error })
  }
}

function parsed<T>(schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } } }, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new WorkbenchError('link/garbled', `The server's answer for ${what} cannot be used (${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''})`, { hint: 'Is this a server of the shape of GitHub?' })
}
