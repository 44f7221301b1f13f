import type { CameraId } from '../../shared/devices/ids.ts'
import type { LaneRequest } from '../../shared/rpc/byteLane.ts'
import { parsePictureFrame } from '../../shared/rpc/pictureFrame.ts'
import type { LaneWire } from './consoleLane.ts'

export interface ShownPicture {
  readonly takenAtMs: number
  readonly jpeg: Uint8Array<ArrayBuffer>
}

interface Feed {
  readonly camera: CameraId
  readonly viewers: Set<(picture: ShownPicture) => void>
  newest: ShownPicture | undefined
  arriving: { readonly sequence: number; readonly bytes: Uint8Array<ArrayBuffer>; filled: number } | undefined
}

/** Pictures of many cameras over one carrier. Each camera is asked for once, and only while somebody looks. */
export class PictureLane {
  readonly #feeds = new Map<string, Feed>()
  #wire: LaneWire | undefined

  attach(wire: LaneWire): void {
    this.#wire = wire
    wire.onFrame((frame) => { if (this.#wire === wire) this.#receive(frame) })
    for (const feed of this.#feeds.values()) {
      feed.arriving = undefined
      this.#ask({ do: 'watch-picture', camera: feed.camera })
    }
  }

  detach(): void {
    this.#wire = undefined
  }

  /** The newest that is known, then each that comes. Returns the way to stop. */
  watch(camera: CameraId, viewer: (picture: ShownPicture) => void): () => void {
    const feed: Feed = this.#feeds.get(camera) ?? { camera, viewers: new Set(), newest: undefined, arriving: undefined }
    if (!this.#feeds.has(camera)) {
      this.#feeds.set(camera, feed)
      this.#ask({ do: 'watch-picture', camera })
    }
    feed.viewers.add(viewer)
    if (feed.newest) viewer(feed.newest)
    return () => {
      if (!feed.viewers.delete(viewer) || feed.viewers.size > 0) return
      this.#feeds.delete(camera)
      this.#ask({ do: 'unwatch-picture', camera })
    }
  }

  #ask(request: LaneRequest): void {
    // Without a carrier nothing is lost: `attach` asks for every feed.
    this.#wire?.send(JSON.stringify(request))
  }

  #receive(whole: Uint8Array): void {
    const frame = parsePictureFrame(whole)
    const feed = frame && this.#feeds.get(frame.camera)
    if (!frame || !feed) return
    if (frame.offsetBytes === 0) feed.arriving = { sequence: frame.sequence, bytes: new Uint8Array(frame.lengthBytes), filled: 0 }
    const { arriving } = feed
    // A piece that does not go on where the last one ended belongs to a picture that is lost; the next one begins anew.
    if (arriving?.sequence !== frame.sequence || arriving.filled !== frame.offsetBytes || arriving.bytes.length !== frame.lengthBytes) { feed.arriving = undefined; return }
    arriving.bytes.set(frame.piece, frame.offsetBytes)
    arriving.filled += frame.piece.length
    if (arriving.filled < arriving.bytes.length) return
    feed.arriving = undefined
    feed.newest = { takenAtMs: frame.takenAtMs, jpeg: arriving.bytes }
    for (const viewer of feed.viewers) viewer(feed.newest)
  }
}
