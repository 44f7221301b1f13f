import type { CameraId } from '../../../shared/devices/ids.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Bell, createBell } from '../../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { PictureView } from '../../../shared/pictures/pictures.schema.ts'
import { checkJpeg } from '../../protocols/jpeg/parser.ts'

export interface Picture {
  /** Grows with every picture of a camera. */
  readonly sequence: number
  readonly takenAtMs: number
  readonly bytes: Uint8Array
}

/** Rejects in words; never gives more than a picture may have. */
export type FetchPicture = (url: string, signal: AbortSignal) => Promise<Uint8Array>

export interface PictureBook {
  /** Another address forgets what came from the old one; `undefined` is a camera without pictures. */
  setUrl(camera: CameraId, url: string | undefined): void
  view(camera: CameraId): PictureView | undefined
  /** Asks the camera from now on until it is released as often. */
  look(camera: CameraId): () => void
  newest(camera: CameraId): Picture | undefined
  /** One with a higher sequence than this, now or when it comes. */
  next(camera: CameraId, after: number, signal: AbortSignal): Promise<Picture>
  /** There is reason to believe that it answers now. */
  wake(camera: CameraId): void
  close(): void
}

export interface PictureBookDeps {
  readonly clock: Clock
  readonly fetch: FetchPicture
  readonly log: (line: string) => void
}

const everyMs = 2_000
const longestPauseMs = 60_000
const limitMs = 4_000
const atOnce = 8
/** Of pictures that nobody looks at now; the next look begins with them. */
const keptBytes = 32 * 1024 * 1024

interface Entry {
  url: string | undefined
  lookers: number
  dueAtMs: number
  failures: number
  note: string
  next: string
  picture: Picture | undefined
  readonly news: Bell
  readonly woken: Bell
  polling: AbortController | undefined
  asking: AbortController | undefined
}

/** Pictures of the cameras that somebody looks at, and of no others: the newest of each. */
export function createPictureBook({ clock, fetch, log }: PictureBookDeps): PictureBook {
  const entries = new Map<CameraId, Entry>()
  const slotFree = createBell()
  let busy = 0
  let sequence = 0

  const entryOf = (camera: CameraId): Entry => {
    const known = entries.get(camera)
    if (known) return known
    const made: Entry = { url: undefined, lookers: 0, dueAtMs: 0, failures: 0, note: '', next: '', picture: undefined, news: createBell(), woken: createBell(), polling: undefined, asking: undefined }
    entries.set(camera, made)
    return made
  }
  const inSlot = async (signal: AbortSignal, work: () => Promise<void>): Promise<void> => {
    while (busy >= atOnce) await slotFree.next(signal)
    busy += 1
    try {
      await work()
    } finally {
      busy -= 1
      slotFree.ring()
    }
  }
  const take = async (entry: Entry, url: string, signal: AbortSignal): Promise<void> => {
    const asking = new AbortController()
    entry.asking = asking
    try {
      const bytes = await withDeadline(clock, limitMs, 'picture', AbortSignal.any([signal, asking.signal]), async (within) => fetch(url, within))
      signal.throwIfAborted()
      const found = checkJpeg(bytes)
      if (!found.ok) throw new WorkbenchError('link/garbled', `What came is no picture: ${found.why}`, { hint: 'Open the address in a browser, and look whether a JPEG comes' })
      sequence += 1
      entry.picture = { sequence, takenAtMs: clock.wallMs(), bytes: bytes.subarray(0, found.lengthBytes) }
      entry.failures = 0
      entry.note = ''
      entry.next = ''
      entry.dueAtMs = clock.nowMs() + everyMs
      forgetOld(entries)
      entry.news.ring()
    } catch (error) {
      if (signal.aborted) throw error
      // It has booted meanwhile: that it did not answer before says nothing.
      if (asking.signal.aborted) { entry.dueAtMs = clock.nowMs(); return }
      if (!(error instanceof WorkbenchError)) log(`picture of ${url}: ${String(error)}`)
      entry.failures += 1
      entry.note = wordsOf(error)
      entry.next = error instanceof WorkbenchError && error.code !== 'link/timeout' ? error.hint ?? '' : 'Is it booted, and is the address right?'
      entry.dueAtMs = clock.nowMs() + Math.min(longestPauseMs, everyMs * 2 ** Math.min(10, entry.failures))
    } finally {
      entry.asking = undefined
    }
  }
  const poll = async (entry: Entry, url: string, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const woken = entry.woken.next(signal)
      woken.catch(() => undefined)
      const pause = new AbortController()
      const waitMs = Math.max(0, entry.dueAtMs - clock.nowMs())
      // Sleeping for nothing still lets others run, so that this loop can never hold the process.
      await Promise.race([woken, clock.sleep(waitMs, AbortSignal.any([signal, pause.signal]))]).finally(() => { pause.abort(new Cancelled('woken')) })
      await inSlot(signal, async () => take(entry, url, signal))
    }
  }
  const start = (entry: Entry): void => {
    const { url } = entry
    if (url === undefined || entry.lookers === 0 || entry.polling) return
    const polling = new AbortController()
    entry.polling = polling
    poll(entry, url, polling.signal).catch((error: unknown) => { if (!polling.signal.aborted) log(`pictures of ${url} stopped: ${String(error)}`) })
  }
  const stop = (entry: Entry): void => { entry.polling?.abort(new Cancelled('nobody looks')); entry.polling = undefined }

  return {
    setUrl: (camera, url) => {
      const entry = entryOf(camera)
      if (entry.url === url) return
      stop(entry)
      Object.assign(entry, { url, dueAtMs: 0, failures: 0, note: '', next: '', picture: undefined })
      if (url === undefined && entry.lookers === 0) entries.delete(camera)
      start(entry)
    },
    view: (camera) => {
      const entry = entries.get(camera)
      return entry?.url === undefined ? undefined : { url: entry.url, note: entry.note, ...(entry.next === '' ? {} : { next: entry.next }) }
    },
    look: (camera) => {
      const entry = entryOf(camera)
      entry.lookers += 1
      start(entry)
      let released = false
      return () => {
        if (released) return
        released = true
        entry.lookers -= 1
        if (entry.lookers > 0) return
        stop(entry)
        if (entry.url === undefined) entries.delete(camera)
        else forgetOld(entries)
      }
    },
    newest: (camera) => entries.get(camera)?.picture,
    next: async (camera, after, signal) => {
      for (;;) {
        const entry = entryOf(camera)
        const news = entry.news.next(signal)
        news.catch(() => undefined)
        if (entry.picture && entry.picture.sequence > after) return entry.picture
        await news
      }
    },
    wake: (camera) => {
      const entry = entries.get(camera)
      if (!entry) return
      entry.dueAtMs = 0
      entry.woken.ring()
      entry.asking?.abort(new Cancelled('asked anew'))
    },
    close: () => {
      for (const entry of entries.values()) stop(entry)
      entries.clear()
    },
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof WorkbenchError)) return 'The picture could not be fetched; the log has the details'
  return error.code === 'link/timeout' ? `The camera does not answer within ${limitMs / 1000} s` : error.message
}

/** Pictures that nobody looks at go first, the oldest before the others. */
function forgetOld(entries: ReadonlyMap<CameraId, Entry>): void {
  const idle = [...entries.values()].filter(({ lookers, picture }) => lookers === 0 && picture).sort((a, b) => (b.picture?.takenAtMs ?? 0) - (a.picture?.takenAtMs ?? 0))
  let bytes = 0
  for (const entry of idle) {
    bytes += entry.picture?.bytes.length ?? 0
    if (bytes > keptBytes) entry.picture = undefined
  }
}
