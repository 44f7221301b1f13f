import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { errnoOf, reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'

export interface DownloadDeps {
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  /** For all of it, redirects included. */
  readonly limitMs?: number
  /** How much has come; the whole is `undefined` where the server does not say. */
  readonly tell?: ((doneBytes: number, totalBytes: number | undefined) => void) | undefined
}

export interface Downloaded {
  readonly bytes: Uint8Array
  /** After redirects. */
  readonly url: URL
  readonly etag: string | undefined
}

const defaultLimitMs = 60_000
const maxRedirects = 5

/** Without what may be a password. */
export const shownUrl = (url: URL): string => shown(`${url.protocol}//${url.host}${url.pathname}`)

/** URL.parse is younger than the oldest Node that we run on. */
function urlOf(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    // Told by being absent.
    return undefined
  }
}

/** `http` or `https`; everything else is `input/malformed`. */
export function parseWebUrl(text: string): URL {
  const url = urlOf(text)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new WorkbenchError('input/malformed', 'That is no web address', { hint: 'It begins with https:// or http://' })
}

/**
 * A whole file over HTTP. A body that is shorter than announced, longer than `maxBytes`, or an answer other than success is an error:
 * `link/unreachable`, `link/timeout`, `link/closed` (cut off), `link/garbled`, `input/not-found`, `input/too-large`.
 */
export async function download({ fetch, clock, limitMs = defaultLimitMs, tell }: DownloadDeps, given: URL, maxBytes: number, signal: AbortSignal): Promise<Downloaded> {
  return withDeadline(clock, limitMs, `Download of ${shownUrl(given)}`, signal, async (limited) => {
    let url = given
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      const response = await ask(fetch, url, limited)
      const location = redirectOf(response, url)
      if (!location) return { bytes: await bodyOf(response, url, maxBytes, limited, tell), url, etag: response.headers.get('etag')?.slice(0, 200) ?? undefined }
      await response.body?.cancel()
      url = location
    }
    throw new WorkbenchError('link/garbled', `${shownUrl(given)} leads from one address to the next, more than ${maxRedirects} times`, { hint: 'Check the address' })
  })
}

async function ask(fetch: DownloadDeps['fetch'], url: URL, signal: AbortSignal): Promise<Response> {
  try {
    // Asked for as it is: a length of something packed on the way says nothing about the file.
    return await fetch(url, { redirect: 'manual', signal, headers: { 'accept-encoding': 'identity', 'user-agent': 'rackbench' } })
  } catch (error) {
    throw ofNetwork(error, url, signal, 'link/unreachable')
  }
}

function ofNetwork(error: unknown, url: URL, signal: AbortSignal, code: 'link/unreachable' | 'link/closed'): Error {
  // Before anything else: an abort looks like a broken connection from here.
  if (signal.aborted) return signal.reason as Error
  const why = errnoOf(error) === undefined ? 'the connection broke' : reasonOf(error)
  return new WorkbenchError(code, code === 'link/closed' ? `The download of ${shownUrl(url)} was cut off: ${why}` : `${shownUrl(url)} cannot be reached: ${why}`, {
    cause: error, hint: code === 'link/closed' ? 'Try again' : 'Is this computer online? A file that is already here can be chosen instead',
  })
}

function redirectOf(response: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined
  const location = response.headers.get('location')
  const to = location === null ? undefined : urlOf(location, from)
  if (!to || (to.protocol !== 'https:' && to.protocol !== 'http:')) throw new WorkbenchError('link/garbled', `${shownUrl(from)} leads to something that is no web address`)
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new WorkbenchError('link/garbled', `${shownUrl(from)} leads to an address without encryption`, { hint: 'Anybody on the way could change the file; do not use this address' })
  }
  return to
}

async function bodyOf(response: Response, url: URL, maxBytes: number, signal: AbortSignal, tell: DownloadDeps['tell']): Promise<Uint8Array> {
  const announced = response.headers.get('content-encoding') === null ? lengthOf(response) : undefined
  const refusal = refusalOf(response, url) ?? (announced !== undefined && announced > maxBytes ? tooLarge(url, maxBytes) : undefined)
  if (refusal) {
    await response.body?.cancel()
    throw refusal
  }
  const pieces: Uint8Array[] = []
  let lengthBytes = 0
  try {
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      lengthBytes += piece.length
      // Leaving the loop cancels the body, and with it the connection.
      if (lengthBytes > maxBytes) throw tooLarge(url, maxBytes)
      pieces.push(piece)
      tell?.(lengthBytes, announced)
    }
  } catch (error) {
    throw error instanceof WorkbenchError ? error : ofNetwork(error, url, signal, 'link/closed')
  }
  if (announced !== undefined && lengthBytes !== announced) {
    throw new WorkbenchError('link/closed', `The download of ${shownUrl(url)} was cut off: ${lengthBytes} of ${announced} bytes came`, { context: { lengthBytes, announced }, hint: 'Try again' })
  }
  return Buffer.concat(pieces)
}

const tooLarge = (url: URL, maxBytes: number): WorkbenchError =>
  new WorkbenchError('input/too-large', `${shownUrl(url)} is larger than ${maxBytes} bytes, so it is not what it should be`, { context: { maxBytes } })

function lengthOf(response: Response): number | undefined {
  const text = response.headers.get('content-length')
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function refusalOf({ status }: Response, url: URL): WorkbenchError | undefined {
  if (status === 200) return undefined
  const context = { status }
  if (status === 404 || status === 410) return new WorkbenchError('input/not-found', `${shownUrl(url)} does not exist`, { context, hint: 'Check the address; a file that is already here can be chosen instead' })
  if (status === 401 || status === 403) return new WorkbenchError('host/no-permission', `${shownUrl(url)} may not be read without a login`, { context })
  return new WorkbenchError('link/garbled', `${shownUrl(url)} answered with ${status}`, { context, hint: status >= 500 || status === 429 ? 'The server has a problem; try again later' : undefined })
}
