import { expect, test } from 'vitest'
import { cameraIdSchema } from '../../shared/devices/ids.ts'
import { type LaneRequest, laneRequestSchema, mostLaneRequests } from '../../shared/rpc/byteLane.ts'
import { openLink } from './link.ts'

test('a hundred consoles that are asked for at once go as two messages, in their order', async () => {
  const sent: string[] = []
  const link = openLink({
    open: async () => Promise.resolve({ rpc: { call: async () => Promise.reject(new Error('nobody calls')) }, lane: { send: (message) => { sent.push(message) }, onFrame: () => undefined }, closed: new Promise(() => undefined), close: () => undefined }),
  })
  await link.connected(new AbortController().signal)
  const cameras = Array.from({ length: 100 }, (_, index) => cameraIdSchema.parse(`cam-${index}`))
  const viewer = { onBytes: () => undefined, onSkipped: () => undefined }
  const [stop] = cameras.map((camera) => link.lane.watch(camera, 0, viewer))
  await Promise.resolve()
  const asked = (messages: readonly string[]): LaneRequest[] => messages.flatMap((message) => message.split('\n').map((line) => laneRequestSchema.parse(JSON.parse(line))))
  expect(sent.map((message) => message.split('\n').length)).toEqual([mostLaneRequests, 100 - mostLaneRequests])
  expect(asked(sent).map(({ camera }) => camera)).toEqual(cameras)
  stop?.()
  await Promise.resolve()
  expect(asked(sent.slice(2))).toEqual([{ do: 'unwatch', camera: 'cam-0' }])
  link.close()
})
