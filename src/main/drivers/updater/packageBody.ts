import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { DownloadRequest } from '../../../shared/ota/updater.schema.ts'
import { reasonOf } from '../errors/reasonOf.ts'

/** Until the headers are there; a body has its own limit on silence. */
export const answerLimitMs = 30_000
const maxRedirects = 5
/** Asked again, it would say the same. */
const finalStatuses = new Set([400, 401, 403, 405, 406, 410, 451])

export interface Body {
  readonly kind: 'body'
  /** Where its first byte belongs. */
  readonly fromBytes: number
  /** By Content-Length; absent when the server does not say, or packs it. */
  readonly announcedBytes: number | undefined
  readonly pieces: AsyncIterable<Uint8Array>
  /** Ends the connection; a read that waits rejects with the reason. */
  cut(reason: Error): void
}
export type Answered = Body | { readonly kind: 'final' | 'again'; readonly why: string } | { readonly kind: 'unwanted-range' }

export interface BodyDeps { readonly clock: Clock; readonly fetch: typeof globalThis.fetch }

/** The body from a byte on, or from the start where the server cannot: what it says it sends is checked, and only then appended. */
export async function openBody(request: DownloadRequest, fromBytes: number, { clock, fetch }: BodyDeps, signal: AbortSignal): Promise<Answered> {
  let url = new URL(request.package_url)
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const line = new AbortController()
    const cut = (reason: unknown): void => { line.abort(reason) }
    let response: Response
    try {
      const headers = { 'accept-encoding': 'identity', 'user-agent': 'rackbench-updater', ...(fromBytes > 0 ? { range: `bytes=${fromBytes}-` } : {}) }
      // The limit is for the headers alone: the body's line outlives it.
      response = await withDeadline(clock, answerLimitMs, `An answer of ${url.host}`, signal, async () => fetch(url, { redirect: 'manual', signal: line.signal, headers }))
    } catch (error) {
      cut(error)
      signal.throwIfAborted()
      return { kind: 'again', why: `${url.host} cannot be reached: ${reasonOf(error)}` }
    }
    const location = response.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return bodyIn(response, url, request, fromBytes, cut)
    await response.body?.cancel()
    if (!URL.canParse(location, url.href)) return { kind: 'final', why: `${url.host} leads to something that is no web address` }
    const next = new URL(location, url)
    // Whoever named this host did not name another one.
    if (next.host !== url.host || (url.protocol === 'https:' && next.protocol !== 'https:')) return { kind: 'final', why: `${url.host} leads to another place, ${next.protocol}//${next.host}, and that is not followed` }
    url = next
  }
  return { kind: 'final', why: `${url.host} leads from one address to the next without end` }
}

async function bodyIn(response: Response, url: URL, request: DownloadRequest, fromBytes: number, cut: Body['cut']): Promise<Answered> {
  const { status, headers } = response
  const no = async (answer: Answered): Promise<Answered> => { await response.body?.cancel(); return answer }
  if (status === 416) return no({ kind: 'unwanted-range' })
  if (status !== 200 && status !== 206) return no({ kind: finalStatuses.has(status) ? 'final' : 'again', why: `${url.host} answered with ${status}` })
  if (headers.get('content-encoding') !== null && headers.get('content-encoding') !== 'identity') return no({ kind: 'final', why: `${url.host} packs the file on its way` })
  // A page that says sorry has the status of a file.
  if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) return no({ kind: 'final', why: `${url.host} sent a page and no package` })
  const announcedBytes = lengthIn(headers.get('content-length'))
  const pieces = (response.body ?? []) as AsyncIterable<Uint8Array>
  if (status === 200) return { kind: 'body', fromBytes: 0, announcedBytes, pieces, cut }
  const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(headers.get('content-range') ?? '')
  const fits = fromBytes > 0 && range !== null && Number(range[1]) === fromBytes && Number(range[2]) === request.package_size - 1 && (range[3] === '*' || Number(range[3]) === request.package_size)
  // Something else than was asked for: the file is begun anew, never patched together.
  if (!fits) return no(fromBytes > 0 ? { kind: 'unwanted-range' } : { kind: 'final', why: `${url.host} sent a part of a file that nobody asked for` })
  return { kind: 'body', fromBytes, announcedBytes, pieces, cut }
}

const lengthIn = (text: string | null): number | undefined => (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined)
