import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const lookEveryMs = 10
const mostGarbageBytes = 4 * 1024 * 1024
const mostOldBytes = 8 * 1024 * 1024

/**
 * For a service on a small computer: by itself the engine lets some 64 MB of used-up buffers gather before it takes them back, keeps what
 * its start needed, and makes three times 16 MB of room for young objects. A young collection costs about a millisecond.
 */
export function keepMemorySmall(signal: AbortSignal): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' | 'major' }) => void
  collect({ type: 'major' })
  let floorBytes = held()
  const timer = setInterval(() => {
    floorBytes = Math.min(floorBytes, held())
    if (held() < floorBytes + mostGarbageBytes) return
    collect({ type: 'minor' })
    // What a young collection finds in use twice grows old, and only a whole one takes it back.
    if (held() > mostOldBytes) collect({ type: 'major' })
    floorBytes = held()
  }, lookEveryMs)
  timer.unref()
  signal.addEventListener('abort', () => { clearInterval(timer) }, { once: true })
}

const held = (): number => process.memoryUsage().arrayBuffers
