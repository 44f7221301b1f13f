import type { CameraId } from '../../../shared/devices/ids.ts'
import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { type ByteLaneEnd, encodeLaneFrame, type LaneRequest, laneRequestSchema, maxLaneBytes } from '../../../shared/rpc/byteLane.ts'
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

/** Sends consoles to one viewer. The history is the only buffer: a viewer that falls out of it is told how much it missed. */
export function serveByteLane({ end, consoleOf, clock, pictures }: LaneServerDeps): LaneServer {
  const watches = new Map<CameraId, AbortController>()
  const closed = new AbortController()
  const pictureLane = pictures && servePictures({ end, pictures, clock, closed: closed.signal })
  let ignored = 0

  const sendFrom = (console: CameraConsole, position: number): number => {
    let at = position
    while (end.bufferedBytes <= maxBufferedBytes) {
      const piece = console.read(at, maxLaneBytes)
      if (piece.skippedBytes > 0) {
        const skippedBytes = Math.min(0xffff_ffff, piece.skippedBytes)
        end.send(encodeLaneFrame({ kind: 'skipped', camera: console.cameraId, position: at, bytes: new Uint8Array(0), skippedBytes }))
      }
      if (piece.bytes.length === 0) return piece.position
      end.send(encodeLaneFrame({ kind: 'data', camera: console.cameraId, position: piece.position, bytes: piece.bytes }))
      at = piece.position + piece.bytes.length
    }
    return at
  }
  const watch = async (console: CameraConsole, after: number, signal: AbortSignal): Promise<void> => {
    // What an earlier run of this program counted further means nothing here.
    let position = after > console.end ? 0 : Math.floor(after)
    for (;;) {
      position = sendFrom(console, position)
      await console.more(position, signal)
      await clock.sleep(batchMs, signal)
    }
  }
  const handle = (request: LaneRequest): boolean => {
    const { camera } = request
    if (request.do === 'watch-picture') return pictureLane?.watch(camera) ?? false
    if (request.do === 'unwatch-picture') return pictureLane?.unwatch(camera) ?? false
    if (request.do === 'unwatch') {
      watches.get(camera)?.abort(new Cancelled('the viewer looks away'))
      return watches.delete(camera)
    }
    const console = consoleOf(camera)
    if (!console || (watches.size >= maxWatches && !watches.has(camera))) return false
    // Asking again starts again: a viewer that found a hole does so.
    watches.get(camera)?.abort(new Cancelled('watched again'))
    const stop = new AbortController()
    watches.set(camera, stop)
    watch(console, request.after, AbortSignal.any([stop.signal, closed.signal])).catch(() => {
      // Ended by one of the two signals, or the link died under a send; both end the watch and nothing else.
      if (watches.get(camera) === stop) watches.delete(camera)
    })
    return true
  }
  end.onMessage((message) => {
    const request = parseRequest(message)
    if (!request || !handle(request)) ignored += 1
  })
  const close = (): void => { closed.abort(new Cancelled('the link is closed')); watches.clear() }
  end.onClose(close)
  return { ignored: () => ignored, close }
}

function parseRequest(message: string | Uint8Array): LaneRequest | undefined {
  if (typeof message !== 'string' || message.length > maxRequestChars) return undefined
  try {
    return laneRequestSchema.safeParse(JSON.parse(message)).data
  } catch {
    // Not JSON: counted by the caller.
    return undefined
  }
}
