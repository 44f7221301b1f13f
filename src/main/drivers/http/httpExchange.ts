import { request, type ClientRequest, type IncomingMessage } from 'node:http'

export interface HttpQuestion {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Of the answer; what is longer is cut off there. */
  readonly maxAnswerBytes?: number
  /** Bytes handed to the network so far, at least once per 16 KiB. */
  readonly onSent?: (sentBytes: number) => void
  /** The connection stands: what goes wrong from here on is no "unreachable". */
  readonly onConnected?: () => void
}

export interface HttpAnswer {
  readonly status: number
  /** At most `maxAnswerBytes` of the question; a longer answer is cut off. */
  readonly body: Uint8Array
  readonly cut: boolean
}

export type HttpExchange = (question: HttpQuestion, signal: AbortSignal) => Promise<HttpAnswer>

/** A pod's longest answer is its file list; more than this is some other server. */
export const maxAnswerBytes = 64 * 1024
const pieceBytes = 16 * 1024

/**
 * One connection for each question, closed after it: a microcontroller keeps few of them open and forgets idle ones.
 * Not `fetch`: that sends a streamed body chunked, which small servers refuse, and cannot say how much of it is gone.
 * An abort destroys the connection.
 */
export const exchangeOverHttp: HttpExchange = async (question, signal) => {
  signal.throwIfAborted()
  const { method, url, headers, body, onConnected } = question
  // GET goes out bare; every other method states its length, nought included.
  const length = method === 'GET' && !body ? {} : { 'content-length': String(body?.length ?? 0) }
  const asked = request(url, { method, agent: false, headers: { ...headers, ...length, connection: 'close' } })
  asked.once('socket', (socket) => {
    socket.setNoDelay(true)
    socket.once('connect', () => { onConnected?.() })
  })
  return new Promise<HttpAnswer>((resolve, reject) => {
    const stop = (): void => { asked.destroy(); reject(signal.reason as Error) }
    signal.addEventListener('abort', stop, { once: true })
    const settle = (): void => { signal.removeEventListener('abort', stop) }
    let answered = false
    // Stays until the end: a pod that answers early and closes makes the rest of the upload fail, and that is no news.
    asked.on('error', (error) => { if (!answered) { settle(); asked.destroy(); reject(error) } })
    asked.on('response', (response) => {
      answered = true
      collect(response, question.maxAnswerBytes ?? maxAnswerBytes).then((answer) => { settle(); asked.destroy(); resolve(answer) }, (error: unknown) => { settle(); asked.destroy(); reject(error as Error) })
    })
    send(asked, question, () => answered)
  })
}

/** Piece by piece, each after the one before has left: that is what makes the progress true. */
function send(asked: ClientRequest, { body, onSent }: HttpQuestion, isAnswered: () => boolean): void {
  if (!body || body.length === 0) { asked.end(); return }
  const next = (from: number): void => {
    if (isAnswered() || asked.destroyed) return
    const to = Math.min(from + pieceBytes, body.length)
    asked.write(body.subarray(from, to), (error) => {
      if (error) return
      onSent?.(to)
      if (to === body.length) asked.end()
      else next(to)
    })
  }
  next(0)
}

async function collect(response: IncomingMessage, mostBytes: number): Promise<HttpAnswer> {
  const parts: Uint8Array[] = []
  let total = 0
  let cut = false
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    const room = mostBytes - total
    if (chunk.length > room) cut = true
    parts.push(chunk.subarray(0, room))
    total += Math.min(chunk.length, room)
    if (cut) break
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(parts), cut }
}
