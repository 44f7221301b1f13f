import { expect, test } from 'vitest'
import { computed, effectScope, ref, shallowRef } from 'vue'
import type { CapturePiece } from '../../../shared/captures/captures.schema.ts'
import { type Replay, useReplay } from './useReplay.ts'

const piece = (atMs: number): CapturePiece => ({ kind: 'rx', offset: atMs, atMs, bytes: 'x', droppedBytes: 0 })

function rig(times: readonly number[], later: readonly number[] = []): { readonly replay: Replay; readonly asked: () => number; stop(): void } {
  const pieces = shallowRef<readonly CapturePiece[]>(times.map(piece))
  const atEnd = ref(later.length === 0)
  let asked = 0
  const scope = effectScope()
  const replay = scope.run(() => useReplay({
    pieces, atEnd, atStart: computed(() => true), busy: ref(false), problem: shallowRef(), openAt: async () => undefined, openAtTime: async () => 0,
    more: async () => { asked += 1; pieces.value = [...pieces.value, ...later.map(piece)]; atEnd.value = true },
  }))
  if (!replay) throw new Error('no scope')
  return { replay, asked: () => asked, stop: () => { scope.stop() } }
}

test('time goes at its own pace, or at a multiple, and silences are cut only when asked', () => {
  const { replay, stop } = rig([0, 100, 200, 9_000])
  replay.play(0)
  replay.step(50)
  expect(replay.playheadMs.value).toBe(50)
  replay.choose(4)
  replay.step(50)
  expect(replay.playheadMs.value).toBe(250)
  replay.toggleSilence()
  replay.step(50)
  expect(replay.playheadMs.value).toBe(450)
  replay.toggleSilence()
  replay.step(50)
  expect(replay.playheadMs.value).toBe(8_000)
  replay.choose('max')
  replay.step(50)
  expect(replay.playheadMs.value).toBe(9_000)
  stop()
})
test('time stands still until the next bytes are here, and the end pauses', () => {
  const { replay, asked, stop } = rig([0, 100], [150])
  replay.play(0)
  replay.step(5_000)
  expect(replay.playheadMs.value).toBe(100)
  replay.step(50)
  expect([replay.playheadMs.value, asked(), replay.playing.value]).toEqual([100, 1, true])
  replay.step(50)
  replay.step(50)
  expect([replay.playheadMs.value, asked(), replay.playing.value]).toEqual([150, 1, false])
  replay.end()
  expect(replay.playheadMs.value).toBeUndefined()
  stop()
})
