import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { byVersion, type MirrorVersion, type ReleaseSource } from '../../../shared/ota/releaseMirror.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { listReleaseFiles, readReleaseFile } from '../files/releaseFolder.ts'

export interface MirrorOptions {
  /** A folder of versions, each a folder named like its tag; or one version, when a manifest.json lies in it. Or whatever else has versions. */
  readonly folder: string | ReleaseSource
  readonly host?: string
  readonly port: number
  readonly log?: (line: string) => void
}
export interface Mirror {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const tagPattern = /^[\w.+-][\w.+-]{0,127}$/
const notFound = { message: 'Not Found' }

/** What GitHub answers to an updater, from versions that we have: latest release, refs, tags, trees and files. For labs without the internet; owner and repository may be any. */
export async function openGithubMirror(options: MirrorOptions, signal: AbortSignal): Promise<Mirror> {
  const host = options.host ?? '127.0.0.1'
  const server = fastify({ bodyLimit: 1024, requestTimeout: 30_000, connectionTimeout: 60_000, keepAliveTimeout: 5_000, forceCloseConnections: true })
  server.setErrorHandler((_error, _request, reply) => { void reply.code(500).send({ message: 'Internal error' }) })
  server.setNotFoundHandler((_request, reply) => { void reply.code(404).send(notFound) })
  server.addHook('onResponse', async (request, reply) => { options.log?.(`${request.method} ${request.url.slice(0, 200)} ${reply.statusCode}`) })
  addRoutes(server, typeof options.folder === 'string' ? folderSource(options.folder) : options.folder)
  try {
    await server.listen({ host, port: options.port })
  } catch (error) {
    throw refused(error, host, options.port)
  }
  const { port } = server.server.address() as AddressInfo
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => closing ??= server.close().then(() => undefined)
  signal.addEventListener('abort', () => { void close() }, { once: true })
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, close }
}

function refused(cause: unknown, host: string, port: number): WorkbenchError {
  const [code, context] = [errnoOf(cause), { host, port }]
  if (code === 'EADDRINUSE') return new WorkbenchError('host/port-in-use', `Port ${port} of ${host} is in use`, { cause, context, hint: 'Choose another one' })
  if (code === 'EACCES') return new WorkbenchError('host/no-permission', `Port ${port} may not be opened by this user`, { cause, context, hint: 'Choose one above 1023' })
  return new WorkbenchError('host/io', `${host}:${port} cannot be opened: ${reasonOf(cause)}`, { cause, context, hint: 'Is that an address of this computer?' })
}

function addRoutes(server: FastifyInstance, source: ReleaseSource): void {
  const repo = '/repos/:owner/:repo'
  interface Named { Params: { owner: string; repo: string; '*': string } }
  server.get<Named>(`${repo}/releases/latest`, async (request, reply) => {
    const latest = (await source.versions()).at(-1)
    if (!latest) return reply.code(404).send(notFound)
    const { owner, repo: name } = request.params
    const hasManifest = await latest.read('manifest.json') !== undefined
    // The name that the board asked under: another one may not lead here.
    const url = `${request.protocol}://${request.host}/raw/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/${encodeURIComponent(latest.tag)}/manifest.json`
    return { tag_name: latest.tag, name: latest.tag, draft: false, prerelease: false, assets: hasManifest ? [{ name: 'manifest.json', browser_download_url: url, url }] : [] }
  })
  server.get<Named>(`${repo}/git/ref/tags/*`, async (request, reply) => refAnswer(await versionOf(source, request.params['*']), `refs/tags/${request.params['*']}`, reply))
  // A branch is a version of that name; where there is none, the newest.
  server.get<Named>(`${repo}/git/ref/heads/*`, async (request, reply) => refAnswer(await versionOf(source, request.params['*']) ?? (await source.versions()).at(-1), `refs/heads/${request.params['*']}`, reply))
  server.get<Named>(`${repo}/git/tags/*`, async (request, reply) => {
    const found = await byCommit(source, request.params['*'])
    return found ? { object: { type: 'commit', sha: request.params['*'] } } : reply.code(404).send(notFound)
  })
  server.get<Named>(`${repo}/git/trees/*`, async (request, reply) => {
    const found = await byCommit(source, request.params['*']) ?? await versionOf(source, request.params['*'])
    if (!found) return reply.code(404).send(notFound)
    const { commit, tree } = await found.content()
    return { sha: commit, truncated: false, tree: tree.map(({ path, size, sha }) => ({ path, mode: '100644', type: 'blob', size, sha })) }
  })
  server.get<Named>('/raw/:owner/:repo/*', async (request, reply) => {
    const [ref = '', ...rest] = request.params['*'].split('/')
    const found = await versionOf(source, ref) ?? await byCommit(source, ref)
    const bytes = await found?.read(rest.join('/'))
    if (!bytes) return reply.code(404).send(notFound)
    return reply.header('Cache-Control', 'no-cache').type('application/octet-stream').send(Buffer.from(bytes))
  })
}

async function refAnswer(version: MirrorVersion | undefined, ref: string, reply: FastifyReply): Promise<unknown> {
  if (!version) return reply.code(404).send(notFound)
  return { ref, object: { type: 'commit', sha: (await version.content()).commit } }
}

/** Read anew at each question, so that a version may come while it serves. */
export function folderSource(folder: string): ReleaseSource {
  const version = (tag: string, at: string): MirrorVersion => ({ tag, content: async () => contentOf(at), read: async (path) => readReleaseFile(at, path) })
  return {
    versions: async () => {
      const single = await readReleaseFile(folder, 'manifest.json')
      if (single) return [version(tagOfManifest(single), folder)]
      const entries = await readdir(folder, { withFileTypes: true })
      return entries.filter((entry) => entry.isDirectory() && tagPattern.test(entry.name) && !entry.name.startsWith('.'))
        .map(({ name }) => version(name, join(folder, name))).sort((a, b) => byVersion(a.tag, b.tag))
    },
  }
}

function tagOfManifest(bytes: Uint8Array): string {
  try {
    const { version } = JSON.parse(new TextDecoder().decode(bytes)) as { version?: unknown }
    if (typeof version === 'string' && tagPattern.test(version)) return version
  } catch { /* Whoever takes it will say what is wrong with it. */ }
  return 'latest'
}

const versionOf = async (source: ReleaseSource, tag: string): Promise<MirrorVersion | undefined> => (await source.versions()).find((each) => each.tag === tag)
async function byCommit(source: ReleaseSource, commit: string): Promise<MirrorVersion | undefined> {
  if (!/^[0-9a-f]{40}$/.test(commit)) return undefined
  for (const version of await source.versions()) if ((await version.content()).commit === commit) return version
  return undefined
}

/** There is no git here; the commit is a sum of what the version holds, so that other content is another commit. */
async function contentOf(folder: string): ReturnType<MirrorVersion['content']> {
  const tree: { path: string; size: number; sha: string }[] = []
  for (const path of await listReleaseFiles(folder, new AbortController().signal)) {
    const bytes = await readReleaseFile(folder, path)
    if (bytes) tree.push({ path, size: bytes.length, sha: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex') })
  }
  const sum = createHash('sha1')
  for (const { path, sha } of tree) sum.update(`${sha} ${path}\0`)
  return { commit: sum.digest('hex'), tree }
}
