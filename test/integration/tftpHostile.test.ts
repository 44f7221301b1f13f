import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Endpoint } from '../../src/shared/devices/datagram.ts'
import { openTftpBench as bench, serverEnd } from '../support/tftpBench.ts'
import { bytesOfText, fetchByTftp, openClient } from '../support/tftpClient.ts'

const image = (lengthBytes: number): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 31 + (at >> 8) * 7) & 0xff)

test('an error of a stranger is never answered: two programs would talk for ever', async () => {
  const { clock, network } = await bench()
  const stranger = await openClient(network, clock, '10.0.0.66')
  stranger.socket.send(bytesOfText('\0\x05\0\x05Unknown transfer ID\0'), serverEnd)
  stranger.socket.send(bytesOfText('\0\x05'), serverEnd)
  await clock.advance(1_000)
  expect(stranger.mails).toHaveLength(0)
  await stranger.socket.close()
})

test('any bytes from anywhere: no crash, no transfer left', async () => {
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 40 })).map(([opcode, rest]) => Uint8Array.of(0, opcode, ...rest)),
    fc.tuple(fc.constantFrom(3, 4), fc.integer({ min: 0, max: 9 })).map(([opcode, block]) => Uint8Array.of(0, opcode, 0, block)),
    fc.constantFrom(
      bytesOfText('\0\x01file\0octet\0'), bytesOfText('\0\x01file\0octet\0blksize\x008\0windowsize\x0065535\0'),
      bytesOfText('\0\x02dump\0octet\0'), bytesOfText('\0\x02dump\0octet\0windowsize\x009\0tsize\x00999999999999\0'), bytesOfText('\0\x05\0\0bye\0'),
    ),
  )
  await fc.assert(fc.asyncProperty(fc.constantFrom('listening-port' as const, 'fresh-port' as const), fc.array(fc.tuple(fc.nat(4), frames), { maxLength: 60 }), async (answerFrom, mails) => {
    const { server, clock, network } = await bench({ answerFrom, limits: { maxTransfers: 3 } })
    server.offer('file', image(3_000))
    const slot = server.openUpload('dump', 2_000)
    const sockets = await Promise.all(Array.from({ length: 5 }, async () => network.bind('10.0.0.9', 0)))
    const peers = new Map<number, Endpoint>()
    sockets.forEach((socket, index) => { socket.onDatagram((_bytes, from) => { peers.set(index, from) }) })
    for (const [index, bytes] of mails) {
      sockets[index]!.send(bytes, bytes[1] === 1 || bytes[1] === 2 ? serverEnd : peers.get(index) ?? serverEnd)
      await clock.advance(2)
      expect(server.activeTransfers()).toBeLessThanOrEqual(3)
    }
    await clock.advance(40_000)
    expect(server.activeTransfers()).toBe(0)
    slot.close()
    expect(await clock.run(fetchByTftp(network, clock, serverEnd, { name: 'file' }))).toMatchObject({ kind: 'done' })
    for (const socket of sockets) await socket.close()
    await clock.advance(6_000)
    expect(network.openSockets).toBe(1)
    expect(clock.sleepers()).toBe(0)
  }), { numRuns: 40 })
}, 60_000)
