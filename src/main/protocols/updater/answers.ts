import { type DownloadRequest, downloadRequestSchema, type UpdaterAnswer, type UpdaterProgress, type UpdateRequest, updateRequestSchema } from '../../../shared/ota/updater.schema.ts'
import { readAs } from '../../../shared/ota/readAs.ts'
import { updaterFault } from '../../../shared/ota/updaterFault.ts'

/** What the real device names itself; other programs look for it. */
export const serviceFacts = { status: 'ok', service: 'tope-updater', version: '2.0.0' } as const

export const accepted = (): UpdaterAnswer => ({ code: 200, msg: 'success', data: null })

export function progressAnswer(data: UpdaterProgress): UpdaterAnswer {
  if (data.stage !== 'failed') return { code: 200, msg: 'success', data }
  return { code: 500, msg: `Update failed: ${data.error ?? 'unknown reason'}`, data, stage: data.stage, progress: data.progress }
}

/** 409 and 410 say where the updater is. */
export const refusal = (code: number, msg: string, now?: UpdaterProgress): UpdaterAnswer =>
  ({ code, msg, data: null, ...(now ? { stage: now.stage, progress: now.progress } : {}) })

const invalid = (wrong: string): Error => updaterFault('VALIDATION_ERROR', wrong)
const objectOf = (body: unknown): object => { if (typeof body === 'object' && body !== null) return body; throw invalid('the body is no JSON object') }

export interface AddressRules {
  /** Plain http to any host. */
  readonly lab: boolean
}

export function readDownloadRequest(body: unknown, rules: AddressRules): DownloadRequest {
  const request = readAs(downloadRequestSchema, objectOf(body), invalid)
  const url = URL.canParse(request.package_url) ? new URL(request.package_url) : undefined
  if (!url) throw updaterFault('VALIDATION_ERROR', 'package_url is no web address')
  if (url.username !== '' || url.password !== '') throw updaterFault('VALIDATION_ERROR', 'package_url holds a password, which would stand in every log')
  if (url.protocol === 'http:' && !rules.lab && !isPrivateHost(url.hostname)) {
    throw updaterFault('VALIDATION_ERROR', 'package_url is http, which is taken only from this computer and from private addresses', { hint: 'Use https, or start the updater with --lab' })
  }
  return request
}

export const readUpdateRequest = (body: unknown): UpdateRequest => readAs(updateRequestSchema, objectOf(body), invalid)

/** Loopback, the private ranges and the link-local ones; a name, but for localhost, may lead anywhere. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, '')
  if (host === 'localhost' || host === '::1') return true
  if (/^(fe[89ab][0-9a-f]|f[cd][0-9a-f]{2}):/.test(host)) return true
  const parts = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(host)
  if (!parts) return false
  const [first, second] = [Number(parts[1]), Number(parts[2])]
  return first === 127 || first === 10 || (first === 192 && second === 168) || (first === 172 && second >= 16 && second <= 31) || (first === 169 && second === 254)
}
