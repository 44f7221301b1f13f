import { type LaneFrame, type LaneRequest, unbundleLaneFrames } from '../../shared/rpc/byteLane.ts'
import type { CameraId } from '../../shared/devices/ids.ts'

/** The carrier of one connection: frames in, requests out. */
export interface LaneWire {
  send(message: string): void
  onFrame(listener: (frame: Uint8Array) => void): void
}

export interface ConsoleViewer {
  onBytes(bytes: Uint8Array, position: number): void
  /** These bytes will never come: the viewer was too slow, or they are older than what is kept. */
  onSkipped(count: number): void
}

interface Feed {
  readonly camera: CameraId
  readonly viewers: Map<ConsoleViewer, { next: number }>
  /** Position after the last byte that came; what a new connection asks for. */
  next: number
  /** After going back: frames at or beyond this position were sent before our question and would look like a hole. */
  ignoreFrom: number | undefined
  /** What a new connection was asked for, until its first frame. */
  resumedFrom: number | undefined
}

/**
 * Console bytes of many cameras over one carrier. Each camera is asked for once, whatever the number of its viewers; a new
 * viewer that wants older bytes makes the lane ask again from there, and the others never see a byte twice.
 */
export class ConsoleLane {
  readonly #feeds = new Map<string, Feed>()
  #wire: LaneWire | undefined

  attach(wire: LaneWire): void {
    this.#wire = wire
    wire.onFrame((frame) => { if (this.#wire === wire) for (const each of unbundleLaneFrames(frame)) this.#receive(each) })
    for (const feed of this.#feeds.values()) {
      feed.ignoreFrom = undefined
      feed.resumedFrom = feed.next
      this.#ask({ do: 'watch', camera: feed.camera, after: feed.next })
    }
  }

  detach(): void {
    this.#wire = undefined
  }

  /** Bytes from `after` on (0: everything that is kept), then live. Returns the way to stop. */
  watch(camera: CameraId, after: number, viewer: ConsoleViewer): () => void {
    const known = this.#feeds.get(camera)
    if (known) this.#join(known, after, viewer)
    else {
      this.#feeds.set(camera, { camera, viewers: new Map([[viewer, { next: after }]]), next: after, ignoreFrom: undefined, resumedFrom: undefined })
      this.#ask({ do: 'watch', camera, after })
    }
    return () => { this.#leave(camera, viewer) }
  }

  #join(feed: Feed, after: number, viewer: ConsoleViewer): void {
    feed.viewers.set(viewer, { next: after })
    if (after >= feed.next) return
    feed.ignoreFrom = feed.next
    feed.resumedFrom = undefined
    feed.next = after
    this.#ask({ do: 'unwatch', camera: feed.camera })
    this.#ask({ do: 'watch', camera: feed.camera, after })
  }

  #leave(camera: CameraId, viewer: ConsoleViewer): void {
    const feed = this.#feeds.get(camera)
    if (!feed?.viewers.delete(viewer) || feed.viewers.size > 0) return
    this.#feeds.delete(camera)
    this.#ask({ do: 'unwatch', camera })
  }

  #ask(request: LaneRequest): void {
    // Without a carrier nothing is lost: `attach` asks for every feed.
    this.#wire?.send(JSON.stringify(request))
  }

  #receive(frame: LaneFrame): void {
    const feed = this.#feeds.get(frame.camera)
    if (!feed) return
    const end = frame.position + (frame.kind === 'data' ? frame.bytes.length : frame.skippedBytes)
    if (feed.ignoreFrom !== undefined) {
      if (frame.position >= feed.ignoreFrom) return
      feed.ignoreFrom = undefined
    }
    if (feed.resumedFrom !== undefined && frame.position < feed.resumedFrom) {
      // Before what was asked for: the workbench was started again and its history counts anew.
      feed.next = frame.position
      for (const place of feed.viewers.values()) place.next = frame.position
    }
    feed.resumedFrom = undefined
    feed.next = Math.max(feed.next, end)
    for (const [viewer, place] of feed.viewers) {
      if (end <= place.next) continue
      const from = Math.max(0, place.next - frame.position)
      place.next = end
      if (frame.kind === 'skipped') viewer.onSkipped(frame.skippedBytes - from)
      else viewer.onBytes(frame.bytes.subarray(from), frame.position + from)
    }
  }
}
