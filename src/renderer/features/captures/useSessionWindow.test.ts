import { expect, test } from 'vitest'
import { effectScope } from 'vue'
import { type CaptureRead, captureSessionSchema, type CaptureStretch } from '../../../shared/captures/captures.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { WorkbenchClient } from '../../rpc/link.ts'
import { textRows } from './captureRows.ts'
import { type SessionWindow, useSessionWindow } from './useSessionWindow.ts'

const gigabyte = 1024 ** 3
const lineBytes = 64
const markAt = 640 * 1024

/** A gigabyte that is made where it is read: each line says its own place, and the line was away once. */
function readGigabyte({ offset = 0, fromMs = 0, maxBytes = 65_536 }: Partial<CaptureRead>): CaptureStretch {
  const pieces: CaptureStretch['pieces'] = []
  const until = Math.min(gigabyte, Math.max(offset, fromMs) + maxBytes)
  for (let at = Math.max(offset, fromMs); at < until;) {
    const line = at - at % lineBytes
    if (at === markAt) pieces.push({ kind: 'lost', offset: at, atMs: at, bytes: '', droppedBytes: 0 })
    const bytes = `${`line at ${String(line)}`.padEnd(lineBytes - 1)}\n`.slice(at - line, until - line)
    pieces.push({ kind: 'rx', offset: at, atMs: at, bytes, droppedBytes: 0 })
    at += bytes.length
  }
  if (until === markAt) pieces.push({ kind: 'lost', offset: until, atMs: until, bytes: '', droppedBytes: 0 })
  return { pieces, ...(until < gigabyte ? { next: until } : {}) }
}

function rig(read: (wish: Partial<CaptureRead>) => CaptureStretch = readGigabyte) {
  const wishes: Partial<CaptureRead>[] = []
  const client = { captures: { read: async (wish: Partial<CaptureRead>) => { wishes.push(wish); return read(wish) } } } as unknown as WorkbenchClient
  const session = captureSessionSchema.parse({ camera: 'cam-1', session: '20260101-000000-000001', cameraName: 'Gate', chip: 'x', startedAtMs: 0, endedAtMs: gigabyte, isOpen: false, startOffset: 0, endOffset: gigabyte, parts: 1 })
  const scope = effectScope()
  const window = scope.run(() => useSessionWindow(client, () => session)) as SessionWindow
  return { window, wishes, stop: () => { scope.stop() } }
}
const held = (window: SessionWindow): number => window.pieces.value.reduce((sum, { bytes }) => sum + bytes.length, 0)
/** No hole and nothing twice. */
const isWhole = (window: SessionWindow): boolean => {
  const pieces = window.pieces.value.filter(({ bytes }) => bytes !== '')
  return pieces.every((piece, index) => index === 0 || (pieces[index - 1]?.offset ?? 0) + (pieces[index - 1]?.bytes.length ?? 0) === piece.offset)
}

test('a session of a gigabyte opens with one small reading, anywhere', async () => {
  const { window, wishes, stop } = rig()
  await window.openAt(700_000_032)
  expect(wishes).toHaveLength(1)
  expect(held(window)).toBe(65_536)
  expect(textRows(window.pieces.value).some(({ offset }) => offset === 700_000_000 - 700_000_000 % lineBytes)).toBe(true)
  expect([window.atStart.value, window.atEnd.value]).toEqual([false, false])
  expect(await window.openAtTime(5_000_000)).toBe(5_000_000)
  expect(wishes.every(({ maxBytes = 0 }) => maxBytes <= 65_536)).toBe(true)
  stop()
})
test('scrolling down and up again holds half a megabyte, without a hole and without anything twice', async () => {
  const { window, stop } = rig()
  await window.openAt(0)
  expect(window.atStart.value).toBe(true)
  for (let step = 0; step < 24; step += 1) {
    await window.more('after')
    expect(held(window)).toBeLessThanOrEqual(8 * 65_536 + lineBytes)
    expect(isWhole(window)).toBe(true)
    expect(window.pieces.value.filter(({ kind }) => kind === 'lost').length).toBeLessThanOrEqual(1)
  }
  expect(window.atStart.value).toBe(false)
  for (let step = 0; step < 40 && !window.atStart.value; step += 1) {
    await window.more('before')
    expect(held(window)).toBeLessThanOrEqual(8 * 65_536 + 2 * lineBytes)
    expect(isWhole(window)).toBe(true)
  }
  expect(window.pieces.value[0]).toMatchObject({ offset: 0 })
  await window.openAt(gigabyte - 10)
  expect(window.atEnd.value).toBe(true)
  await window.more('before')
  expect(window.atEnd.value).toBe(true)
  stop()
})
test('an answer that does not get on ends the reading, and a capture that is gone is said', async () => {
  const stuck = rig(({ offset = 0 }) => ({ pieces: [], next: offset }))
  await stuck.window.openAt(0)
  expect([stuck.window.atEnd.value, stuck.wishes.length]).toEqual([true, 1])
  stuck.stop()
  const gone = rig(() => { throw new WorkbenchError('input/not-found', 'This part of the capture is not there any more') })
  await gone.window.openAt(0)
  expect(gone.window.problem.value).toMatchObject({ code: 'input/not-found' })
  gone.stop()
})
