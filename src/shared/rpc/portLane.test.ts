import { expect, test } from 'vitest'
import { createPortLaneEnd, type LanePort, takeLaneFrame } from './portLane.ts'

interface FakePort extends LanePort { readonly sent: unknown[]; arrive(data: unknown): void }
function openPort(): FakePort {
  const listeners: ((event: { data: unknown }) => void)[] = []
  const sent: unknown[] = []
  return {
    sent, postMessage: (message) => { sent.push(message) },
    on: (event: string, listener: unknown) => { if (event === 'message') listeners.push(listener as (event: { data: unknown }) => void) },
    arrive: (data) => { for (const listener of listeners) listener({ data }) },
  }
}

test('what the page has not taken counts as waiting, and requests are not mistaken for answers', () => {
  const port = openPort()
  const end = createPortLaneEnd(port)
  const requests: (string | Uint8Array)[] = []
  end.onMessage((message) => { requests.push(message) })
  for (let frame = 0; frame < 20; frame += 1) end.send(new Uint8Array(65_536))
  expect(end.bufferedBytes).toBe(20 * 65_536)
  const taken: Uint8Array[] = []
  for (const message of port.sent.splice(0, 15)) {
    const frame = takeLaneFrame(message, (bytes) => { port.arrive(bytes) })
    if (frame) taken.push(frame)
  }
  expect(taken).toHaveLength(15)
  expect(end.bufferedBytes).toBe(5 * 65_536)
  port.arrive('{"do":"watch"}')
  for (const nonsense of [-5, Number.NaN, null, {}, 1e12]) port.arrive(nonsense)
  expect(requests).toEqual(['{"do":"watch"}'])
  expect(end.bufferedBytes).toBe(0)
  expect(takeLaneFrame('text', () => { throw new Error('no answer to this') })).toBeUndefined()
})
