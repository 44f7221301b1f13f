import { expect, test } from 'vitest'
import { type CameraId, cameraIdSchema } from '../../shared/devices/ids.ts'
import { encodePictureFrame } from '../../shared/rpc/pictureFrame.ts'
import { PictureLane } from './pictureLane.ts'

const camera: CameraId = cameraIdSchema.parse('cam-01')

function bench() {
  const lane = new PictureLane()
  const asked: string[] = []
  let tell = (_: Uint8Array): void => undefined
  const connect = (): void => { lane.attach({ send: (message) => { asked.push((JSON.parse(message) as { do: string }).do) }, onFrame: (listener) => { tell = listener } }) }
  const piece = (sequence: number, offsetBytes: number, text: string, lengthBytes: number): void => {
    tell(encodePictureFrame({ camera, offsetBytes, sequence, takenAtMs: sequence * 1000, lengthBytes, piece: new TextEncoder().encode(text) }))
  }
  const view = () => {
    const got: string[] = []
    return { got, stop: lane.watch(camera, ({ jpeg, takenAtMs }) => { got.push(`${String(takenAtMs)} ${new TextDecoder().decode(jpeg)}`) }) }
  }
  connect()
  return { lane, asked, connect, piece, view }
}

test('pieces become a picture; one that was lost in between is never shown', () => {
  const { view, piece } = bench()
  const { got } = view()
  piece(1, 0, 'abc', 6)
  piece(1, 3, 'def', 6)
  piece(2, 0, 'xx', 6)
  piece(3, 0, '12', 4)
  piece(2, 2, 'yyyy', 6)
  piece(3, 2, '34', 4)
  piece(4, 0, 'fine', 4)
  piece(5, 2, 'no', 4)
  expect(got).toEqual(['1000 abcdef', '4000 fine'])
})
test('one question for all who look; a second one has the newest at once; the last one who leaves ends it', () => {
  const { view, piece, asked } = bench()
  const first = view()
  piece(1, 0, 'a', 1)
  const second = view()
  expect(second.got).toEqual(['1000 a'])
  first.stop()
  expect(asked).toEqual(['watch-picture'])
  second.stop()
  second.stop()
  expect(asked).toEqual(['watch-picture', 'unwatch-picture'])
  piece(2, 0, 'b', 1)
  expect(second.got).toEqual(['1000 a'])
})
test('after a loss each camera is asked for again, and half a picture of the old link is forgotten', () => {
  const { view, piece, asked, connect, lane } = bench()
  const { got } = view()
  piece(7, 0, 'ab', 4)
  lane.detach()
  connect()
  expect(asked).toEqual(['watch-picture', 'watch-picture'])
  piece(7, 2, 'cd', 4)
  expect(got).toEqual([])
  piece(1, 0, 'new', 3)
  expect(got).toEqual(['1000 new'])
})
