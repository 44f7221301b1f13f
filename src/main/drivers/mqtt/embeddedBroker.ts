import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { Duplex, Transform } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes, type Client } from 'aedes'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { mostMessageBytes } from '../../../shared/fleet/command.schema.ts'
import { type BrokerRole, maySubscribe, mayPublish, readTopic } from '../../../shared/fleet/topics.ts'
import { createFrameGate } from '../../protocols/fleetFrames/frameGate.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'

/** A login of the broker. It says who may speak where, and is no identity of a screen. */
export interface BrokerAccount {
  readonly name: string
  readonly password: string
  readonly role: BrokerRole
}

export interface EmbeddedBrokerOptions {
  readonly address?: string
  readonly port: number
  readonly accounts: () => readonly BrokerAccount[]
  readonly tls?: { readonly cert: string; readonly key: string }
  /** A screen's connection began or ended; not when the broker itself goes. */
  readonly onClient?: (clientUuid: string, what: 'seen' | 'gone') => void
  readonly log: (line: string) => void
}

export interface EmbeddedBroker {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Topic and head around the largest message. */
const mostFrameBytes = mostMessageBytes + 1_024
const mostConnections = 2_000
const connectTimeoutMs = 10_000
const digest = (text: string | Uint8Array): Buffer => createHash('sha256').update(text).digest()
const refusal = (words: string, returnCode: number): Error & { returnCode: number } => Object.assign(new Error(words), { returnCode })

/** A broker within this process, so that a lab needs none of its own. On loopback unless somebody says otherwise; nobody comes in without an account. */
export async function openEmbeddedBroker({ address = '127.0.0.1', port, accounts, tls, onClient, log }: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const roles = new WeakMap<Client, BrokerRole>()
  let isClosing = false
  const broker = await Aedes.createBroker({
    connectTimeout: connectTimeoutMs, maxClientsIdLength: 128, maxTopicLevels: 8,
    authenticate: (client, username, password, done) => {
      const role = roleOf(accounts(), username, password)
      if (!role) { log(`the broker refused a login as "${String(username).slice(0, 60)}"`); done(refusal('unknown account or wrong password', 5), null); return }
      roles.set(client, role)
      done(null, true)
    },
    authorizePublish: (client, { topic, payload, retain }, done) => {
      // The broker's own notes about itself.
      if (!client) { done(null); return }
      const role = roles.get(client)
      const isAllowed = role !== undefined && mayPublish(role, topic) && payload.length <= mostMessageBytes && (!retain || readTopic(topic)?.kind === 'serviceFailed')
      if (!isAllowed) log(`the broker refused a message on "${topic.slice(0, 120)}"`)
      done(isAllowed ? null : new Error('not allowed'))
    },
    authorizeSubscribe: (client, subscription, done) => {
      const role = roles.get(client)
      done(null, role && maySubscribe(role, subscription.topic) ? subscription : null)
    },
  })
  const tell = (client: Client, what: 'seen' | 'gone'): void => {
    const role = roles.get(client)
    if (role?.kind === 'client' && !isClosing) onClient?.(role.clientUuid, what)
  }
  broker.on('clientReady', (client) => { tell(client, 'seen') })
  broker.on('clientDisconnect', (client) => { tell(client, 'gone') })

  const sockets = new Set<Socket>()
  const take = (socket: Socket): void => {
    if (sockets.size >= mostConnections) { socket.destroy(); return }
    sockets.add(socket)
    socket.on('close', () => { sockets.delete(socket) })
    broker.handle(gatedStream(socket, log))
  }
  const server = tls ? createTlsServer({ ...tls, minVersion: 'TLSv1.2', handshakeTimeout: connectTimeoutMs }, take) : createTcpServer(take)
  try {
    await listening(server, address, port)
  } catch (error) {
    await new Promise<void>((resolve) => { broker.close(resolve) })
    throw error
  }
  const bound = server.address()
  const openPort = typeof bound === 'object' && bound ? bound.port : port
  return {
    port: openPort, url: `${tls ? 'mqtts' : 'mqtt'}://${address.includes(':') ? `[${address}]` : address}:${openPort}`,
    close: async () => {
      isClosing = true
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve() }) })
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => { broker.close(resolve) })
      await closed
    },
  }
}

function roleOf(accounts: readonly BrokerAccount[], name: string | undefined, password: Uint8Array | undefined): BrokerRole | undefined {
  const account = accounts.find((each) => each.name === name)
  // Compared in any case, so that a name that exists takes no longer than one that does not.
  const isRight = timingSafeEqual(digest(password ?? ''), digest(account?.password ?? ''))
  return account && account.password !== '' && isRight ? account.role : undefined
}

/** What the socket says, up to a frame that is too large; there it ends. */
function gatedStream(socket: Socket, log: (line: string) => void): Duplex {
  const gate = createFrameGate(mostFrameBytes)
  const filter = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      if (gate.admit(chunk)) { done(null, chunk); return }
      log('the broker ended a connection whose message was too large')
      socket.destroy()
      done()
    },
  })
  socket.on('error', () => { socket.destroy() })
  socket.on('close', () => { filter.destroy() })
  const stream = Duplex.from({ readable: socket.pipe(filter), writable: socket })
  stream.on('error', () => { socket.destroy() })
  return stream
}

async function listening(server: Server, address: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const inUse = errnoOf(cause) === 'EADDRINUSE'
      reject(new WorkbenchError(inUse ? 'host/port-in-use' : 'host/io', inUse ? `Port ${port} is taken, so the broker cannot listen there` : `The broker cannot listen at ${address}: ${reasonOf(cause)}`, { cause, context: { port }, ...(inUse ? { hint: 'Choose another port, or use the broker that is there' } : {}) }))
    })
    server.listen(port, address, () => { resolve() })
  })
}
