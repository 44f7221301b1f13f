/** A few slices of a frame's time; the terminal itself yields between two slices, never inside one. */
const sliceBytes = 4 * 1024
const frameBytes = 64 * 1024
/** More than the workbench keeps of a console would never be read. */
const maxWaitingBytes = 1024 * 1024

export interface PacedWriterDeps {
  /** Calls back when the slice is drawn. */
  readonly write: (slice: Uint8Array, done: () => void) => void
  readonly nextFrame: (work: () => void) => void
  /** So many bytes will not be drawn; what follows is written after this. */
  readonly onSkipped: (count: number) => void
}
export interface PacedWriter {
  push(bytes: Uint8Array): void
  readonly waitingBytes: number
  close(): void
}

/** However fast a console talks, a frame draws a bounded part of it. What falls behind is skipped from its old end, and counted. */
export function createPacedWriter({ write, nextFrame, onSkipped }: PacedWriterDeps): PacedWriter {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let skipped = 0
  let drawing = 0
  let isAsked = false
  let isClosed = false

  const take = (): Uint8Array | undefined => {
    const [first] = waiting
    if (!first) return undefined
    const slice = first.subarray(0, sliceBytes)
    if (slice.length === first.length) waiting.shift()
    else waiting[0] = first.subarray(sliceBytes)
    waitingBytes -= slice.length
    return slice
  }
  const ask = (): void => {
    if (isAsked || isClosed || waitingBytes === 0) return
    isAsked = true
    nextFrame(draw)
  }
  const draw = (): void => {
    isAsked = false
    // A terminal that is not done with the last frame gets nothing more on top.
    if (isClosed || drawing > 0) return
    if (skipped > 0) {
      onSkipped(skipped)
      skipped = 0
    }
    for (let drawn = 0; drawn < frameBytes && waitingBytes > 0;) {
      const slice = take()
      if (!slice) break
      drawn += slice.length
      drawing += 1
      write(slice, () => { drawing -= 1; if (drawing === 0) ask() })
    }
    if (drawing === 0) ask()
  }
  /** The newest of it is what somebody wants to read. */
  const skip = (): void => {
    const kept: Uint8Array[] = []
    let keptBytes = 0
    while (keptBytes < frameBytes) {
      const last = waiting.pop()
      if (!last) break
      const part = last.subarray(Math.max(0, last.length - (frameBytes - keptBytes)))
      kept.unshift(part)
      keptBytes += part.length
    }
    skipped += waitingBytes - keptBytes
    waiting = kept
    waitingBytes = keptBytes
  }
  return {
    push: (bytes) => {
      if (isClosed || bytes.length === 0) return
      waiting.push(bytes)
      waitingBytes += bytes.length
      if (waitingBytes > maxWaitingBytes) skip()
      if (drawing === 0) ask()
    },
    get waitingBytes() { return waitingBytes },
    close: () => { isClosed = true; waiting = []; waitingBytes = 0 },
  }
}
