import { fastbootResultSchema, podErrorSchema, podStoreSchema, stagedSchema } from './rackPodAnswers.schema.ts'
import { exchangeOverHttp, type HttpAnswer, type HttpExchange } from './httpExchange.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import type { FastbootResult, PodStore, RackPod } from '../../../shared/devices/rackPod.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

/** Boot-ROM upload at 115200 baud: 26 s for a usual U-Boot, and slow cameras take three tries. Staging crosses WiFi. */
const longLimitMs = 180_000
const shortLimitMs = 10_000
const baudLimitMs = 5_000
/** The pod holds the whole blob in its memory and refuses more. */
export const maxBlobBytes = 1024 * 1024

export interface RackPodClientDeps {
  /** `http://10.0.0.7:8080` */
  readonly baseUrl: string
  readonly clock: Clock
  /** For tests; the real network otherwise. */
  readonly exchange?: HttpExchange
}

interface Question {
  readonly what: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly limitMs: number
  readonly contentType?: string
  readonly body?: Uint8Array
  readonly onSent?: ((sentBytes: number) => void) | undefined
}

export function createRackPodClient({ baseUrl, clock, exchange = exchangeOverHttp }: RackPodClientDeps): RackPod {
  const base = parseBase(baseUrl)
  const label = base.origin

  const ask = async ({ what, method, path, limitMs, body, contentType = 'application/octet-stream', onSent }: Question, signal: AbortSignal): Promise<HttpAnswer> => {
    let connected = false
    try {
      return await withDeadline(clock, limitMs, `The pod at ${label}, ${what}`, signal, async (limited) =>
        exchange({
          method, url: new URL(path, base), headers: method === 'GET' ? {} : { 'content-type': contentType },
          ...(body ? { body } : {}), ...(onSent ? { onSent } : {}), onConnected: () => { connected = true },
        }, limited))
    } catch (error) {
      if (signal.aborted) throw error
      const late = error instanceof WorkbenchError
      if (late && connected) throw error
      throw noAnswer(label, what, connected, late ? `no answer within ${limitMs / 1000} s` : reasonOf(error), error)
    }
  }

  /** For answers that carry nothing: any 2xx with a JSON object or without a body. */
  const tell = async (question: Question, signal: AbortSignal): Promise<void> => {
    const answer = await ask(question, signal)
    if (!isGood(answer)) throw refused(label, question.what, answer)
    if (answer.body.length > 0) objectOf(label, question.what, answer)
  }

  return {
    label,
    power: async (action, signal) =>
      tell({ what: `power ${action}`, method: 'POST', path: `/power/${action}`, limitMs: shortLimitMs }, signal),
    fastboot: async (blob, signal) => {
      if (blob.length > maxBlobBytes) {
        throw new WorkbenchError('input/too-large', `The boot blob has ${blob.length} bytes, ${blob.length - maxBlobBytes} more than the pod takes`, {
          context: { blobBytes: blob.length, maxBlobBytes }, hint: 'Use a smaller U-Boot',
        })
      }
      const what = 'fastboot'
      const answer = await ask({ what, method: 'POST', path: '/fastboot', limitMs: longLimitMs, body: blob }, signal)
      return fastbootResult(label, what, answer)
    },
    stage: async (name, bytes, signal, onProgress) => {
      const what = `staging ${checkName(name)}`
      const answer = await ask({ what, method: 'POST', path: `/tftp/${encodeURIComponent(name)}`, limitMs: longLimitMs, body: bytes, onSent: onProgress }, signal)
      if (!isGood(answer)) throw notStaged(label, what, bytes.length, answer)
      const { size } = stagedSchema.parse(objectOf(label, what, answer))
      if (size !== undefined && size !== bytes.length) {
        throw new WorkbenchError('pod/refused', `The pod at ${label} kept ${size} of ${bytes.length} bytes of ${name}`, { context: { sentBytes: bytes.length, keptBytes: size } })
      }
    },
    unstage: async (name, signal) =>
      tell({ what: `dropping ${checkName(name)}`, method: 'DELETE', path: `/tftp/${encodeURIComponent(name)}`, limitMs: shortLimitMs }, signal),
    clear: async (signal) => tell({ what: 'dropping all files', method: 'DELETE', path: '/tftp', limitMs: shortLimitMs }, signal),
    store: async (signal) => {
      const what = 'asking for its files'
      const answer = await ask({ what, method: 'GET', path: '/tftp', limitMs: shortLimitMs }, signal)
      if (!isGood(answer)) throw refused(label, what, answer)
      return storeOf(label, objectOf(label, what, answer))
    },
    setBaudRate: async (baudRate, signal) => {
      if (!Number.isInteger(baudRate) || baudRate <= 0) throw new WorkbenchError('input/malformed', `${baudRate} is no baud rate`)
      const body = new TextEncoder().encode(JSON.stringify({ rate: baudRate }))
      const what = `setting ${baudRate} baud`
      const answer = await ask({ what, method: 'POST', path: '/uart/baud', limitMs: baudLimitMs, body, contentType: 'application/json' }, signal)
      if (!isGood(answer)) throw refused(label, what, answer)
    },
  }
}

function parseBase(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  if (url?.protocol !== 'http:') throw new WorkbenchError('input/malformed', `"${clean(baseUrl, 120)}" is no address of a pod`, { hint: 'A pod is reached as http://HOST:8080' })
  return url
}

