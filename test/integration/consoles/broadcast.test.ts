import { expect, test } from 'vitest'
import { broadcastLine } from '../../../src/main/core/consoles/broadcastLine.ts'
import { createConsole } from '../../../src/main/core/consoles/consoleHub.ts'
import type { CameraConsole } from '../../../src/main/core/consoles/cameraConsole.ts'
import { defaultTyping } from '../../../src/shared/consoles/consoles.schema.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { createMemoryBridge } from '../../support/memoryBridge.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

async function bench(count: number) {
  const clock = createVirtualClock()
  const cameras = Array.from({ length: count }, (_, index) => {
    const bridge = createMemoryBridge()
    const id = `cam-${index + 1}` as CameraId
    return { id, bridge, console: createConsole({ cameraId: id, open: bridge.open, clock, log: () => undefined }) }
  })
  await clock.advance(0)
  const of = (id: CameraId): CameraConsole => {
    const found = cameras.find((each) => each.id === id)
    if (!found) throw new WorkbenchError('input/not-found', `There is no camera ${id}`)
    return found.console
  }
  const typed = new Map<CameraId, string>()
  const send = async (cameraIds: readonly string[], line: string, confirmed?: number) => broadcastLine({ cameraIds: cameraIds as CameraId[], line, ...(confirmed === undefined ? {} : { confirmed }) }, {
    clock, log: () => undefined, typingOf: (id) => (id === 'cam-2' ? { lineEnd: 'CRLF', encoding: 'latin-1' } : defaultTyping),
    type: async (id, bytes, signal) => {
      // Of the far end that hangs nobody hears again.
      if (id === 'cam-hang') await new Promise(() => undefined)
      await of(id).type(bytes, signal)
      typed.set(id, (typed.get(id) ?? '') + new TextDecoder('latin1').decode(bytes))
    },
  }, new AbortController().signal)
  return { clock, cameras, typed, send, close: async () => { for (const { console } of cameras) await console.close() } }
}

test('each camera gets its own line end and answers for itself; a job, a lost line and a letter it lacks stop nobody else', async () => {
  const { clock, cameras, typed, send, close } = await bench(4)
  await cameras[2]!.console.exclusive('job-7', new AbortController().signal)
  cameras[3]!.bridge.drop()
  await clock.advance(0)
  const outcomes = await clock.run(send(['cam-1', 'cam-2', 'cam-3', 'cam-4', 'cam-9', 'cam-1'], 'printenv'))
  expect(outcomes.map(({ cameraId, error }) => [cameraId, error?.code])).toEqual([['cam-1', undefined], ['cam-2', undefined], ['cam-3', 'pod/busy'], ['cam-4', 'link/closed'], ['cam-9', 'input/not-found']])
  expect([...typed]).toEqual([['cam-1', 'printenv\r'], ['cam-2', 'printenv\r\n']])
  const odd = await clock.run(send(['cam-1', 'cam-2'], '€'))
  expect(odd.map(({ error }) => error?.code)).toEqual([undefined, 'input/malformed'])
  await close()
})
test('more than eight cameras are typed to only with their number', async () => {
  const { clock, cameras, typed, send, close } = await bench(9)
  const ids = cameras.map(({ id }) => id)
  for (const confirmed of [undefined, 8, 10]) await expect(clock.run(send(ids, 'reset', confirmed))).rejects.toMatchObject({ code: 'input/malformed' })
  expect(typed.size).toBe(0)
  expect((await clock.run(send(ids, 'reset', 9))).every(({ error }) => error === undefined)).toBe(true)
  expect(typed.size).toBe(9)
  expect((await clock.run(send(ids.slice(0, 8), 'reset'))).length).toBe(8)
  await close()
})
test('a bridge that hangs has its own limit', async () => {
  const { clock, send, close } = await bench(1)
  const outcomes = await clock.run(send(['cam-hang', 'cam-1'], 'x'))
  expect(outcomes.map(({ error }) => error?.code)).toEqual(['link/timeout', undefined])
  await close()
})
