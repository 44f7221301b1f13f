import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { RPCHandler } from '@orpc/server/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Approvals } from '../../composition/approvals.ts'
import { newLinkContext } from '../../composition/linkContext.ts'
import { guardHeaders, type PageFile, readPageFiles } from '../../composition/pageFiles.ts'
import { rpcErrorOptions } from '../../composition/rpcErrors.ts'
import type { Workbench } from '../../composition/workbench.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { ByteLaneEnd } from '../../../shared/rpc/byteLane.ts'
import type { Role } from '../../../shared/doors/doors.schema.ts'
import type { RestDoor } from './restDoor.ts'
import { awaitToken, sameToken } from './tokenGate.ts'

const isDoorPath = /^\/(?:api\/|(?:metrics|mcp)(?:\?|$))/
/** A call is a plan request at most; consoles are typed into by hand. */
const maxMessageBytes = 256 * 1024
/** A page uses two. */
const maxSockets = 64
/** A frozen tab must not make the workbench keep what it does not read. */
const maxUnsentBytes = 16 * 1024 * 1024

export interface WebHostOptions {
  readonly workbench: Workbench
  /** This computer only: whoever may restore a rack sits in front of it. */
  readonly host: '127.0.0.1'
  /** 0: any free one. */
  readonly port: number
  readonly rendererFolder: string
  /** 256 random bits as text; asked for once. */
  readonly newToken: () => string
  /** Who may come in by `/api`, `/metrics` and `/mcp` besides whoever has the page's own token; without it these do not exist. */
  readonly doors?: { readonly version: string; readonly approvals: Approvals; readonly roleOf: (token: string) => Promise<Role | undefined> }
  readonly log: (line: string) => void
}
export interface WebHost {
  /** With the token behind the #, which browsers send to nobody. */
  readonly url: string
  readonly port: number
  /** Ends links, never jobs. */
  close(): Promise<void>
}

/** `host/port-in-use`, `input/missing-file` (no built page). */
export async function serveWeb({ workbench, host, port: wantedPort, rendererFolder, newToken, doors, log }: WebHostOptions): Promise<WebHost> {
  const files = await readPageFiles(rendererFolder)
  const token = newToken()
  const rpc = new RPCHandler(workbench.router, rpcErrorOptions(log))
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false, clientTracking: true })
  const names = new Set<string>()

  let opened: Promise<RestDoor> | undefined
  const door: RestDoor = async (request, response) => {
    if (!doors || !isDoorPath.test(request.url ?? '')) return false
    // Loaded when somebody comes: the page is there sooner without it.
    opened ??= import('./restDoor.ts').then(({ createRestDoor }) => createRestDoor({ workbench, log, version: doors.version, approvals: doors.approvals, roleOf: async (given) => (sameToken(given, token) ? 'admin' : doors.roleOf(given)) }))
    return (await opened)(request, response)
  }
  const server = createServer((request, response) => { void answer(request, response, files, names, door, log) })
  server.on('upgrade', (request, line, head) => {
    line.on('error', () => { line.destroy() })
    const serve = linkFor(request, names)
    if (!serve || sockets.clients.size >= maxSockets) { refuse(line); return }
    sockets.handleUpgrade(request, line, head, (socket) => {
      socket.on('error', (error) => { log(`a link of the page broke: ${error.message}`) })
      awaitToken(socket, token, () => {
        if (serve === 'bytes') workbench.serveLane(laneEndOf(socket))
        else rpc.upgrade({ addEventListener: socket.addEventListener.bind(socket), send: boundedSend(socket) as WebSocket['send'] }, { context: newLinkContext() })
          .catch((error: unknown) => { log(`a link could not be served: ${String(error)}`) })
      })
    })
  })
  await listen(server, host, wantedPort)
  const { port } = server.address() as AddressInfo
  // Known only now. A page of another site that made its name point here would bring that name along.
  for (const name of [host, 'localhost']) names.add(`${name}:${port}`)
  return {
    url: `http://${host}:${port}/#token=${token}`,
    port,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve() }) })
      server.closeAllConnections()
      await closed
    },
  }
}

async function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(cause.code === 'EADDRINUSE'
        ? new WorkbenchError('host/port-in-use', `Port ${port} of this computer is taken`, { cause, context: { port }, hint: 'Close the other program, or choose another port' })
        : new WorkbenchError('host/io', `Port ${port} of this computer cannot be opened`, { cause, context: { port } }))
    })
    server.listen(port, host, resolve)
  })
}

async function answer(
  request: IncomingMessage, response: ServerResponse, files: ReadonlyMap<string, PageFile>, names: ReadonlySet<string>, door: RestDoor, log: (line: string) => void,
): Promise<void> {
  const say = (status: number, text: string): void => {
    response.writeHead(status, { ...guardHeaders, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(text)
  }
  if (!names.has(request.headers.host ?? '')) { say(403, 'Not for this name\n'); return }
  if (await door(request, response)) return
  if (request.method !== 'GET' && request.method !== 'HEAD') { say(405, 'Only reading\n'); return }
  const found = files.get((request.url ?? '').split('?', 1)[0] ?? '')
  if (!found) { say(404, 'Not here\n'); return }
  try {
    const bytes = await readFile(found.file)
    response.writeHead(200, { ...found.headers, 'content-length': bytes.length }).end(request.method === 'HEAD' ? undefined : bytes)
  } catch (error) {
    // Built anew while we run: the list is old.
    log(`page file: ${String(error)}`)
    say(404, 'Not here any more; start again after a build\n')
  }
}

/** Only a page that came from this very address may link, which is what Origin tells and no script can forge. */
function linkFor(request: IncomingMessage, names: ReadonlySet<string>): 'rpc' | 'bytes' | undefined {
  const { host = '', origin } = request.headers
  if (!names.has(host) || origin !== `http://${host}`) return undefined
  return request.url === '/rpc' ? 'rpc' : request.url === '/bytes' ? 'bytes' : undefined
}

function refuse(line: Duplex): void {
  line.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}

function boundedSend(socket: WebSocket): (data: string | ArrayBufferLike | Uint8Array) => void {
  return (data) => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > maxUnsentBytes) socket.terminate()
    else socket.send(data)
  }
}

function laneEndOf(socket: WebSocket): ByteLaneEnd {
  const send = boundedSend(socket)
  return {
    send,
    get bufferedBytes() { return socket.bufferedAmount },
    onMessage: (listener) => {
      socket.on('message', (data, isBinary) => {
        if (data instanceof Buffer) listener(isBinary ? new Uint8Array(data) : data.toString('utf8'))
      })
    },
    onClose: (listener) => { socket.once('close', () => { listener() }) },
  }
}
