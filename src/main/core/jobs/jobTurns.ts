import type { CameraId } from '../../../shared/devices/ids.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'

/** Who works when: many jobs are asked for at once, and begin as there is room. */
export interface JobTurns {
  /** Resolves when the job of that camera may begin; what it gives is called when it has ended. Rejects with the signal's reason. */
  take(camera: CameraId, signal: AbortSignal): Promise<() => void>
}

export interface JobTurnsDeps {
  readonly clock: Pick<Clock, 'nowMs' | 'sleep'>
  /** What feeds a camera together with others; `undefined` for a supply of its own. */
  readonly supplyOf: (camera: CameraId) => string | undefined
  readonly inAll?: number | undefined
  readonly perSupply?: number
  readonly staggerMs?: number
}

interface Waiting { readonly supply: string | undefined; readonly begin: () => void }

/** What eight restores need of this computer was measured; cameras that start together draw more than a switch can give. */
export function createJobTurns({ clock, supplyOf, inAll = 8, perSupply = 4, staggerMs = 300 }: JobTurnsDeps): JobTurns {
  const waiting = new Set<Waiting>()
  const onSupply = new Map<string, number>()
  const begunAtMs = new Map<string, number>()
  let running = 0
  let timer: AbortController | undefined

  /** 0: at once. Infinity: not before another one has ended. */
  const waitMs = (supply: string | undefined): number => {
    if (running >= inAll) return Infinity
    if (supply === undefined) return 0
    if ((onSupply.get(supply) ?? 0) >= perSupply) return Infinity
    return Math.max(0, (begunAtMs.get(supply) ?? -Infinity) + staggerMs - clock.nowMs())
  }
  const begin = (one: Waiting): void => {
    waiting.delete(one)
    running += 1
    if (one.supply !== undefined) {
      onSupply.set(one.supply, (onSupply.get(one.supply) ?? 0) + 1)
      begunAtMs.set(one.supply, clock.nowMs())
    }
    one.begin()
  }
  /** In the order asked; one that waits for its supply holds up nobody on another. */
  const look = (): void => {
    timer?.abort()
    timer = undefined
    let soonestMs = Infinity
    for (const one of [...waiting]) {
      const ms = waitMs(one.supply)
      if (ms === 0) begin(one)
      else soonestMs = Math.min(soonestMs, ms)
    }
    if (soonestMs === Infinity) return
    const mine = new AbortController()
    timer = mine
    clock.sleep(soonestMs, mine.signal).then(look, () => undefined)
  }
  const end = (supply: string | undefined): void => {
    running -= 1
    if (supply !== undefined) onSupply.set(supply, (onSupply.get(supply) ?? 1) - 1)
    look()
  }
  return {
    take: async (camera, signal) => {
      signal.throwIfAborted()
      const supply = supplyOf(camera)
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(one)
          look()
          reject(signal.reason as Error)
        }
        const one: Waiting = { supply, begin: () => { signal.removeEventListener('abort', leave); resolve() } }
        signal.addEventListener('abort', leave, { once: true })
        waiting.add(one)
        look()
      })
      let isOver = false
      return () => { if (!isOver) { isOver = true; end(supply) } }
    },
  }
}
