import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { defaultChannel, defaultProduct, firmwareVersionSchema, nodeIdSchema, registryNameSchema } from '../../../shared/ota/registry.schema.ts'
import { errnoOf } from '../errors/reasonOf.ts'
import { rangeOf } from './byteRange.ts'

export interface AskFacts {
  readonly id: string
  readonly idFrom: 'node' | 'address'
  readonly address: string
  readonly product: string
  readonly channel: string
  readonly running?: string | undefined
  readonly confirmed?: 'confirmed' | 'pending' | undefined
  readonly fellBackFrom?: string | undefined
}

export interface ServedImage {
  readonly product: string
  readonly version: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** What stands behind the door. */
export interface FirmwareSource {
  latest(facts: AskFacts, downloadUrl: string): Uint8Array
  imageFor(facts: AskFacts, signal: AbortSignal): Promise<{ readonly image: ServedImage; readonly bytes: Uint8Array } | undefined>
  fetched(facts: AskFacts, kind: 'fetch-begun' | 'fetch-whole' | 'fetch-cut', version: string): void
  upload(wish: { readonly product: string; readonly channel: string; readonly version: string; readonly sha256?: string | undefined }, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal):
  Promise<{ readonly image: ServedImage; readonly published: boolean; readonly why?: string }>
}

export interface RegistryDoorOptions {
  readonly source: FirmwareSource
  readonly clock: Clock
  readonly address: string
  /** 0: any free one. */
  readonly port: number
  /** Of operators. Without one nothing can be uploaded here. */
  readonly token: string | undefined
  readonly log: (line: string) => void
}

export interface RegistryDoor {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const wire = '/api/v1/firmware'
const placed = '/api/v1/products/:product/channels/:channel/firmware'
/** A slow node gets its 30 s, and a connection on which nothing moves is closed after that. */
const silentLimitMs = 30_000
const requestLimitMs = 60_000
const closeLimitMs = 5_000
const mostUploads = 4
/** What comes after a refusal is read to this, so that the one who sends hears why before the line is cut. */
const mostDrainedBytes = 8 * 1024 * 1024

interface Route { Params: { product?: string; channel?: string }; Querystring: Readonly<Record<string, unknown>> }
type Request = FastifyRequest<Route>
type Reply = FastifyReply<Route>

/** Byte for byte what the nodes of the field expect; paths for other products and channels are an addition. */
export async function openRegistryDoor({ source, clock, address, port, token, log }: RegistryDoorOptions): Promise<RegistryDoor> {
  const stop = new AbortController()
  const app = fastify({
    logger: false, trustProxy: false, forceCloseConnections: true, bodyLimit: mostDrainedBytes, requestTimeout: requestLimitMs, connectionTimeout: silentLimitMs, keepAliveTimeout: 5_000,
    routerOptions: { maxParamLength: 64 },
  })
  app.removeAllContentTypeParsers()
  // The body stays a stream: its token and version are looked at before any of it is read.
  app.addContentTypeParser('*', (_request, payload, done) => { done(null, payload) })
  app.addHook('onRequest', (_request, reply, done) => { reply.header('cache-control', 'no-cache, no-store, must-revalidate'); done() })
  app.setNotFoundHandler((_request, reply) => { void reply.code(404).send({ status: 'error', error: 'There is no such path here' }) })
  app.setErrorHandler((error, _request, reply) => { answerError(error, reply, log) })
  for (const base of [wire, placed]) addRoutes(app, base, { source, stop: stop.signal, token, uploads: { count: 0 } })
  try {
    await app.listen({ host: address, port })
  } catch (cause) {
    await app.close()
    throw refused(cause, address, port)
  }
  const bound = app.server.address()
  const boundPort = bound !== null && typeof bound === 'object' ? bound.port : port
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${boundPort}`, port: boundPort,
    close: async () => {
      stop.abort(new WorkbenchError('link/closed', 'The registry is closing'))
      await withDeadline(clock, closeLimitMs, 'closing the door of the registry', new AbortController().signal, async () => app.close())
    },
  }
}

interface RouteDeps {
  readonly source: FirmwareSource
  readonly stop: AbortSignal
  readonly token: string | undefined
  readonly uploads: { count: number }
}

function addRoutes(app: FastifyInstance, base: string, { source, stop, token, uploads }: RouteDeps): void {
  app.get<Route>(`${base}/latest`, (request, reply) => {
    const facts = factsOf(request)
    const url = base === wire ? `${wire}/download` : `/api/v1/products/${facts.product}/channels/${facts.channel}/firmware/download`
    return reply.type('application/json').send(source.latest(facts, url))
  })
  app.get<Route>(`${base}/download`, async (request, reply) => {
    const facts = factsOf(request)
    const found = await source.imageFor(facts, stop)
    if (!found) return reply.code(404).send({ status: 'error', error: 'No firmware is published' })
    return sendImage(request, reply, found, (kind) => { source.fetched(facts, kind, found.image.version) })
  })
  app.post<Route>(`${base}/upload`, { onRequest: (request, reply, done) => { const problem = tokenProblem(request.headers.authorization, token); if (problem) void refuseAfter(request.raw, reply, problem); else done() } }, async (request, reply) => {
    const { product, channel } = factsOf(request)
    const { version, sha256 } = request.query
    const body = request.body instanceof Object ? request.body as IncomingMessage : request.raw
    try {
      if (typeof version !== 'string' || version === '') throw new WorkbenchError('input/malformed', 'The version is missing: upload?version=0.8.0')
      if (sha256 !== undefined && (typeof sha256 !== 'string' || !/^[0-9a-fA-F]{64}$/.test(sha256))) throw new WorkbenchError('input/malformed', 'The SHA-256 has to be 64 hexadecimal digits')
      if (uploads.count >= mostUploads) return await refuseAfter(body, reply, [503, 'Too many uploads at once'])
      uploads.count += 1
      try {
        const { image, published, why } = await source.upload({ product, channel, version, sha256 }, pieces(body), stop)
        return await reply.send({ status: 'ok', version: image.version, sha256: image.sha256, size: image.sizeBytes, published, ...(why === undefined ? {} : { note: why }) })
      } finally {
        uploads.count -= 1
      }
    } catch (error) {
      await drain(body)
      reply.header('connection', 'close')
      throw error
    }
  })
}

function sendImage(request: Request, reply: Reply, { image, bytes }: { readonly image: ServedImage; readonly bytes: Uint8Array }, tell: (kind: 'fetch-begun' | 'fetch-whole' | 'fetch-cut') => void): Reply {
  const etag = `"${image.sha256}"`
  void reply.headers({ 'etag': etag, 'accept-ranges': 'bytes', 'x-firmware-version': image.version, 'x-firmware-sha256': image.sha256 })
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  void reply.headers({ 'content-type': 'application/octet-stream', 'content-disposition': `attachment; filename="${image.product}-${image.version}.bin"` })
  // Half of another image is worth nothing: a range counts only for the bytes that the asker has seen before.
  const ifRange = request.headers['if-range']
  const range = ifRange === undefined || ifRange === etag ? rangeOf(request.headers.range, image.sizeBytes) : 'whole'
  if (range === 'impossible') return reply.code(416).header('content-range', `bytes */${image.sizeBytes}`).send()
  const [from, to] = range === 'whole' ? [0, image.sizeBytes] : range
  if (range !== 'whole') void reply.code(206).header('content-range', `bytes ${from}-${to - 1}/${image.sizeBytes}`)
  if (request.method === 'GET') {
    tell('fetch-begun')
    reply.raw.once('close', () => { tell(reply.raw.writableFinished && to === image.sizeBytes ? 'fetch-whole' : 'fetch-cut') })
  }
  return reply.send(bytes.subarray(from, to))
}

/** Whoever asks says who it is, or is known by where it asks from. What does not look like a name or a version is not looked at. */
function factsOf(request: Request): AskFacts {
  const { headers, query, params } = request
  // A machine that is slow gets to a request when the node has long gone, and its address with it.
  const ip = request.socket.remoteAddress
  if (ip === undefined) throw new WorkbenchError('link/closed', 'The node hung up before it was answered')
  const told = <T>(schema: { safeParse(given: unknown): { readonly success: boolean; readonly data?: T } }, name: string, inQuery?: string): T | undefined => {
    const found = schema.safeParse(headers[name] ?? (inQuery === undefined ? undefined : query[inQuery]))
    return found.success ? found.data : undefined
  }
  const place = (given: string | undefined, otherwise: string): string => {
    if (given === undefined) return otherwise
    const name = registryNameSchema.safeParse(given)
    if (!name.success) throw new WorkbenchError('input/malformed', 'The product or the channel is no name')
    return name.data
  }
  const id = told(nodeIdSchema, 'x-node-id', 'node')
  const running = told(firmwareVersionSchema, 'x-firmware-version', 'running')
  const fellBackFrom = told(firmwareVersionSchema, 'x-firmware-fell-back-from')
  const state = headers['x-firmware-state']
  return {
    id: id ?? ip.slice(0, 64), idFrom: id === undefined ? 'address' : 'node', address: ip.slice(0, 64), product: place(params.product, defaultProduct), channel: place(params.channel, defaultChannel),
    running, fellBackFrom, confirmed: state === 'confirmed' || state === 'pending' ? state : undefined,
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Both are hashed first, so that neither the length nor the first wrong letter shows in the time. */
function tokenProblem(header: string | undefined, token: string | undefined): readonly [number, string] | undefined {
  if (token === undefined) return [403, 'This registry takes no uploads: it was started without a token']
  const given = /^Bearer +(\S{1,1024})$/i.exec(header ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token)) ? undefined : [401, 'The token is missing or wrong']
}

const refuse = async (reply: Reply, [status, error]: readonly [number, string]): Promise<Reply> => {
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(status).header('connection', 'close').send({ status: 'error', error })
}

/** Who sends hears an answer only when everything was taken: before that the line would be cut under its hands. */
async function refuseAfter(body: IncomingMessage, reply: Reply, problem: readonly [number, string]): Promise<Reply> {
  await drain(body)
  return refuse(reply, problem)
}

/** Ends without closing the request: its answer is still to be sent. */
const pieces = (body: IncomingMessage): AsyncIterable<Uint8Array> => body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>

async function drain(body: IncomingMessage): Promise<void> {
  let bytes = 0
  try {
    for await (const piece of pieces(body)) {
      bytes += piece.length
      if (bytes > mostDrainedBytes) return
    }
  } catch {
    // It has gone; there is nobody left to tell.
  }
}

const statusOf: Readonly<Record<string, number>> = { 'input/malformed': 400, 'input/not-found': 404, 'input/conflict': 409, 'input/too-large': 413, 'link/closed': 400 }

function answerError(error: unknown, reply: FastifyReply, log: (line: string) => void): void {
  if (error instanceof WorkbenchError) {
    const { code, message, hint } = toWire(error)
    const status = statusOf[code] ?? 500
    if (status === 500) log(`registry: ${message}`)
    // What concerns this computer alone stays here.
    void reply.code(status).send({ status: 'error', error: message, ...(hint === undefined || status === 500 ? {} : { hint }) })
    return
  }
  if (errnoOf(error) === 'ECONNRESET') {
    log('registry: the far end hung up in the middle of a request')
    void reply.code(400).send({ status: 'error', error: 'The connection ended in the middle' })
    return
  }
  const status = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500 ? error.statusCode : 500
  if (status === 500) log(`registry: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
  void reply.code(status).send({ status: 'error', error: status === 500 ? 'The registry failed; its log says why' : 'The request cannot be read' })
}

function refused(cause: unknown, address: string, port: number): WorkbenchError {
  const code = errnoOf(cause)
  if (code === 'EADDRINUSE') return new WorkbenchError('host/port-in-use', `Port ${port} of ${address} is in use`, { cause, hint: 'Choose another one' })
  if (code === 'EACCES') return new WorkbenchError('host/no-permission', `Port ${port} may not be opened by this user`, { cause, hint: 'Choose one above 1023' })
  return new WorkbenchError('host/io', `${address}:${port} cannot be opened`, { cause, hint: 'Is that an address of this computer?' })
}
