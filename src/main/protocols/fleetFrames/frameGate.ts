/** Follows the frames of an MQTT stream without keeping any of it. */
export interface FrameGate {
  /** False as soon as a frame announces more than is allowed, or a length that is none; then nothing of it may be passed on. */
  admit(chunk: Uint8Array): boolean
}

/** A length is at most four bytes of seven bits. */
const mostLengthBytes = 4

/** A broker gathers a frame before it looks at it, and a frame may announce 256 MB; this says so before anything is gathered. */
export function createFrameGate(mostFrameBytes: number): FrameGate {
  let expects: 'type' | 'length' | 'body' | 'nothing' = 'type'
  let length = 0
  let lengthBytes = 0
  let left = 0
  const takeLength = (byte: number): void => {
    length += (byte & 0x7f) * 128 ** lengthBytes
    lengthBytes += 1
    if (byte >= 0x80) { if (lengthBytes === mostLengthBytes) expects = 'nothing'; return }
    if (length > mostFrameBytes) { expects = 'nothing'; return }
    left = length
    expects = left === 0 ? 'type' : 'body'
  }
  return {
    admit: (chunk) => {
      for (let at = 0; at < chunk.length;) {
        if (expects === 'nothing') return false
        if (expects === 'body') {
          const taken = Math.min(left, chunk.length - at)
          left -= taken
          at += taken
          if (left === 0) expects = 'type'
          continue
        }
        if (expects === 'type') { expects = 'length'; length = 0; lengthBytes = 0 } else takeLength(chunk[at] ?? 0)
        at += 1
      }
      return expects !== 'nothing'
    },
  }
}
