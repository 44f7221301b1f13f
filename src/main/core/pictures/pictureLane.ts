import type { CameraId } from '../../../shared/devices/ids.ts'
import { Cancelled } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { type ByteLaneEnd, maxLaneBytes } from '../../../shared/rpc/byteLane.ts'
import { encodePictureFrame } from '../../../shared/rpc/pictureFrame.ts'
import type { Picture, PictureBook } from './pictureBook.ts'

/** Below what consoles may have waiting: their bytes come first. */
const maxBufferedBytes = 256 * 1024
const lookAgainMs = 25
const maxWatches = 512

export interface PictureLane {
  watch(camera: CameraId): boolean
  unwatch(camera: CameraId): boolean
}
export interface PictureLaneDeps {
  readonly end: ByteLaneEnd
  readonly pictures: PictureBook
  readonly clock: Clock
  /** Ends with the link. */
  readonly closed: AbortSignal
}

/** Pictures to one viewer. One that does not keep up gets fewer of them, and always the newest. */
export function servePictures({ end, pictures, clock, closed }: PictureLaneDeps): PictureLane {
  const watches = new Map<CameraId, AbortController>()

  const room = async (signal: AbortSignal): Promise<void> => { while (end.bufferedBytes > maxBufferedBytes) await clock.sleep(lookAgainMs, signal) }
  const send = async (camera: CameraId, { sequence, takenAtMs, bytes }: Picture, signal: AbortSignal): Promise<void> => {
    for (let offsetBytes = 0; offsetBytes < bytes.length; offsetBytes += maxLaneBytes) {
      await room(signal)
      signal.throwIfAborted()
      end.send(encodePictureFrame({ camera, offsetBytes, sequence, takenAtMs, lengthBytes: bytes.length, piece: bytes.subarray(offsetBytes, offsetBytes + maxLaneBytes) }))
    }
  }
  const serve = async (camera: CameraId, signal: AbortSignal): Promise<void> => {
    const release = pictures.look(camera)
    try {
      for (let sent = 0; ;) {
        const waiting = await pictures.next(camera, sent, signal)
        await room(signal)
        // While this viewer was busy a newer one may have come.
        const picture = pictures.newest(camera) ?? waiting
        await send(camera, picture, signal)
        sent = picture.sequence
      }
    } finally {
      release()
    }
  }
  return {
    watch: (camera) => {
      if (watches.has(camera)) return true
      if (watches.size >= maxWatches) return false
      const stop = new AbortController()
      watches.set(camera, stop)
      serve(camera, AbortSignal.any([stop.signal, closed])).catch(() => {
        // Ended by one of the two signals, or the link died under a send.
        if (watches.get(camera) === stop) watches.delete(camera)
      })
      return true
    },
    unwatch: (camera) => {
      watches.get(camera)?.abort(new Cancelled('the viewer looks away'))
      return watches.delete(camera)
    },
  }
}
