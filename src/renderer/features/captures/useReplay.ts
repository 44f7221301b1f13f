import { computed, type ComputedRef, onScopeDispose, ref, type Ref } from 'vue'
import type { SessionWindow } from './useSessionWindow.ts'

export const speeds = [1, 4, 16, 'max'] as const
export type Speed = (typeof speeds)[number]
const tickMs = 50
/** With silences cut, what lies between two words takes at most this long. */
const silenceMs = 1_000

export interface Replay {
  /** Nothing later is shown; `undefined` shows everything. */
  readonly playheadMs: Readonly<Ref<number | undefined>>
  readonly playing: Readonly<Ref<boolean>>
  readonly speed: Readonly<Ref<Speed>>
  readonly skipsSilence: Readonly<Ref<boolean>>
  readonly isOn: ComputedRef<boolean>
  play(fromMs: number): void
  pause(): void
  choose(speed: Speed): void
  toggleSilence(): void
  seek(atMs: number): void
  /** Everything is shown again. */
  end(): void
  /** So much real time has passed. */
  step(elapsedMs: number): void
}

/** A session in the time in which it happened. Time stands still where the bytes are not here yet. */
export function useReplay(window: SessionWindow): Replay {
  const playheadMs = ref<number>()
  const playing = ref(false)
  const speed = ref<Speed>(1)
  const skipsSilence = ref(true)
  const times = computed(() => window.pieces.value.map(({ atMs }) => atMs))
  let timer: ReturnType<typeof setInterval> | undefined

  const pause = (): void => { clearInterval(timer); timer = undefined; playing.value = false }
  function step(elapsedMs: number): void {
    const now = playheadMs.value
    const known = times.value
    const last = known.at(-1)
    if (now === undefined || last === undefined || window.problem.value) { if (window.problem.value) pause(); return }
    const nextMs = known.find((atMs) => atMs > now)
    if (nextMs === undefined) {
      if (window.atEnd.value) pause()
      else void window.more('after')
      return
    }
    const isFast = speed.value === 'max'
    const wanted = isFast ? last : now + elapsedMs * Number(speed.value)
    playheadMs.value = Math.min(last, skipsSilence.value && nextMs - now > silenceMs ? Math.max(wanted, nextMs - silenceMs) : wanted)
  }
  function play(fromMs: number): void {
    playheadMs.value ??= fromMs
    if (playing.value) return
    playing.value = true
    let beforeMs = performance.now()
    timer = setInterval(() => {
      const nowMs = performance.now()
      step(nowMs - beforeMs)
      beforeMs = nowMs
    }, tickMs)
  }
  onScopeDispose(pause)
  return {
    playheadMs, playing, speed, skipsSilence, isOn: computed(() => playheadMs.value !== undefined), play, pause, step,
    choose: (next) => { speed.value = next },
    toggleSilence: () => { skipsSilence.value = !skipsSilence.value },
    seek: (atMs) => { playheadMs.value = atMs },
    end: () => { pause(); playheadMs.value = undefined },
  }
}