/** The name goes into a URL and is typed at a U-Boot prompt; what either could misread is refused before anything is sent. */
export function checkName(name: string): string {
  if (!/^[A-Za-z0-9._+=@,~-]{1,64}$/.test(name) || /^\.+$/.test(name)) {
    throw new WorkbenchError('input/malformed', `"${clean(name, 64)}" cannot be a TFTP file name`, { hint: 'Up to 64 letters, digits, dots and dashes' })
  }
  return name
}

const isGood = ({ status }: HttpAnswer): boolean => status >= 200 && status <= 299

/** Text of a stranger, for a message: bounded, one line, nothing that moves a cursor. */
// eslint-disable-next-line no-control-regex -- control characters are what is replaced
const clean = (text: string, length: number): string => text.replaceAll(/[\s\x00-\x1f\x7f-\x9f\u202a-\u202e]+/g, ' ').trim().slice(0, length)

const textOf = ({ body }: HttpAnswer): string => new TextDecoder().decode(body)

function jsonOf(answer: HttpAnswer): Readonly<Record<string, unknown>> | undefined {
  if (answer.cut) return undefined
  try {
    const value: unknown = JSON.parse(textOf(answer))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : undefined
  } catch {
    // Not JSON is an answer of its own; the callers name it.
    return undefined
  }
}

function notAPod(label: string, what: string, answer: HttpAnswer): WorkbenchError {
  return new WorkbenchError('pod/not-a-pod', `${label} answered without JSON (${what}); that is no rack pod`, {
    context: { status: answer.status, answer: clean(textOf(answer), 200) }, hint: 'Check the address and the port: a pod answers on 8080',
  })
}

function objectOf(label: string, what: string, answer: HttpAnswer): Readonly<Record<string, unknown>> {
  const found = jsonOf(answer)
  if (!found) throw notAPod(label, what, answer)
  return found
}

function refused(label: string, what: string, answer: HttpAnswer, quoted = 200): WorkbenchError {
  const said = clean(textOf(answer), quoted)
  return new WorkbenchError('pod/refused', `The pod at ${label} refused ${what}: HTTP ${answer.status}${said ? `, ${said}` : ''}`, {
    context: { status: answer.status }, ...(answer.status === 409 ? { hint: 'The pod is busy with another job; wait until it is done' } : {}),
  })
}

function noAnswer(label: string, what: string, connected: boolean, why: string, cause: unknown): WorkbenchError {
  // A port that speaks something else answers with bytes that are no HTTP.
  if (errnoOf(cause)?.startsWith('HPE_')) {
    return new WorkbenchError('pod/not-a-pod', `${label} does not speak HTTP; that is no rack pod`, { cause, hint: 'Check the address and the port: a pod answers on 8080' })
  }
  return connected
    ? new WorkbenchError('link/closed', `The pod at ${label} broke off ${what}: ${why}`, { cause, hint: 'Look at the pod: it may have restarted' })
    : new WorkbenchError('link/unreachable', `The pod at ${label} cannot be reached: ${why}`, { cause, hint: 'Is the pod on, and is the address right?' })
}

function notStaged(label: string, what: string, requestedBytes: number, answer: HttpAnswer): WorkbenchError {
  const told = podErrorSchema.parse(jsonOf(answer) ?? {})
  if (answer.status !== 503 || told.error !== 'oom') return refused(label, what, answer, 300)
  const largestFreeBytes = told.psram_largest_free ?? 0
  return new WorkbenchError('pod/no-room', `The pod at ${label} has no room for ${requestedBytes} bytes: its largest free block is ${largestFreeBytes}`, {
    context: { requestedBytes: told.requested ?? requestedBytes, largestFreeBytes }, hint: 'Drop the files that are staged there, or serve from this computer with --tftp-via host',
  })
}

/** Any status with a JSON object is the boot ROM's result: the phase and the reason have to reach the person. */
function fastbootResult(label: string, what: string, answer: HttpAnswer): FastbootResult {
  const found = jsonOf(answer)
  if (!found) throw isGood(answer) ? notAPod(label, what, answer) : refused(label, what, answer)
  if (isGood(answer) && !('success' in found)) throw notAPod(label, what, answer)
  const told = fastbootResultSchema.parse(found)
  const failedPhase = told.failed_phase === undefined ? undefined : clean(told.failed_phase, 40)
  const error = told.error === undefined ? (isGood(answer) ? undefined : `HTTP ${answer.status}`) : clean(told.error, 200)
  return {
    // A pod that says 500 and "success" is not believed.
    success: told.success === true && isGood(answer),
    lastPhase: clean(told.last_phase ?? 'unknown', 40),
    ...(failedPhase === undefined ? {} : { failedPhase }), ...(error === undefined ? {} : { error }),
    elapsedMs: told.elapsed_ms ?? 0, handshakeMarkers: told.handshake_markers ?? 0,
  }
}

function storeOf(label: string, found: Readonly<Record<string, unknown>>): PodStore {
  const read = podStoreSchema.safeParse(found)
  if (!read.success) {
    throw new WorkbenchError('pod/not-a-pod', `${label} answered without the figures of a pod: ${read.error.issues[0]?.path.join('.') ?? ''}`, { hint: 'Check the address and the port: a pod answers on 8080' })
  }
  const { files, max_size_bytes: maxFileBytes, max_slots: maxFiles, psram_free_bytes: freeBytes, psram_largest_free_block: largestFreeBytes } = read.data
  return {
    files: files.map(({ name, size, reads }) => ({ name: clean(name, 64), lengthBytes: size, reads })),
    maxFileBytes, maxFiles, freeBytes, largestFreeBytes,
  }
}
