import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { joinBytes } from '../../../../shared/lifecycle/byteQueue.ts'
import { withDeadline } from '../../../../shared/lifecycle/clock.ts'
import type { HttpAnswer, MpyRun } from './mpyTypes.ts'

export interface Fetched { readonly bytes: Uint8Array; readonly contentType: string }

/** Asks again where that can help: after no answer, 408, 429 and what is the server's own fault. `use` is given a fresh answer each time. */
export async function askWithRetries<T>(run: MpyRun, method: 'GET' | 'HEAD', url: string, accept: string, signal: AbortSignal, use: (answer: HttpAnswer, signal: AbortSignal) => Promise<T>, limitMs = run.config.http_timeout_sec * 1000): Promise<T> {
  const { config, clock } = run
  const headers = { Accept: accept, 'User-Agent': config.user_agent, ...(config.token === undefined || !isOwnHost(run, url) ? {} : { Authorization: `token ${config.token}` }) }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withDeadline(clock, limitMs, `Fetch ${shownUrl(url)}`, signal, async (until) => {
        const answer = await run.http(method, url, headers, until)
        if (answer.status < 200 || answer.status >= 300) throw statusError(answer.status, url)
        return use(answer, until)
      })
    } catch (error) {
      signal.throwIfAborted()
      if (attempt >= config.http_retries || !isWorthAnother(error)) throw error
      await clock.sleep(Math.min(config.backoff_sec * 2 ** (attempt - 1), config.max_backoff_sec) * 1000, signal)
    }
  }
}

const originOf = (url: string): string => URL.parse(url)?.origin ?? ''
/** Only these get the token, whatever address an answer names. */
const isOwnHost = ({ config }: MpyRun, url: string): boolean => [config.api_base, config.raw_base].some((base) => originOf(base) === originOf(url))

/** An address out of an answer: the source's own hosts, and of GitHub those that it delivers from. Anybody else could deliver anything. */
export function checkedUrl(run: MpyRun, url: string): string {
  const isGithub = originOf(run.config.api_base) === 'https://api.github.com' && /^https:\/\/(github\.com|([\w-]+\.)?githubusercontent\.com)\//.test(url)
  if (isOwnHost(run, url) || isGithub) return url
  throw new WorkbenchError('link/garbled', 'The release names its manifest on another host', { context: { reason: 'FOREIGN_HOST', origin: originOf(url) }, hint: 'Nothing was taken from there. Do not trust this source' })
}

const isWorthAnother = (error: unknown): boolean => {
  if (!(error instanceof WorkbenchError)) return false
  const status = error.context['status']
  return typeof status === 'number' ? status === 408 || status === 429 || status >= 500 : error.code === 'link/closed' || error.code === 'link/timeout' || error.code === 'link/unreachable'
}

function statusError(status: number, url: string): WorkbenchError {
  const hint = status === 404 ? 'Is there such a release, and are owner and repository right?' : status === 401 || status === 403 ? 'Is the token right, or is the limit of requests used up?' : 'Try again later'
  return new WorkbenchError(status === 404 ? 'input/not-found' : 'link/garbled', `HTTP ${status} for ${shownUrl(url)}`, { context: { status }, hint })
}

/** Without a query, which may hold a secret of somebody else. */
export const shownUrl = (url: string): string => (url.split('?')[0] ?? '').slice(0, 200)

/** Stops at the limit, whatever was announced. */
export async function readAll(answer: HttpAnswer, limitBytes: number, tooLarge: (bytes: number) => Error): Promise<Uint8Array> {
  if (answer.lengthBytes !== undefined && answer.lengthBytes > limitBytes) { await letGo(answer); throw tooLarge(answer.lengthBytes) }
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer.body) {
    bytes += part.length
    if (bytes > limitBytes) throw tooLarge(bytes)
    parts.push(part)
  }
  if (answer.lengthBytes !== undefined && answer.lengthBytes !== bytes) throw new WorkbenchError('link/closed', `The server announced ${answer.lengthBytes} bytes and sent ${bytes}`, { context: { announcedBytes: answer.lengthBytes, receivedBytes: bytes } })
  return joinBytes(parts)
}

export async function letGo({ body }: HttpAnswer): Promise<void> {
  const pieces = body[Symbol.asyncIterator]()
  await pieces.return?.()
}

export async function fetchJson(run: MpyRun, url: string, limitBytes: number, signal: AbortSignal): Promise<unknown> {
  const bytes = await askWithRetries(run, 'GET', url, 'application/vnd.github+json', signal, async (answer) =>
    readAll(answer, limitBytes, (found) => new WorkbenchError('input/too-large', `The answer of ${shownUrl(url)} has ${found} bytes or more; at most ${limitBytes} are read`, { context: { limitBytes } })))
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch (error) {
    throw new WorkbenchError('link/garbled', `${shownUrl(url)} answers with something else than JSON`, { cause: error, hint: 'A page of HTML is often a log-in, or another server than was meant' })
  }
}
