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

/** A viewer of the last lines alone is spared what a burst leaves behind, as long as nobody else of this page wants it. */
export interface WatchWish { readonly onlyEnd?: boolean }

interface Feed {
  readonly camera: CameraId
  readonly viewers: Map<ConsoleViewer, { next: number; readonly onlyEnd: boolean }>
  /** As it was asked for. */
  onlyEnd: boolean
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
      this.#askFor(feed)
    }
  }

  detach(): void {
    this.#wire = undefined
  }

  /** Bytes from `after` on (0: everything that is kept), then live. Returns the way to stop. */
  watch(camera: CameraId, after: number, viewer: ConsoleViewer, { onlyEnd = false }: WatchWish = {}): () => void {
    const known = this.#feeds.get(camera)
    if (known) this.#join(known, after, viewer, onlyEnd)
    else {
      const feed: Feed = { camera, viewers: new Map([[viewer, { next: after, onlyEnd }]]), onlyEnd, next: after, ignoreFrom: undefined, resumedFrom: undefined }
      this.#feeds.set(camera, feed)
      this.#askFor(feed)
    }
    return () => { this.#leave(camera, viewer) }
  }

  #join(feed: Feed, after: number, viewer: ConsoleViewer, onlyEnd: boolean): void {
    feed.viewers.set(viewer, { next: after, onlyEnd })
    if (after >= feed.next && (onlyEnd || !feed.onlyEnd)) return
    feed.onlyEnd &&= onlyEnd
    // At least one byte back, by which the answer is told from what is still on its way.
    this.#goBack(feed, Math.min(after, Math.max(0, feed.next - 1)))
  }

  #goBack(feed: Feed, after: number): void {
    feed.ignoreFrom = after < feed.next ? feed.next : undefined
    feed.resumedFrom = undefined
    feed.next = after
    this.#askAgain(feed)
  }

  #leave(camera: CameraId, viewer: ConsoleViewer): void {
    const feed = this.#feeds.get(camera)
    if (!feed?.viewers.delete(viewer)) return
    if (feed.viewers.size === 0) {
      this.#feeds.delete(camera)
      this.#ask({ do: 'unwatch', camera })
    } else if (!feed.onlyEnd && [...feed.viewers.values()].every((place) => place.onlyEnd)) {
      feed.onlyEnd = true
      this.#askAgain(feed)
    }
  }

  #askAgain(feed: Feed): void {
    this.#ask({ do: 'unwatch', camera: feed.camera })
    this.#askFor(feed)
  }

  #askFor({ camera, next, onlyEnd }: Feed): void {
    this.#ask({ do: 'watch', camera, after: next, ...(onlyEnd ? { onlyEnd } : {}) })
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
