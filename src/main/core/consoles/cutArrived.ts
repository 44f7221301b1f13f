import type { Arrival, Arrived } from '../../../shared/devices/transport.ts'

/** In pieces of at most so many bytes; each keeps the times of what is in it. */
export function cutArrived(whole: Arrived, maxBytes: number): Arrived[] {
  if (whole.bytes.length <= maxBytes) return [whole]
  const pieces: Arrived[] = []
  let [next, used] = [0, 0]
  for (let at = 0; at < whole.bytes.length; at += maxBytes) {
    const bytes = whole.bytes.subarray(at, at + maxBytes)
    const arrivals: Arrival[] = []
    for (let missing = bytes.length; missing > 0;) {
      const arrival = whole.arrivals[next]
      if (!arrival) break
      const lengthBytes = Math.min(missing, arrival.lengthBytes - used)
      arrivals.push({ lengthBytes, atMs: arrival.atMs })
      missing -= lengthBytes
      used += lengthBytes
      if (used === arrival.lengthBytes) { next += 1; used = 0 }
    }
    pieces.push({ bytes, arrivals })
  }
  return pieces
}
