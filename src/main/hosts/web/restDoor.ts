import type { IncomingMessage, ServerResponse } from 'node:http'
import process from 'node:process'
import type { ContractRouterClient } from '@orpc/contract'
import { SmartCoercionPlugin } from '@orpc/json-schema'
import { OpenAPIGenerator } from '@orpc/openapi'
import { OpenAPIHandler } from '@orpc/openapi/node'
import { createRouterClient, ORPCError } from '@orpc/server'
import { BodyLimitPlugin } from '@orpc/server/node'
import { ZodToJsonSchemaConverter } from '@orpc/zod/zod4'
import type { Approvals } from '../../composition/approvals.ts'
import { type LinkContext, newLinkContext } from '../../composition/linkContext.ts'
import { metricsText } from '../../composition/metrics.ts'
import { guardHeaders } from '../../composition/pageFiles.ts'
import { rpcErrorOptions } from '../../composition/rpcErrors.ts'
import type { Workbench } from '../../composition/workbench.ts'
import { neededRole } from '../../../shared/contracts/procedureRoles.ts'
import type { WorkbenchContract } from '../../../shared/contracts/workbench.contract.ts'
import { mayAct, type Role } from '../../../shared/doors/doors.schema.ts'
import { type ErrorCode, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { lockedUnlessIssued, withIdempotencyKey } from './commandDoor.ts'
import { createMcpDoor } from './mcpDoor.ts'
import { restTreeOf } from './restRouter.ts'

const maxBodyBytes = 256 * 1024
const maxTokenBytes = 1_024
const prefix = '/api/v1'

export interface RestDoorOptions {
  readonly workbench: Workbench
  readonly version: string
  readonly approvals: Approvals
  /** Of whoever sends this token; undefined for nobody we know. */
  readonly roleOf: (token: string) => Promise<Role | undefined>
  readonly log: (line: string) => void
}
/** Answers what lies under `/api/`, `/metrics` and `/mcp`; false for everything else. */
export type RestDoor = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

interface DoorContext extends LinkContext { readonly role: Role; readonly idempotencyKey?: string | readonly string[] | undefined }

/** What a client library makes of it: wait and try again, or never. */
function statusOf(code: ErrorCode): number {
  if (code === 'input/not-found' || code === 'device/not-found') return 404
  if (code === 'pod/busy' || code === 'input/conflict' || code === 'device/exists' || code === 'job/past-point-of-no-return') return 409
  if (code === 'input/too-large') return 413
  if (code.startsWith('input/')) return 400
  if (code.startsWith('link/') || code.startsWith('device/') || code.startsWith('pod/')) return 502
  return 500
}

function withStatus(error: unknown): Error {
  if (!(error instanceof ORPCError)) return error instanceof Error ? error : new Error(String(error))
  if (typeof error.data !== 'object' || error.data === null || !('code' in error.data)) return error
  return new ORPCError(error.code as string, { status: statusOf(error.data.code as ErrorCode), message: error.message, data: error.data as object })
}

const bearerOf = ({ headers: { authorization = '' } }: IncomingMessage): string | undefined =>
  authorization.length <= maxTokenBytes ? /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1] : undefined

/** REST with an OpenAPI description, event streams and Prometheus, from the contract that the page uses. A token is asked for at each call, so a page of another site that makes a browser call here has none. */
export function createRestDoor({ workbench, version, roleOf, approvals, log }: RestDoorOptions): RestDoor {
  const tree = restTreeOf(workbench.router)
  const ours = rpcErrorOptions(log).clientInterceptors
  const handler = new OpenAPIHandler<DoorContext>(tree as never, {
    plugins: [new BodyLimitPlugin({ maxBodySize: maxBodyBytes }) as never, new SmartCoercionPlugin({ schemaConverters: [new ZodToJsonSchemaConverter()] }) as never],
    clientInterceptors: [
      async ({ next, path, context }) => {
        const needs = neededRole(path)
        if (!mayAct(context.role, needs)) throw new ORPCError('FORBIDDEN', { status: 403, message: `${path.join('.')} needs the role ${needs}; this token is for a ${context.role}` })
        return next()
      },
      async ({ next, ...call }) => lockedUnlessIssued(call.path, await next({ ...call, input: withIdempotencyKey(call.path, call.input, call.context.idempotencyKey) })),
      async ({ next }) => { try { return await next() } catch (error) { throw withStatus(error) } },
      ...ours,
    ],
  })
  const client = createRouterClient(workbench.router, { context: newLinkContext() }) as unknown as ContractRouterClient<WorkbenchContract>
  const mcp = createMcpDoor({ client, approvals, version, log })
  const first = async <T>(stream: AsyncIterable<T>): Promise<T> => {
    for await (const item of stream) return item
    throw new WorkbenchError('link/closed', 'The workbench is closing')
  }
  let description: Promise<string> | undefined
  const describe = async (): Promise<string> => JSON.stringify(await new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] }).generate(tree as never, {
    info: { title: 'Rackbench', version, description: 'Every call wants a token: `rackbench token add NAME --role viewer|operator|admin`. Streams are server-sent events.' },
    servers: [{ url: prefix }],
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }))
  const metrics = async (): Promise<string> => {
    const { user, system } = process.cpuUsage()
    return metricsText({
      rack: await first(await client.rack.watch()), jobs: await client.jobs.list(), status: await first(await client.system.watchStatus()),
      process: { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 },
    })
  }

  return async (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (path !== '/metrics' && path !== '/mcp' && !path.startsWith('/api/')) return false
    const say = (status: number, type: string, text: string, more: Readonly<Record<string, string>> = {}): true => {
      response.writeHead(status, { ...guardHeaders, 'content-type': type, 'cache-control': 'no-store', ...more }).end(text)
      return true
    }
    const problem = (status: number, code: string, message: string, more?: Readonly<Record<string, string>>): true =>
      say(status, 'application/json', JSON.stringify({ code, status, message }), more)
    try {
      const token = bearerOf(request)
      const role = token === undefined ? undefined : await roleOf(token)
      if (role === undefined) return problem(401, 'UNAUTHORIZED', 'Send a token as "Authorization: Bearer …"; rackbench token add makes one', { 'www-authenticate': 'Bearer realm="rackbench"' })
      if (path === '/metrics') return request.method === 'GET' ? say(200, 'text/plain; version=0.0.4; charset=utf-8', await metrics()) : problem(405, 'METHOD_NOT_SUPPORTED', 'Only reading')
      if (path === '/api/openapi.json') return say(200, 'application/json', await (description ??= describe()))
      if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) {
        // The rest is read and thrown away, and the line stays: who is cut off in the middle of sending never reads the answer.
        request.resume()
        return problem(413, 'PAYLOAD_TOO_LARGE', `At most ${maxBodyBytes} bytes`)
      }
      if (path === '/mcp') { await mcp(request, response, role); return true }
      for (const [name, value] of Object.entries({ ...guardHeaders, 'cache-control': 'no-store' })) response.setHeader(name, value)
      const { matched } = await handler.handle(request, response, { prefix, context: { ...newLinkContext(), role, idempotencyKey: request.headers['idempotency-key'] } })
      return matched || problem(404, 'NOT_FOUND', 'There is no such call; /api/openapi.json lists them')
    } catch (error) {
      log(`the REST door: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      if (!response.headersSent) return problem(500, 'INTERNAL_SERVER_ERROR', 'Unexpected error; the log has the details')
      response.destroy()
      return true
    }
  }
}
