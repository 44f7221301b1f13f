import type { ByteLaneEnd } from './byteLane.ts'

/** What a message port of the desktop host offers. */
export interface LanePort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
}

/**
 * The workbench's end of a console lane over a message port. A port does not tell how much waits in it, so the page answers each frame
 * with the number of bytes it has taken.
 */
export function createPortLaneEnd(port: LanePort): ByteLaneEnd {
  let waitingBytes = 0
  return {
    send: (message) => { waitingBytes += message.length; port.postMessage(message) },
    get bufferedBytes() { return waitingBytes },
    onMessage: (listener) => {
      port.on('message', ({ data }) => {
        if (typeof data === 'number' && data > 0) waitingBytes = Math.max(0, waitingBytes - data)
        else if (typeof data === 'string') listener(data)
      })
    },
    onClose: (listener) => { port.on('close', listener) },
  }
}

/** The page's end: a frame out of a message, and the answer to it. */
export function takeLaneFrame(data: unknown, answer: (takenBytes: number) => void): Uint8Array | undefined {
  const frame = data instanceof ArrayBuffer ? new Uint8Array(data) : data
  if (!(frame instanceof Uint8Array)) return undefined
  answer(frame.length)
  return frame
}
