import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { joinBytes } from '../../shared/lifecycle/byteQueue.ts'
import { maxBlobBytes, type PodAnswer, type SimPod } from './simPod.ts'

interface Exchange {
  readonly pod: SimPod
  readonly request: IncomingMessage
  readonly signal: AbortSignal
  /** The part of the path behind `/tftp/`, decoded. */
  readonly name: string
}

type Endpoint = (exchange: Exchange) => Promise<PodAnswer>

const maxRateBytes = 1024

/** Path, then method. What is not here is 404, a wrong method 405. */
const endpoints: readonly { readonly path: RegExp; readonly methods: Readonly<Record<string, Endpoint>> }[] = [
  { path: /^\/power\/on$/, methods: { POST: async ({ pod, signal }) => pod.power('on', signal) } },
  { path: /^\/power\/off$/, methods: { POST: async ({ pod, signal }) => pod.power('off', signal) } },
  { path: /^\/power\/cycle$/, methods: { POST: async ({ pod, signal }) => pod.power('cycle', signal) } },
  { path: /^\/fastboot$/, methods: { POST: fastboot } },
  { path: /^\/uart\/baud$/, methods: { POST: setRate } },
  { path: /^\/tftp$/, methods: { GET: async ({ pod }) => pod.store(), DELETE: async ({ pod }) => pod.clear() } },
  { path: /^\/tftp\/([^/]*)$/, methods: { POST: stage, DELETE: async ({ pod, name }) => pod.unstage(name) } },
]

const tooLarge = (limitBytes: number): PodAnswer => ({ status: 413, body: { error: 'too large', limit: limitBytes } })

/** The HTTP side of one pod. `over` ends every exchange that is under way. */
export function createPodHttp(pod: SimPod, over: AbortSignal, log: (line: string) => void): Server {
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => { gone.abort(new Error('the client went away')) })
    const signal = AbortSignal.any([gone.signal, over])
    answer(pod, request, signal).then(
      (result) => { send(request, response, result) },
      (error: unknown) => {
        if (!signal.aborted) log(`pod http: ${String(error)}`)
        response.destroy()
      },
    )
  })
  // An upload over a slow radio takes minutes, and the firmware has no limit of its own.
  server.requestTimeout = 0
  return server
}

async function answer(pod: SimPod, request: IncomingMessage, signal: AbortSignal): Promise<PodAnswer> {
  await pod.request(signal)
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  for (const endpoint of endpoints) {
    const found = endpoint.path.exec(path)
    if (!found) continue
    const method = request.method ?? ''
    const run = Object.hasOwn(endpoint.methods, method) ? endpoint.methods[method] : undefined
    if (!run) return { status: 405, body: { error: 'method not allowed' } }
    const name = decodeName(found[1] ?? '')
    return name === undefined ? { status: 400, body: { error: 'bad name' } } : run({ pod, request, signal, name })
  }
  return { status: 404, body: { error: 'not found' } }
}

function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    // A lone percent sign is no encoding; the caller answers "bad name".
    return undefined
  }
}

function send(request: IncomingMessage, response: ServerResponse, { status, body }: PodAnswer): void {
  const text = `${JSON.stringify(body)}\n`
  // A refusal may come before the body has: the rest of it is not waited for.
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...(request.complete ? {} : { connection: 'close' }) }
  response.writeHead(status, headers)
  response.end(text)
  request.resume()
}

/** `undefined` when it is longer than the limit. */
async function wholeBody({ pod, request, signal }: Exchange, limitBytes: number): Promise<Uint8Array | undefined> {
  if (declaredLength(request) > limitBytes) return undefined
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of request as AsyncIterable<Uint8Array>) {
    length += piece.length
    if (length > limitBytes) return undefined
    await pod.carry(piece.length, signal)
    pieces.push(piece)
  }
  return joinBytes(pieces)
}

function declaredLength(request: IncomingMessage): number {
  const text = request.headers['content-length']
  return text === undefined ? 0 : Number(text)
}

async function fastboot(exchange: Exchange): Promise<PodAnswer> {
  const blob = await wholeBody(exchange, maxBlobBytes)
  return blob ? exchange.pod.fastboot(blob, exchange.signal) : tooLarge(maxBlobBytes)
}

async function setRate(exchange: Exchange): Promise<PodAnswer> {
  const bytes = await wholeBody(exchange, maxRateBytes)
  if (!bytes) return tooLarge(maxRateBytes)
  const { rate } = parseObject(bytes)
  return exchange.pod.setBaudRate(rate, exchange.signal)
}

function parseObject(bytes: Uint8Array): { readonly rate?: unknown } {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    // Not JSON has no rate, and that is what the pod answers to.
    return {}
  }
}

async function stage(exchange: Exchange): Promise<PodAnswer> {
  const { pod, request, signal, name } = exchange
  if (request.headers['content-length'] === undefined) return stageUnknownLength(exchange)
  const admission = pod.admit(name, declaredLength(request))
  if ('refusal' in admission) return admission.refusal
  try {
    for await (const piece of request as AsyncIterable<Uint8Array>) {
      await pod.carry(piece.length, signal)
      admission.upload.put(piece)
    }
    return admission.upload.finish()
  } finally {
    admission.upload.abandon()
  }
}

/** A chunked body: the pod cannot reserve before it has seen all of it. */
async function stageUnknownLength(exchange: Exchange): Promise<PodAnswer> {
  const { pod, name } = exchange
  const bytes = await wholeBody(exchange, pod.maxFileBytes)
  if (!bytes) return tooLarge(pod.maxFileBytes)
  const admission = pod.admit(name, bytes.length)
  if ('refusal' in admission) return admission.refusal
  admission.upload.put(bytes)
  return admission.upload.finish()
}
