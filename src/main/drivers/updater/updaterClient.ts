import { z } from 'zod'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { type DownloadRequest, type UpdaterAnswer, updaterAnswerSchema, type UpdaterProgress, type UpdaterVersions, updaterVersionsSchema } from '../../../shared/ota/updater.schema.ts'
import { reasonOf } from '../errors/reasonOf.ts'
import { shown } from '../errors/shown.ts'

const answerLimitMs = 10_000
const mostAnswerBytes = 64 * 1024

/** A real updater, or ours, on port 12315 of an appliance. */
export interface UpdaterClient {
  readonly label: string
  /** Accepted, or `input/conflict`, `input/not-found`, `input/malformed`, `device/refused` with the updater's own words. */
  download(request: DownloadRequest, signal: AbortSignal): Promise<void>
  update(version: string, signal: AbortSignal): Promise<void>
  /** Back to the version before; `input/not-found` where it is another one, or where the updater does not know how. */
  goBack(version: string, signal: AbortSignal): Promise<void>
  /** `undefined` of an updater that does not tell. */
  versions(signal: AbortSignal): Promise<UpdaterVersions | undefined>
  progress(signal: AbortSignal): Promise<UpdaterProgress>
}

export function createUpdaterClient({ url, fetch, clock }: { readonly url: URL; readonly fetch: typeof globalThis.fetch; readonly clock: Clock }): UpdaterClient {
  const label = `the updater at ${url.host}`
  const askText = async (path: string, body: object | undefined, parent: AbortSignal): Promise<string> => withDeadline(clock, answerLimitMs, `An answer of ${label}`, parent, async (signal) => {
    const response = await fetch(new URL(path, url), {
      signal, redirect: 'manual', ...(body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    }).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw new WorkbenchError('link/unreachable', `${label} cannot be reached: ${reasonOf(cause)}`, { cause, hint: 'Is it on, and does its updater run?' })
    })
    // An order for one appliance is not for the one that it points to.
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel()
      throw new WorkbenchError('link/garbled', `${label} sends on to ${shown(response.headers.get('location') ?? 'somewhere', 200)}, and that is not followed`, { context: { status: response.status }, hint: 'Name that address itself if it is the right one' })
    }
    return bounded(response)
  })
  const ask = async (path: string, body: object | undefined, signal: AbortSignal): Promise<UpdaterAnswer> => answerIn(await askText(`/api/v1.0/${path}`, body, signal), label)
  const must = async (path: string, body: object, signal: AbortSignal): Promise<void> => {
    const { code, msg } = await ask(path, body, signal)
    if (code !== 200) throw refused(code, msg, label)
  }
  return {
    label,
    download: async (request, signal) => must('download', request, signal),
    update: async (version, signal) => must('update', { version }, signal),
    goBack: async (version, signal) => must('rollback', { version }, signal),
    versions: async (signal) => versionsIn(await askText('/', undefined, signal)),
    progress: async (signal) => {
      const { code, msg, data } = await ask('progress', undefined, signal)
      // Of a failed update the code is 500, and the stage stands beside it all the same.
      if (!data) throw refused(code, msg, label)
      return data
    },
  }
}

const byCode = { 400: 'input/malformed', 404: 'input/not-found', 409: 'input/conflict', 410: 'input/conflict' } as const

const refused = (code: number, msg: string, label: string): WorkbenchError =>
  new WorkbenchError(code === 400 || code === 404 || code === 409 || code === 410 ? byCode[code] : 'device/refused', `${label} refused it with ${code}: ${shown(msg, 1000)}`, { context: { code } })

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    if (bytes > mostAnswerBytes) throw new WorkbenchError('link/garbled', 'The answer is longer than any updater gives')
    parts.push(piece)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** What is no such answer is of an updater that does not tell; whether it is one at all, its progress shows. */
function versionsIn(text: string): UpdaterVersions | undefined {
  try {
    return z.object({ versions: updaterVersionsSchema }).parse(JSON.parse(text)).versions
  } catch {
    return undefined
  }
}

function answerIn(text: string, label: string): UpdaterAnswer {
  try {
    return updaterAnswerSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new WorkbenchError('link/garbled', `${label} answers with something that no updater says: ${shown(text)}`, { cause, hint: 'Check the address; the port is 12315' })
  }
}
