import type { CameraId } from '../../../shared/devices/ids.ts'
import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { bundleLaneFrames, type ByteLaneEnd, encodeLaneFrame, laneEndBytes, type LaneRequest, laneRequestSchema, maxLaneBytes, mostLaneRequests } from '../../../shared/rpc/byteLane.ts'
import type { PictureBook } from '../pictures/pictureBook.ts'
import { servePictures } from '../pictures/pictureLane.ts'
import type { CameraConsole } from './cameraConsole.ts'

/** Fast enough for an eye, slow enough that a talkative console makes 60 messages a second and not 10 000. */
const batchMs = 16
const maxBufferedBytes = 1024 * 1024
const maxRequestChars = 1024
const maxWatches = 512

export interface LaneServerDeps {
  readonly end: ByteLaneEnd
  readonly consoleOf: (camera: CameraId) => CameraConsole | undefined
  readonly clock: Clock
  /** Without them a viewer that asks for pictures gets none. */
  readonly pictures?: PictureBook
}
export interface LaneServer {
  /** Requests that made no sense. */
  ignored(): number
  /** Also done when the link closes. */
  close(): void
}

interface Watch { readonly console: CameraConsole; readonly onlyEnd: boolean; position: number; readonly stop: () => void }

/** Sends consoles to one viewer. The history is the only buffer: a viewer that falls out of it is told how much it missed. */
export function serveByteLane({ end, consoleOf, clock, pictures }: LaneServerDeps): LaneServer {
  const watches = new Map<CameraId, Watch>()
  const closed = new AbortController()
  const pictureLane = pictures && servePictures({ end, pictures, clock, closed: closed.signal })
  const bell = createBell()
  let ignored = 0
  let sentAtMs = -Infinity

  /** What this console has to say next, at most one frame of bytes. */
  const framesOf = (watch: Watch): Uint8Array[] => {
    const { console } = watch
    const piece = console.read(watch.onlyEnd ? Math.max(watch.position, console.end - laneEndBytes) : watch.position, maxLaneBytes)
    const skippedBytes = Math.min(0xffff_ffff, piece.position - watch.position)
    const frames = [
      ...(skippedBytes > 0 ? [encodeLaneFrame({ kind: 'skipped', camera: console.cameraId, position: watch.position, bytes: new Uint8Array(0), skippedBytes })] : []),
      ...(piece.bytes.length > 0 ? [encodeLaneFrame({ kind: 'data', camera: console.cameraId, position: piece.position, bytes: piece.bytes })] : []),
    ]
    watch.position = piece.position + piece.bytes.length
    return frames
  }
  const isBehind = ({ console, position }: Watch): boolean => console.end !== position
  const replay = (watch: Watch): void => {
    sentAtMs = clock.nowMs()
    while (isBehind(watch) && end.bufferedBytes <= maxBufferedBytes) for (const frame of framesOf(watch)) end.send(frame)
  }
  /** The quiet ones first and a frame of each, so that a burst of one console waits for the others and they never for it. */
  const sendNews = (): void => {
    const behind = [...watches.values()].filter(isBehind).sort((a, b) => (a.console.end - a.position) - (b.console.end - b.position))
    let bundle: Uint8Array[] = []
    let bytes = 0
    const flush = (): void => {
      if (bundle.length > 0) end.send(bundleLaneFrames(bundle))
      bundle = []
      bytes = 0
    }
    for (const watch of behind) {
      if (end.bufferedBytes + bytes > maxBufferedBytes) break
      for (const frame of framesOf(watch)) { bundle.push(frame); bytes += frame.length }
      if (bytes >= maxLaneBytes) flush()
    }
    flush()
  }
  const follow = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      // A viewer that did not take everything is asked again after a pause, news or none.
      if (![...watches.values()].some(isBehind)) await bell.next(signal)
      // After a silence at once, with what comes in the same turn of the loop.
      await clock.sleep(Math.max(0, sentAtMs + batchMs - clock.nowMs()), signal)
      sentAtMs = clock.nowMs()
      sendNews()
    }
  }
  // It ends with the link: by its signal, or because the link died under a send.
  follow(closed.signal).catch(() => { close() })

  const leave = (camera: CameraId): boolean => {
    watches.get(camera)?.stop()
    return watches.delete(camera)
  }
  const handle = (request: LaneRequest): boolean => {
    const { camera } = request
    if (request.do === 'watch-picture') return pictureLane?.watch(camera) ?? false
    if (request.do === 'unwatch-picture') return pictureLane?.unwatch(camera) ?? false
    if (request.do === 'unwatch') return leave(camera)
    const console = consoleOf(camera)
    if (!console || (watches.size >= maxWatches && !watches.has(camera))) return false
    // Asking again starts again: a viewer that found a hole does so.
    leave(camera)
    // What an earlier run of this program counted further means nothing here.
    const watch: Watch = { console, onlyEnd: request.onlyEnd === true, position: request.after > console.end ? 0 : Math.floor(request.after), stop: console.listen(bell.ring) }
    watches.set(camera, watch)
    try {
      replay(watch)
      bell.ring()
    } catch {
      // The link died under a send, which ends it for every console.
      close()
    }
    return true
  }
  end.onMessage((message) => {
    for (const request of parseRequests(message)) if (!request || !handle(request)) ignored += 1
  })
  const close = (): void => {
    closed.abort(new Cancelled('the link is closed'))
    for (const camera of [...watches.keys()]) leave(camera)
  }
  end.onClose(close)
  return { ignored: () => ignored, close }
}

function parseRequests(message: string | Uint8Array): readonly (LaneRequest | undefined)[] {
  if (typeof message !== 'string' || message.length > mostLaneRequests * (maxRequestChars + 1)) return [undefined]
  const lines = message.split('\n')
  return lines.length > mostLaneRequests ? [undefined] : lines.map(parseRequest)
}

function parseRequest(text: string): LaneRequest | undefined {
  if (text.length > maxRequestChars) return undefined
  try {
    return laneRequestSchema.safeParse(JSON.parse(text)).data
  } catch {
    // Not JSON: counted by the caller.
    return undefined
  }
}
