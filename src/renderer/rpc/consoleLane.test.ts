import { expect, test } from 'vitest'
import { type CameraId, cameraIdSchema } from '../../shared/devices/ids.ts'
import { encodeLaneFrame, laneRequestSchema, type LaneRequest } from '../../shared/rpc/byteLane.ts'
import { ConsoleLane } from './consoleLane.ts'

const camera: CameraId = cameraIdSchema.parse('cam-01')

function bench() {
  const lane = new ConsoleLane()
  const asked: LaneRequest[] = []
  let tell = (_: Uint8Array): void => undefined
  const connect = (): void => { lane.attach({ send: (message) => { asked.push(laneRequestSchema.parse(JSON.parse(message))) }, onFrame: (listener) => { tell = listener } }) }
  const data = (position: number, text: string): void => { tell(encodeLaneFrame({ kind: 'data', camera, position, bytes: new TextEncoder().encode(text) })) }
  const skip = (position: number, skippedBytes: number): void => { tell(encodeLaneFrame({ kind: 'skipped', camera, position, bytes: new Uint8Array(), skippedBytes })) }
  const view = (after: number, onlyEnd = false) => {
    const got = { text: '', skipped: 0 }
    const stop = lane.watch(camera, after, { onBytes: (bytes) => { got.text += new TextDecoder().decode(bytes) }, onSkipped: (count) => { got.skipped += count } }, { onlyEnd })
    return { got, stop }
  }
  connect()
  return { lane, asked, connect, data, skip, view, noise: (bytes: Uint8Array) => { tell(bytes) } }
}

test('history first, then live, for one viewer', () => {
  const { view, data, asked } = bench()
  const { got } = view(0)
  data(0, 'U-Boot ')
  data(7, 'OpenIPC')
  expect(got.text).toBe('U-Boot OpenIPC')
  expect(asked).toEqual([{ do: 'watch', camera, after: 0 }])
})
test('after a loss it asks from where it was and goes on there', () => {
  const { view, data, asked, connect, lane } = bench()
  const { got } = view(0)
  data(0, '0123456789')
  lane.detach()
  connect()
  expect(asked.at(-1)).toEqual({ do: 'watch', camera, after: 10 })
  data(10, 'abc')
  expect(got.text).toBe('0123456789abc')
})
test('a workbench that was started again counts anew, and its console is shown all the same', () => {
  const { view, data, connect, lane } = bench()
  const { got } = view(0)
  data(0, '0123456789')
  lane.detach()
  connect()
  data(0, 'new')
  data(3, 'er')
  expect(got.text).toBe('0123456789newer')
})
test('a second viewer of the same bytes costs no second question, one that wants older bytes does', () => {
  const { view, data, asked } = bench()
  const late = view(100)
  data(100, 'live')
  const whole = view(0)
  expect(asked.slice(1)).toEqual([{ do: 'unwatch', camera }, { do: 'watch', camera, after: 0 }])
  // On its way before our question was read: not for the one who waits for the beginning.
  data(104, '!')
  data(0, 'x'.repeat(100) + 'live!')
  data(105, '?')
  expect(late.got.text).toBe('live!?')
  expect(whole.got.text).toBe('x'.repeat(100) + 'live!?')
})
test('skipped bytes are counted and the rest goes on', () => {
  const { view, data, skip, asked, connect } = bench()
  const { got } = view(0)
  skip(0, 500)
  data(500, 'tail')
  expect(got).toEqual({ text: 'tail', skipped: 500 })
  connect()
  expect(asked.at(-1)).toEqual({ do: 'watch', camera, after: 504 })
})
test('only the end is asked for while nobody wants more: a terminal beside it gets every byte, and it goes back when that is closed', () => {
  const { view, data, skip, asked, connect } = bench()
  const tile = view(100, true)
  data(100, 'live')
  const terminal = view(104)
  // Skipped for the tile before our question was read, and not for the terminal.
  skip(104, 1_000)
  data(1_104, 'end')
  data(103, `e${'y'.repeat(1_000)}`)
  data(1_104, 'end')
  expect(terminal.got).toEqual({ text: `${'y'.repeat(1_000)}end`, skipped: 0 })
  terminal.stop()
  data(1_107, '!')
  skip(1_107, 501)
  data(1_608, '?')
  expect(tile.got).toEqual({ text: `live${'y'.repeat(1_000)}end!?`, skipped: 500 })
  connect()
  expect(asked).toEqual([
    { do: 'watch', camera, after: 100, onlyEnd: true },
    { do: 'unwatch', camera }, { do: 'watch', camera, after: 103 },
    { do: 'unwatch', camera }, { do: 'watch', camera, after: 1_107, onlyEnd: true },
    { do: 'watch', camera, after: 1_609, onlyEnd: true },
  ])
})
test('the last viewer that leaves ends the watch; frames of others and noise are dropped', () => {
  const { view, data, asked, noise } = bench()
  const one = view(0)
  const two = view(0)
  one.stop()
  expect(asked.some((request) => request.do === 'unwatch')).toBe(false)
  two.stop()
  expect(asked.at(-1)).toEqual({ do: 'unwatch', camera })
  data(0, 'late')
  noise(new Uint8Array([9, 200, 1]))
  noise(new Uint8Array())
  expect(two.got.text).toBe('')
})
