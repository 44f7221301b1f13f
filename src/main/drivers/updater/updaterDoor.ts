import Fastify, { type FastifyInstance } from 'fastify'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { UpdaterAnswer, UpdaterVersions } from '../../../shared/ota/updater.schema.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

/** A request is a few hundred bytes. */
const mostBodyBytes = 64 * 1024
const requestLimitMs = 15_000
const base = '/api/v1.0'

export interface UpdaterDoorOptions {
  readonly host: string
  readonly port: number
  /** What the door speaks for; its answers go out as they are. */
  readonly updater: { download(body: unknown): Promise<UpdaterAnswer>; update(body: unknown): Promise<UpdaterAnswer>; goBack(body: unknown): Promise<UpdaterAnswer>; versions(): Promise<UpdaterVersions>; progress(): UpdaterAnswer }
  readonly facts: object
  readonly log: (line: string) => void
}

export interface UpdaterDoor {
  readonly port: number
  close(): Promise<void>
}

/** The status of HTTP is 200 whatever happens; what is meant stands in `code`. `host/port-in-use` when somebody is there already. */
export async function openUpdaterDoor({ host, port, updater, facts, log }: UpdaterDoorOptions): Promise<UpdaterDoor> {
  const server = Fastify({ bodyLimit: mostBodyBytes, requestTimeout: requestLimitMs, connectionTimeout: requestLimitMs, keepAliveTimeout: 5_000, forceCloseConnections: true, logger: false })
  // Any body is read as JSON, whatever it is called, and one that is none is a matter of the answer.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'string', bodyLimit: mostBodyBytes }, (_request, body, done) => { done(null, parsed(String(body))) })
  server.setErrorHandler(async (error, _request, reply) => {
    const status = (error as { statusCode?: number }).statusCode ?? 500
    if (status >= 500) log(error instanceof Error ? error.stack ?? error.message : String(error))
    await reply.code(200).send(status >= 500 ? { code: 500, msg: 'INTERNAL_ERROR: the log has the details', data: null } : { code: 400, msg: 'VALIDATION_ERROR: the request cannot be read', data: null })
  })
  server.setNotFoundHandler(async (request, reply) => reply.code(200).send({ code: 404, msg: `There is no ${request.method} ${request.url.slice(0, 200)}`, data: null }))
  server.post(`${base}/download`, async (request) => updater.download(request.body))
  server.post(`${base}/update`, async (request) => updater.update(request.body))
  server.get(`${base}/progress`, async () => updater.progress())
  server.post(`${base}/rollback`, async (request) => updater.goBack(request.body))
  server.get('/', async () => ({ ...facts, versions: await updater.versions() }))
  await listening(server, host, port)
  const bound = server.server.address()
  return { port: bound !== null && typeof bound === 'object' ? bound.port : port, close: async () => { await server.close() } }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No object, so the answer names what is missing.
    return undefined
  }
}

async function listening(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host, port })
  } catch (cause) {
    await server.close()
    const context = { host, port }
    if (errnoOf(cause) === 'EADDRINUSE') throw new WorkbenchError('host/port-in-use', `Port ${port} on ${host} is taken; is an updater running already?`, { context, cause, hint: 'End the other one, or choose another port with --port' })
    throw new WorkbenchError(errnoOf(cause) === 'EACCES' ? 'host/no-permission' : 'host/io', `Port ${port} on ${host} cannot be opened: ${reasonOf(cause)}`, { context, cause })
  }
}
