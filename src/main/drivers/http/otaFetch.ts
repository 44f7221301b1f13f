import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface StreamedAnswer {
  readonly status: number
  readonly contentType: string
  readonly lengthBytes: number | undefined
  readonly body: AsyncIterable<Uint8Array>
}

const mostRedirects = 3
const redirects = [301, 302, 303, 307, 308]

/** GitHub delivers its assets from hosts of its own; everybody else delivers from where it was asked. */
const isTrustedHop = (from: URL, to: URL): boolean => to.origin === from.origin
  || /(^|\.)(github\.com|githubusercontent\.com)$/.test(from.hostname) && /(^|\.)githubusercontent\.com$/.test(to.hostname) && to.protocol === 'https:'

export type OtaAsk = (method: 'GET' | 'HEAD', url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<StreamedAnswer>

/** One question to a server of releases, over the `fetch` that is passed in. A redirect to another host is an error: who can send it could send any content. */
export function createOtaFetch(fetchIt: typeof fetch = fetch): OtaAsk {
  return async (method, url, headers, signal) => {
    let at = readUrl(url)
    // Content that is packed on the way has another length than the one announced.
    let sent: Record<string, string> = { ...headers, 'Accept-Encoding': 'identity' }
    for (let hop = 0; hop <= mostRedirects; hop += 1) {
      const answer = await fetchIt(at, { method, headers: sent, redirect: 'manual', signal }).catch((error: unknown) => { signal.throwIfAborted(); throw noAnswer(at, error) })
      if (!redirects.includes(answer.status)) return streamed(answer, at, signal)
      await answer.body?.cancel().catch(() => undefined)
      const next = URL.parse(answer.headers.get('location') ?? '', at.href)
      if (!next) throw new WorkbenchError('link/garbled', `${at.host} sends on to something that is no address`, { context: { reason: 'REDIRECT', from: at.host }, hint: 'Is this a server of releases?' })
      if (!isTrustedHop(at, next)) throw new WorkbenchError('link/garbled', `${at.host} sends on to ${next.host}, which is another host`, { context: { reason: 'REDIRECT', from: at.host, to: next.host }, hint: 'Nothing was taken from there. Name that server itself if it is the right one' })
      // A token is for the host that it was meant for.
      if (next.origin !== at.origin) sent = Object.fromEntries(Object.entries(sent).filter(([name]) => name.toLowerCase() !== 'authorization'))
      at = next
    }
    throw new WorkbenchError('link/garbled', `${at.host} sends from one place to the next without an end`, { context: { reason: 'REDIRECT' } })
  }
}

function readUrl(url: string): URL {
  const parsed = URL.parse(url)
  if (!parsed || parsed.protocol !== 'http:' && parsed.protocol !== 'https:' || parsed.username !== '') throw new WorkbenchError('input/malformed', 'This is no address of a server of releases', { hint: 'It begins with http:// or https:// and holds no password' })
  return parsed
}

function streamed(answer: Response, at: URL, signal: AbortSignal): StreamedAnswer {
  const length = answer.headers.get('content-length')
  return {
    status: answer.status, contentType: answer.headers.get('content-type')?.toLowerCase() ?? '',
    lengthBytes: length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    body: piecesOf(answer, at, signal),
  }
}

async function* piecesOf(answer: Response, at: URL, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  if (!answer.body) return
  const reader = answer.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        signal.throwIfAborted()
        throw new WorkbenchError('link/closed', `${at.host} closed the connection before everything was there`, { cause: error, context: { host: at.host } })
      })
      if (done) return
      yield value as Uint8Array
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

const noAnswer = (at: URL, cause: unknown): WorkbenchError => new WorkbenchError('link/unreachable', `${at.host} does not answer`, { cause, context: { host: at.host }, hint: 'Is the server on, and is the address right?' })
