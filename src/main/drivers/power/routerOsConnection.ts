import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { shown } from '../errors/shown.ts'
import { apiPorts, type Reply, type Sentence } from '../../protocols/routeros/frame.ts'
import { challengeLogin, plainLogin } from '../../protocols/routeros/login.ts'
import { createSentenceReader, parseReply } from '../../protocols/routeros/parser.ts'
import { writeSentence } from '../../protocols/routeros/writer.ts'
import type { OpenTransport, Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { openTcpTransport } from '../transports/tcpTransport.ts'
import { openTlsTransport } from '../transports/tlsTransport.ts'

const commandLimitMs = 10_000
/** A switch has up to some hundred interfaces. */
const mostRows = 4_096

export type Row = Reply['attributes']

export interface AskOptions {
  readonly limitMs?: number
  /** Doing it twice is the same as once: it is sent again when the line broke before its answer. */
  readonly isRepeatable?: boolean
}

/** One line to one switch, opened when it is needed and again when it broke. One command at a time, in the order asked. */
export interface RouterOsConnection {
  /** For messages, without secrets: "RouterOS at 10.0.0.2:8728". */
  readonly label: string
  /** The rows of the answer. `pod/refused` for a refusal, `link/…` for a line that broke, went silent or speaks something else. */
  ask(command: Sentence, signal: AbortSignal, options?: AskOptions): Promise<readonly Row[]>
  /** Idempotent. */
  close(): Promise<void>
}

export interface RouterOsLogin {
  readonly label: string
  readonly user: string
  readonly password: string
  readonly openLine: OpenTransport
  readonly clock: Clock
}

interface Answer {
  readonly rows: readonly Row[]
  readonly done: Reply
  readonly trap: Reply | undefined
}

interface Session {
  readonly line: Transport
  readonly reader: ReturnType<typeof createSentenceReader>
  /** Read and not yet asked for. */
  readonly waiting: Reply[]
}

export function createRouterOsConnection({ label, user, password, openLine, clock }: RouterOsLogin): RouterOsConnection {
  const lane = createLane()
  let session: Session | undefined
  let isClosed = false

  const drop = async (): Promise<void> => {
    const { line } = session ?? {}
    session = undefined
    await line?.close()
  }

  const nextReply = async ({ line, reader, waiting }: Session, signal: AbortSignal): Promise<Reply> => {
    for (;;) {
      const reply = waiting.shift()
      if (reply) return reply
      const bytes = await line.read(signal)
      if (!bytes) throw new WorkbenchError('link/closed', `${label} closed the connection`, { hint: 'Look at the switch: it may have restarted' })
      waiting.push(...reader.push(bytes).map(parseReply))
    }
  }

  /** Up to `!done`, which follows a `!trap` as well: what is left in the line would answer the next command. */
  const exchange = async (on: Session, command: Sentence, signal: AbortSignal): Promise<Answer> => {
    await on.line.write(writeSentence(command), signal)
    const rows: Row[] = []
    let trap: Reply | undefined
    for (;;) {
      const reply = await nextReply(on, signal)
      if (reply.kind === 'done') return { rows, done: reply, trap }
      if (reply.kind === 'row') rows.push(reply.attributes)
      if (rows.length > mostRows) throw new WorkbenchError('link/garbled', `${label} gives rows without end`)
      if (reply.kind === 'trap') trap ??= reply
      if (reply.kind === 'fatal') {
        throw new WorkbenchError('link/closed', `${label} ended the connection: ${shown(reply.loose.join(' ') || reply.attributes.get('message') || 'it gave no reason')}`)
      }
    }
  }

  const login = async (on: Session, signal: AbortSignal): Promise<void> => {
    const refused = (reply: Reply): WorkbenchError => new WorkbenchError('pod/refused', `${label} refused the login of "${user}": ${shown(reply.attributes.get('message') ?? 'authentication failed')}`, {
      context: { user }, hint: 'Check the user and the password; the user needs the rights "api", "read" and "write"',
    })
    const first = await exchange(on, plainLogin(user, password), signal)
    if (first.trap) throw refused(first.trap)
    const challenge = first.done.attributes.get('ret')
    if (challenge === undefined) return
    const second = await exchange(on, challengeLogin(user, password, challenge, (bytes) => createHash('md5').update(bytes).digest()), signal)
    if (second.trap) throw refused(second.trap)
  }

  const opened = async (signal: AbortSignal): Promise<Session> => {
    if (isClosed) throw new WorkbenchError('link/closed', `The connection to ${label} was closed on this side`)
    if (session) return session
    const line = await openLine(signal)
    session = { line, reader: createSentenceReader(), waiting: [] }
    const fresh = session
    await withDeadline(clock, commandLimitMs, `The login at ${label}`, signal, async (limited) => login(fresh, limited))
    return fresh
  }

  /** An error in the middle leaves the line out of step, so it is given up; the next command opens a new one. */
  const once = async (command: Sentence, limitMs: number, signal: AbortSignal): Promise<Answer> => {
    try {
      const on = await opened(signal)
      return await withDeadline(clock, limitMs, `${label}, ${command[0] ?? ''}`, signal, async (limited) => exchange(on, command, limited))
    } catch (error) {
      await drop()
      throw error
    }
  }

  const answerOf = async (command: Sentence, limitMs: number, isRepeatable: boolean, signal: AbortSignal): Promise<Answer> => {
    const wasOpen = session !== undefined
    try {
      return await once(command, limitMs, signal)
    } catch (error) {
      // A switch that restarted, or that forgot an idle line, is noticed only now.
      if (!(wasOpen && isRepeatable && error instanceof WorkbenchError && error.code === 'link/closed')) throw error
      return once(command, limitMs, signal)
    }
  }

  return {
    label,
    ask: async (command, signal, { limitMs = commandLimitMs, isRepeatable = false } = {}) => lane(signal, async () => {
      const { rows, trap } = await answerOf(command, limitMs, isRepeatable, signal)
      if (!trap) return rows
      const [verb = ''] = command
      throw new WorkbenchError('pod/refused', `${label} refused ${verb}: ${shown(trap.attributes.get('message') ?? 'it gave no reason')}`, { context: { command: verb } })
    }),
    close: async () => { isClosed = true; await drop() },
  }
}

export interface RouterOsPlace {
  readonly host: string
  /** Default: 8728, and 8729 with TLS. */
  readonly port?: number | undefined
  readonly user: string
  readonly password: string
  /** Absent: in the clear. */
  readonly tls?: { readonly certificateSha256: string | undefined } | undefined
}

/** Nothing is opened yet. */
export function routerOsAt({ host, port, user, password, tls }: RouterOsPlace, clock: Clock): RouterOsConnection {
  const atPort = port ?? (tls ? apiPorts.tls : apiPorts.plain)
  const place = `${isIPv6(host) ? `[${host}]` : host}:${atPort}`
  const label = `RouterOS at ${place}`
  const openLine: OpenTransport = tls
    ? async (signal) => openTlsTransport({ label, host, port: atPort, certificateSha256: tls.certificateSha256 }, clock, signal)
    : async (signal) => openTcpTransport({ label, host, port: atPort }, clock, signal)
  return createRouterOsConnection({ label, user, password, openLine, clock })
}

/** Connects and logs in, so that a wrong address or password is known at once. */
export async function openRouterOs(place: RouterOsPlace, clock: Clock, signal: AbortSignal): Promise<RouterOsConnection> {
  const connection = routerOsAt(place, clock)
  try {
    await connection.ask(['/system/identity/print'], signal, { isRepeatable: true })
  } catch (error) {
    await connection.close()
    throw error
  }
  return connection
}
