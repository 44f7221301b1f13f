import { describe, expect, test } from 'vitest'
import type { TftpServerOptions } from '../../src/main/drivers/tftp/tftpTypes.ts'
import type { Endpoint } from '../../src/shared/devices/datagram.ts'
import type { Passage } from '../support/memoryNetwork.ts'
import { createSeededRandom } from '../support/seededRandom.ts'
import { openTftpBench as bench, serverEnd } from '../support/tftpBench.ts'
import { bytesOfText, type ClientWish, fetchByTftp, openClient, requestOf, sendByTftp } from '../support/tftpClient.ts'

const image = (lengthBytes: number): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 31 + (at >> 8) * 7) & 0xff)
const ack = (block: number): Uint8Array => Uint8Array.of(0, 4, block >> 8, block & 255)
const isData = ({ bytes }: Passage): boolean => bytes[1] === 3
const isAck = ({ bytes }: Passage): boolean => bytes[1] === 4
const blockOf = ({ bytes }: Passage): number => (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0)
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(4, -1))

describe.each(['listening-port', 'fresh-port'] as const)('answering from the %s', (answerFrom) => {
  test.each([0, 1, 511, 512, 513, 1_024, 5_000])('a file of %i bytes arrives whole', async (lengthBytes) => {
    const { server, fetch, events, clock } = await bench({ answerFrom })
    const offer = server.offer('file', image(lengthBytes))
    expect(await fetch({ name: 'file' })).toMatchObject({ kind: 'done', bytes: image(lengthBytes) })
    expect(await fetch({ name: 'file', options: { timeout: 5, blksize: 1_468 } })).toEqual({ kind: 'done', bytes: image(lengthBytes), options: { timeout: '5', blksize: '1468' } })
    expect(await fetch({ name: 'file', options: { tsize: 0, blksize: 16, windowsize: 8 } })).toMatchObject({ kind: 'done', bytes: image(lengthBytes), options: { tsize: String(lengthBytes), windowsize: '8' } })
    // The last acknowledgement is still on its way.
    await clock.advance(5)
    expect(offer.completedReads).toBe(3)
    expect(events.filter(({ kind }) => kind === 'finished')).toHaveLength(3)
    expect(events.at(-1)).toMatchObject({ kind: 'finished', direction: 'download', name: 'file', doneBytes: lengthBytes, totalBytes: lengthBytes })
  })
  test.each([0, 512, 5_000])('an upload of %i bytes arrives whole', async (lengthBytes) => {
    const { server, send } = await bench({ answerFrom })
    for (const options of [{}, { blksize: 64 }, { blksize: 128, windowsize: 4, tsize: lengthBytes }]) {
      const slot = server.openUpload('dump', 10_000)
      expect(await send({ name: 'dump', options }, image(lengthBytes))).toMatchObject({ kind: 'done' })
      expect(await slot.bytes).toEqual(image(lengthBytes))
    }
  })
  test('several clients at once, each its own file', async () => {
    const { server, clock, network } = await bench({ answerFrom })
    const names = Array.from({ length: 20 }, (_, index) => `part${index}`)
    names.forEach((name, index) => server.offer(name, image(1_000 + 300 * index)))
    const ends = await clock.run(Promise.all(names.map(async (name, index) => fetchByTftp(network, clock, serverEnd, { name, address: `10.0.1.${index}`, options: { blksize: 100, windowsize: 3 } }))))
    ends.forEach((end, index) => { expect(end).toMatchObject({ kind: 'done', bytes: image(1_000 + 300 * index) }) })
  })
  test.each([1, 2, 3, 4, 5, 6])('loss, doubles and disorder (seed %i): the bytes are right in both directions', async (seed) => {
    const { server, clock, network } = await bench({ answerFrom }, { loss: 0.05, duplication: 0.05, reordering: 0.05, random: createSeededRandom(seed) })
    server.offer('file', image(20_000))
    for (const [index, options] of [{}, { blksize: 300 }, { blksize: 300, windowsize: 8 }].entries()) {
      const name = `dump${index}`
      const slot = server.openUpload(name, 30_000)
      expect(await clock.run(fetchByTftp(network, clock, serverEnd, { name: 'file', options }))).toMatchObject({ kind: 'done', bytes: image(20_000) })
      await clock.run(sendByTftp(network, clock, serverEnd, { name, options, waitMs: 1_000 }, image(15_000)))
      expect(await slot.bytes).toEqual(image(15_000))
    }
  })
  test('a packet of a foreign endpoint is answered with error 5 and disturbs nothing', async () => {
    const { server, clock, network } = await bench({ answerFrom })
    server.offer('file', image(3_000))
    const client = await openClient(network, clock)
    const stranger = await openClient(network, clock, '10.0.0.66')
    client.socket.send(requestOf(1, { name: 'file' }), serverEnd)
    const first = await clock.run(client.next(1_000))
    stranger.socket.send(ack(1), first!.from)
    const answer = await clock.run(stranger.next(1_000))
    expect([...answer!.bytes.subarray(0, 4)]).toEqual([0, 5, 0, 5])
    await clock.advance(50)
    expect(client.mails).toHaveLength(0)
    client.socket.send(ack(1), first!.from)
    expect([...(await clock.run(client.next(90)))!.bytes.subarray(0, 4)]).toEqual([0, 3, 0, 2])
    await client.socket.close()
    await stranger.socket.close()
  })
  test('a request that the network doubled starts one transfer, one that comes late disturbs none', async () => {
    const { server, fetch, events, network } = await bench({ answerFrom }, { fate: ({ bytes }) => (bytes[1] === 1 ? 'doubled' : 'delivered') })
    server.offer('file', image(3_000))
    expect(await fetch({ name: 'file', options: { blksize: 500 } })).toMatchObject({ kind: 'done', bytes: image(3_000) })
    expect(events.filter(({ kind }) => kind === 'started')).toHaveLength(1)
    expect(network.openSockets).toBe(answerFrom === 'fresh-port' ? 2 : 1)
  })
})

