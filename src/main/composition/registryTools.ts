import { mostImageBytes } from '../core/ota/registry/productProfiles.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { orAborted, whenAborted } from '../../shared/lifecycle/signals.ts'
import { withDeadline } from '../../shared/lifecycle/clock.ts'
import { hashHex } from '../drivers/host/randomness.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { exchangeOverHttp } from '../drivers/http/httpExchange.ts'
import { openRegistryDoor } from '../drivers/http/registryDoor.ts'
import { readWhole } from '../drivers/profiles/wholeFile.ts'
import { firmwareFile } from '../drivers/storage/registry/firmwareFolder.ts'
import { openAudit } from './auditDesk.ts'
import { readGivenText } from './givenFile.ts'
import { type OpenRegistry, openRegistry, sourceOf } from './registryDesk.ts'

export interface RegistryPlaceOnDisk {
  readonly folder: string
  /** Its audit log says who uploaded, published and withdrew. */
  readonly dataFolder: string
  readonly log: (line: string) => void
}

export interface RegistryServeOptions extends RegistryPlaceOnDisk {
  readonly address: string
  readonly port: number
  readonly token: string | undefined
  readonly ready: (url: string, registry: OpenRegistry) => void
}

const uploadLimitMs = 120_000

/** One registry for one command. */
async function withRegistry<T>({ folder, dataFolder, log }: RegistryPlaceOnDisk, work: (registry: OpenRegistry) => Promise<T>): Promise<T> {
  const clock = createSystemClock()
  const audit = openAudit({ dataFolder, host: 'cli', log }, clock)
  try {
    const registry = await openRegistry({ folder, clock, audit, who: 'cli', log })
    try {
      return await work(registry)
    } finally {
      registry.close()
    }
  } finally {
    audit.close()
  }
}

/** Serves nodes until the signal aborts. What lies in the folder is looked at first; nothing in it that cannot be used stops it. */
async function serve(options: RegistryServeOptions, signal: AbortSignal): Promise<void> {
  await withRegistry(options, async (registry) => {
    await registry.scanFolder(signal)
    const { address, port, token, log, ready } = options
    const door = await openRegistryDoor({ source: sourceOf(registry), clock: createSystemClock(), address, port, token, log })
    try {
      ready(door.url, registry)
      await whenAborted(signal).promise.catch(() => undefined)
    } finally {
      await door.close()
    }
  })
}

export interface UploadElsewhere {
  readonly url: string
  readonly path: string
  readonly version: string
  /** Absent: the first channel of the first product. */
  readonly place?: { readonly product: string; readonly channel: string } | undefined
  readonly token: string | undefined
}

/** To a registry that runs elsewhere. Kept is what it says it has, by the hash. */
async function send({ url, path, version, place, token }: UploadElsewhere, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  const body = await orAborted(readWhole(path, mostImageBytes), signal)
  if (!body) throw new WorkbenchError('input/not-found', `${path} cannot be read: it is not there`)
  const wire = place ? `/api/v1/products/${place.product}/channels/${place.channel}/firmware/upload` : '/api/v1/firmware/upload'
  const target = URL.canParse(wire, url) ? new URL(wire, url) : undefined
  if (target?.protocol !== 'http:') throw new WorkbenchError('input/malformed', `"${url.slice(0, 80)}" is no address of a registry`, { hint: 'As in http://127.0.0.1:8080' })
  const sha256 = hashHex('sha256', body)
  target.searchParams.set('version', version)
  target.searchParams.set('sha256', sha256)
  const answer = await withDeadline(createSystemClock(), uploadLimitMs, 'the upload', signal, async (within) => exchangeOverHttp({
    method: 'POST', url: target, body, headers: { 'content-type': 'application/octet-stream', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  }, within).catch((cause: unknown) => {
    if (within.aborted) throw cause
    throw new WorkbenchError('link/unreachable', `No registry answers at ${target.host}`, { cause, hint: 'Is it running, and is that its port?' })
  }))
  const said = wordsOf(answer.body)
  if (answer.status === 200) {
    if (said['status'] !== 'ok' || said['sha256'] !== sha256) throw new WorkbenchError('link/garbled', `What answers at ${target.host} does not say that it has the image`, { hint: 'Is it a registry? Ask it: GET /api/v1/firmware/latest' })
    return said
  }
  if (answer.status >= 300 && answer.status < 400) throw new WorkbenchError('link/garbled', `What answers at ${target.host} sends on elsewhere (HTTP ${answer.status}), and that is not followed`, { context: { status: answer.status }, hint: 'Name that registry itself if it is the right one; the token was sent to nobody else' })
  const why = typeof said['error'] === 'string' ? said['error'].slice(0, 300) : `HTTP ${answer.status}`
  throw new WorkbenchError(answer.status === 409 ? 'input/conflict' : answer.status === 413 ? 'input/too-large' : answer.status === 401 || answer.status === 403 ? 'host/no-permission' : answer.status >= 500 ? 'host/io' : 'input/malformed', `The registry refused it: ${why}`, { context: { status: answer.status } })
}

function wordsOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const said: unknown = JSON.parse(new TextDecoder().decode(body))
    return typeof said === 'object' && said !== null ? said as Readonly<Record<string, unknown>> : {}
  } catch {
    return {} // another server's page
  }
}

async function readToken(path: string): Promise<string> {
  return (await readGivenText(path, 'It holds the token and nothing else')).trim()
}

export const registryTools = { withRegistry, serve, send, readToken, firmwareFile }
export type RegistryTools = typeof registryTools
