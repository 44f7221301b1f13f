import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance } from 'fastify'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { packageNameSchema, type UpdaterProgress, updaterProgressSchema } from '../../../shared/ota/updater.schema.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

const requestLimitMs = 15_000

export interface PackageFacts {
  readonly path: string
  readonly name: string
  readonly sizeBytes: number
  readonly md5: string
  readonly sha256: string
}

/** Read once, in pieces. */
export async function measurePackage(path: string, signal: AbortSignal): Promise<PackageFacts> {
  try {
    const [md5, sha256] = [createHash('md5'), createHash('sha256')]
    const { size } = await stat(path)
    for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024, signal }) as AsyncIterable<Uint8Array>) { md5.update(piece); sha256.update(piece) }
    const name = packageNameSchema.safeParse(basename(path))
    return { path, name: name.success ? name.data : 'package.zip', sizeBytes: size, md5: md5.digest('hex'), sha256: sha256.digest('hex') }
  } catch (cause) {
    signal.throwIfAborted()
    throw new WorkbenchError(errnoOf(cause) === 'ENOENT' ? 'input/not-found' : 'host/io', `${path} cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

export interface OpenDoor { readonly port: number; close(): Promise<void> }

/** One package for appliances that fetch it, whole or from a byte on. */
export async function openPackageHost({ host, port, facts }: { readonly host: string; readonly port: number; readonly facts: PackageFacts }): Promise<OpenDoor> {
  const server = await newServer(1024)
  const etag = `"${facts.sha256}"`
  server.route({
    method: ['GET', 'HEAD'], url: '/:name',
    handler: async (request, reply) => {
      if ((request.params as { name: string }).name !== facts.name) return reply.code(404).send({ error: 'there is no such package' })
      const range = rangeIn(request.headers.range, facts.sizeBytes)
      const headers = { 'content-type': 'application/zip', 'accept-ranges': 'bytes', etag }
      if (range === 'beyond') return reply.code(416).headers({ ...headers, 'content-range': `bytes */${facts.sizeBytes}` }).send()
      const { from, to } = range ?? { from: 0, to: facts.sizeBytes - 1 }
      reply.hijack()
      reply.raw.writeHead(range ? 206 : 200, { ...headers, 'content-length': to - from + 1, ...(range ? { 'content-range': `bytes ${from}-${to}/${facts.sizeBytes}` } : {}) })
      if (request.method === 'HEAD') { reply.raw.end(); return reply }
      // A client that goes away ends it, and that is its own affair.
      await pipeline(createReadStream(facts.path, { start: from, end: to, highWaterMark: 256 * 1024 }), reply.raw).catch(() => undefined)
      return reply
    },
  })
  return opened(server, host, port)
}

type Server = FastifyInstance
/** The package comes with the first server: who only measures a file does without. */
const newServer = async (bodyLimit: number): Promise<Server> => (await import('fastify')).fastify({ requestTimeout: requestLimitMs, forceCloseConnections: true, bodyLimit })

/** `undefined`: the whole. Only one range, as updaters ask; others get the whole, which is allowed. */
function rangeIn(header: string | undefined, sizeBytes: number): { readonly from: number; readonly to: number } | 'beyond' | undefined {
  const found = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header ?? '')
  if (!found) return undefined
  const from = Number(found[1])
  const to = found[2] === '' ? sizeBytes - 1 : Math.min(Number(found[2]), sizeBytes - 1)
  return from >= sizeBytes || to < from ? 'beyond' : { from, to }
}

/** Hears what updaters tell of their work, as the service on port 9080 of an appliance does. */
export async function openReportSink({ host, port, heard }: { readonly host: string; readonly port: number; readonly heard: (progress: UpdaterProgress) => void }): Promise<OpenDoor> {
  const server = await newServer(64 * 1024)
  server.post('/api/v1.0/ota/report', async (request, reply) => {
    const progress = updaterProgressSchema.safeParse(request.body)
    if (!progress.success) return reply.code(400).send({ code: 400, msg: 'that is no report of an updater' })
    heard(progress.data)
    return { code: 200, msg: 'success', data: null }
  })
  return opened(server, host, port)
}

async function opened(server: Server, host: string, port: number): Promise<OpenDoor> {
  try {
    await server.listen({ host, port })
  } catch (cause) {
    await server.close()
    throw new WorkbenchError(errnoOf(cause) === 'EADDRINUSE' ? 'host/port-in-use' : 'host/io', `Port ${port} on ${host} cannot be opened: ${reasonOf(cause)}`, { cause, context: { host, port }, hint: 'Choose an address of this computer and a free port' })
  }
  const bound = server.server.address()
  return { port: bound !== null && typeof bound === 'object' ? bound.port : port, close: async () => { await server.close() } }
}