describe('losses', () => {
  const losing = async (doomed: (passage: Passage) => boolean, wish: Partial<ClientWish> = {}) => {
    let lost = false
    const made = await bench({}, { fate: (passage) => { if (lost || !doomed(passage)) return 'delivered'; lost = true; return 'lost' } })
    made.server.offer('file', image(4_000))
    const end = await made.fetch({ name: 'file', ...wish })
    expect(lost).toBe(true)
    expect(end).toMatchObject({ kind: 'done', bytes: image(4_000) })
    return made
  }
  // U-Boot waits 5 s before it says anything, so only the server can end the silence sooner.
  test.each([
    ['DATA', (passage: Passage) => isData(passage) && blockOf(passage) === 3],
    ['the first DATA', (passage: Passage) => isData(passage) && blockOf(passage) === 1],
    ['the last DATA', (passage: Passage) => isData(passage) && blockOf(passage) === 8],
    ['an ACK', (passage: Passage) => isAck(passage) && blockOf(passage) === 3],
  ])('%s lost: the server repeats within 300 ms', async (_what, doomed) => {
    const { clock } = await losing(doomed)
    expect(clock.nowMs()).toBeLessThan(300)
  })
  test('the OACK or its ACK lost: the server repeats it', async () => {
    const oack = await losing(({ bytes }) => bytes[1] === 6, { options: { blksize: 500 } })
    expect(oack.clock.nowMs()).toBeLessThan(300)
    const ackOfIt = await losing((passage) => isAck(passage) && blockOf(passage) === 0, { options: { blksize: 500 } })
    expect(ackOfIt.clock.nowMs()).toBeLessThan(300)
  })
  test.each([1, 2, 4, 7])('block %i of a window lost: the rest goes on from there without waiting for a timer', async (block) => {
    const { clock, network } = await losing((passage) => isData(passage) && blockOf(passage) === block, { options: { blksize: 500, windowsize: 8 } })
    expect(clock.nowMs()).toBeLessThan(90)
    // The window is sent once more, and the repeated calls for the same block are not answered each time.
    expect(network.passages.filter(isData).length).toBeLessThanOrEqual(9 + 8)
  })
  test('the last ACK lost: the end is repeated for a while, then the transfer fails and says what is known', async () => {
    const { clock, server, network, events } = await bench({}, { fate: (passage) => (isAck(passage) && blockOf(passage) === 2 ? 'lost' : 'delivered') })
    server.offer('file', image(600))
    expect(await clock.run(fetchByTftp(network, clock, serverEnd, { name: 'file' }))).toMatchObject({ kind: 'done' })
    await clock.advance(29_000)
    expect(server.activeTransfers()).toBe(1)
    await clock.advance(2_000)
    expect(server.activeTransfers()).toBe(0)
    expect(events.at(-1)).toMatchObject({ kind: 'failed', reason: 'the end was sent and never acknowledged; the client may have all of it' })
  })
  test('one doubled ACK does not double the rest of the file', async () => {
    const { server, fetch, network } = await bench({}, { fate: (passage) => (isAck(passage) && blockOf(passage) === 2 ? 'doubled' : 'delivered') })
    server.offer('file', image(20_000))
    expect(await fetch({ name: 'file' })).toMatchObject({ kind: 'done' })
    expect(network.passages.filter(isData).length).toBeLessThanOrEqual(40 + 2)
  })
  test('a client that repeats its ACK without end gets one answer per wait', async () => {
    const { server, clock, network } = await bench()
    server.offer('file', image(2_000))
    const client = await openClient(network, clock)
    client.socket.send(requestOf(1, { name: 'file' }), serverEnd)
    await clock.run(client.next(1_000))
    for (let times = 0; times < 20; times += 1) client.socket.send(ack(0), serverEnd)
    await clock.advance(20)
    expect(network.passages.filter(isData)).toHaveLength(2)
    await client.socket.close()
  })
  test('the waits double up to the timeout that was agreed on', async () => {
    const { server, clock, network } = await bench()
    server.offer('file', image(2_000))
    const sentAt: number[] = []
    const client = await openClient(network, clock)
    client.socket.onDatagram(() => { sentAt.push(clock.nowMs()) })
    client.socket.send(requestOf(1, { name: 'file', options: { timeout: 1 } }), serverEnd)
    await clock.advance(6_500)
    const gaps = sentAt.slice(1).map((at, index) => Math.round(at - (sentAt[index] ?? 0)))
    expect(gaps).toEqual([250, 250, 500, 1_000, 1_000, 1_000, 1_000, 1_000])
    await client.socket.close()
  })
  test('8 MiB at 1 % loss: never more than 500 ms without something new', async () => {
    const { server, clock, network } = await bench({}, { loss: 0.01, random: createSeededRandom(7), latencyMs: 0.2 })
    server.offer('file', image(8 * 1024 * 1024))
    let newest = 0
    let newestAt = 0
    let longest = 0
    const watched = { bind: async (address: string, port: number) => {
      const socket = await network.bind(address, port)
      return { ...socket, onDatagram: (listener: (bytes: Uint8Array, from: Endpoint) => void) => {
        socket.onDatagram((bytes, from) => {
          const ahead = ((bytes[2] ?? 0) * 256 + (bytes[3] ?? 0) - newest) & 0xffff
          if (bytes[1] === 3 && ahead > 0 && ahead < 0x8000) { longest = Math.max(longest, clock.nowMs() - newestAt); newest += ahead; newestAt = clock.nowMs() }
          listener(bytes, from)
        })
      } }
    } }
    const end = await clock.run(fetchByTftp(watched, clock, serverEnd, { name: 'file', options: { blksize: 8_192, windowsize: 4, timeout: 5 } }))
    expect(end.kind === 'done' && end.bytes.length).toBe(8 * 1024 * 1024)
    expect(longest).toBeGreaterThan(50)
    expect(longest).toBeLessThanOrEqual(500)
  })
})

describe('block numbers', () => {
  test('more than 65535 blocks wrap to 0 in the middle of a window, down and up', async () => {
    const lengthBytes = 8 * 65_600 + 3
    const options = { blksize: 8, windowsize: 60 }
    const { server, fetch, send } = await bench({}, { latencyMs: 0.01 })
    server.offer('file', image(lengthBytes))
    const end = await fetch({ name: 'file', options })
    expect(end.kind === 'done' && Buffer.compare(end.bytes, image(lengthBytes))).toBe(0)
    const slot = server.openUpload('dump', lengthBytes)
    await send({ name: 'dump', options }, image(lengthBytes))
    expect(Buffer.compare(await slot.bytes, image(lengthBytes))).toBe(0)
  }, 60_000)
})

describe('names and refusals', () => {
  test.each(['uImage', '/tftp/uImage', 'UIMAGE', '/Some/Where/uimage', '../../../etc/uImage'])('%s is found', async (name) => {
    const { server, fetch } = await bench()
    server.offer('uImage', image(10))
    expect(await fetch({ name })).toMatchObject({ kind: 'done' })
  })
  test('exact goes before base name and case', async () => {
    const { server, fetch } = await bench()
    server.offer('a', image(1)); server.offer('A', image(2)); server.offer('d/a', image(3))
    expect(await fetch({ name: 'A' })).toMatchObject({ bytes: image(2) })
    expect(await fetch({ name: 'd/a' })).toMatchObject({ bytes: image(3) })
    expect(await fetch({ name: 'x/a' })).toMatchObject({ bytes: image(1) })
  })
  test('an unknown name is error 1, in words that U-Boot stops at', async () => {
    const { fetch, events, network } = await bench()
    expect(await fetch({ name: 'nothing' })).toEqual({ kind: 'refused', number: 1, message: 'File not found' })
    expect(await fetch({ name: '/etc/passwd' })).toMatchObject({ kind: 'refused', number: 1 })
    expect(events.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['failed nothing', 'failed /etc/passwd'])
    expect(network.openSockets).toBe(1)
  })
  test('a text mode is refused in words', async () => {
    const { server, fetch } = await bench()
    server.offer('file', image(10))
    expect(await fetch({ name: 'file', mode: 'netascii' })).toEqual({ kind: 'refused', number: 0, message: 'Mode netascii is not served: use binary (octet)' })
  })
  test('writing without a slot is error 2, also over an offered name', async () => {
    const { server, send } = await bench()
    server.offer('file', image(10))
    expect(await send({ name: 'file' }, image(5))).toMatchObject({ kind: 'refused', number: 2 })
  })
  test('an upload that is too large ends with error 3, announced or not, and the slot stays open', async () => {
    const { server, send } = await bench()
    const slot = server.openUpload('dump', 1_000)
    expect(await send({ name: 'dump' }, image(1_001))).toMatchObject({ kind: 'refused', number: 3 })
    expect(await send({ name: 'dump', options: { tsize: 1_001 } }, image(1_001))).toMatchObject({ kind: 'refused', number: 3 })
    expect(await send({ name: 'dump' }, image(1_000))).toMatchObject({ kind: 'done' })
    expect(await slot.bytes).toEqual(image(1_000))
    expect(await send({ name: 'dump' }, image(5))).toMatchObject({ kind: 'refused', number: 2 })
  })
  test('an announced size beyond the slot is refused before a byte is taken', async () => {
    const { server, clock, network } = await bench()
    server.openUpload('dump', 1_000).bytes.catch(() => undefined)
    const client = await openClient(network, clock)
    client.socket.send(requestOf(2, { name: 'dump', options: { tsize: 1_001 } }), serverEnd)
    expect([...(await clock.run(client.next(1_000)))!.bytes.subarray(0, 4)]).toEqual([0, 5, 0, 3])
    await client.socket.close()
  })
  test('a slot has one writer at a time, and opens once', async () => {
    const { server, clock, network } = await bench()
    const slot = server.openUpload('dump', 10_000)
    expect(() => server.openUpload('dump', 1)).toThrow(expect.objectContaining({ code: 'input/conflict' }))
    const first = sendByTftp(network, clock, serverEnd, { name: 'dump' }, image(6_000))
    const second = sendByTftp(network, clock, serverEnd, { name: 'dump', address: '10.0.0.21' }, image(10))
    expect((await clock.run(Promise.all([first, second]))).map(({ kind }) => kind)).toEqual(['done', 'refused'])
    expect(await slot.bytes).toEqual(image(6_000))
  })
  test('the last ACK of an upload lost: it is said again, though the transfer is over', async () => {
    let lost = false
    const { server, send } = await bench({}, { fate: (passage) => { if (lost || !isAck(passage) || blockOf(passage) !== 2) return 'delivered'; lost = true; return 'lost' } })
    const slot = server.openUpload('dump', 1_000)
    expect(await send({ name: 'dump', waitMs: 1_000 }, image(600))).toMatchObject({ kind: 'done' })
    expect(await slot.bytes).toEqual(image(600))
  })
  test('closing a slot or the server rejects who waits for the bytes', async () => {
    const { server } = await bench()
    const first = server.openUpload('one', 10)
    const second = server.openUpload('two', 10)
    first.close()
    await expect(first.bytes).rejects.toMatchObject({ code: 'link/closed' })
    await server.close()
    await expect(second.bytes).rejects.toMatchObject({ code: 'link/closed' })
  })
  test('the 65th transfer is refused in words, and served once another has ended', async () => {
    const { server, clock, network, fetch } = await bench()
    server.offer('file', image(5_000))
    const clients = await Promise.all(Array.from({ length: 64 }, async () => openClient(network, clock)))
    for (const { socket } of clients) socket.send(requestOf(1, { name: 'file' }), serverEnd)
    await clock.advance(5)
    expect(server.activeTransfers()).toBe(64)
    expect(await fetch({ name: 'file' })).toMatchObject({ kind: 'refused', number: 0, message: expect.stringContaining('Too many transfers') as string })
    clients[0]!.socket.send(bytesOfText('\0\x05\0\0enough\0'), serverEnd)
    await clock.advance(5)
    expect(await fetch({ name: 'file' })).toMatchObject({ kind: 'done' })
    for (const { socket } of clients) await socket.close()
  })
})

describe('the life of a transfer', () => {
  const begun = async (options: Partial<TftpServerOptions> = {}) => {
    const made = await bench(options)
    const offer = made.server.offer('file', image(5_000))
    const client = await openClient(made.network, made.clock)
    client.socket.send(requestOf(1, { name: 'file' }), serverEnd)
    const first = await made.clock.run(client.next(1_000))
    return { ...made, offer, client, from: first!.from }
  }
  test.each(['listening-port', 'fresh-port'] as const)('a silent client is forgotten after 30 s (%s)', async (answerFrom) => {
    const { server, clock, client, events } = await begun({ answerFrom })
    await clock.advance(29_500)
    expect(server.activeTransfers()).toBe(1)
    await clock.advance(1_000)
    expect(server.activeTransfers()).toBe(0)
    expect(events.at(-1)).toMatchObject({ kind: 'failed', reason: 'the client went silent' })
    await client.socket.close()
  })
  test('an ERROR of the client ends it at once, and late packets get no answer', async () => {
    const { server, clock, client, events, network, from } = await begun()
    client.socket.send(bytesOfText('\0\x05\0\0no more memory\0'), from)
    await clock.advance(5)
    expect(server.activeTransfers()).toBe(0)
    expect(events.at(-1)).toMatchObject({ kind: 'failed', reason: 'the client stopped: no more memory (error 0)' })
    const before = network.passages.length
    client.socket.send(ack(1), from)
    await clock.advance(2_000)
    expect(network.passages.length).toBe(before + 1)
    await client.socket.close()
  })
  test('another request from the same port gives the old transfer up', async () => {
    const { server, clock, client, events } = await begun()
    server.offer('other', image(20))
    client.mails.length = 0
    client.socket.send(requestOf(1, { name: 'other' }), serverEnd)
    expect((await clock.run(client.next(1_000)))!.bytes).toHaveLength(24)
    expect(server.activeTransfers()).toBe(1)
    expect(events.some((event) => event.kind === 'failed' && event.reason === 'the client started again')).toBe(true)
    await client.socket.close()
  })
  test('the same request again repeats the OACK, and after a second of silence starts over', async () => {
    const { server, clock, network } = await bench()
    server.offer('file', image(5_000))
    const client = await openClient(network, clock)
    const ask = async () => { client.socket.send(requestOf(1, { name: 'file', options: { blksize: 400 } }), serverEnd); return clock.run(client.next(200)) }
    expect((await ask())!.bytes[1]).toBe(6)
    expect((await ask())!.bytes[1]).toBe(6)
    expect(server.activeTransfers()).toBe(1)
    client.socket.send(ack(0), serverEnd)
    client.socket.send(ack(1), serverEnd)
    await clock.advance(1_500)
    client.mails.length = 0
    expect((await ask())!.bytes[1]).toBe(6)
    expect(server.activeTransfers()).toBe(1)
    await client.socket.close()
  })
  test('withdrawing an offer tells the client and ends its transfer', async () => {
    const { server, clock, client, offer } = await begun()
    offer.remove()
    const farewell = await clock.run(client.next(100))
    expect([...farewell!.bytes.subarray(0, 4)]).toEqual([0, 5, 0, 1])
    expect(textOf(farewell!.bytes)).toBe('The file was withdrawn')
    expect(server.activeTransfers()).toBe(0)
    expect(server.remove('file')).toBe(false)
    await client.socket.close()
  })
  test('closing the server tells everybody', async () => {
    const { server, clock, client, events } = await begun()
    await server.close()
    expect(textOf((await clock.run(client.next(100)))!.bytes)).toBe('The server stops')
    expect(events.at(-1)).toMatchObject({ kind: 'failed', reason: 'The server stops' })
    await client.socket.close()
  })
  test('progress comes at most four times a second', async () => {
    const { server, fetch, events } = await bench({}, { latencyMs: 10 })
    server.offer('file', image(100_000))
    await fetch({ name: 'file' })
    const progressed = events.filter(({ kind }) => kind === 'progressed')
    expect(progressed.length).toBeGreaterThan(10)
    expect(progressed.length).toBeLessThanOrEqual(17)
    expect(progressed.every(({ doneBytes }, index) => doneBytes > (progressed[index - 1]?.doneBytes ?? 0))).toBe(true)
  })
})
