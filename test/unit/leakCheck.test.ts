import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { countOpen, describeNew, leftSince } from '../support/leakCheck.ts'

test('an open server, its client, a datagram socket and a timer are seen, and gone when closed', async () => {
  const before = countOpen()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const address = server.address()
  const client = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
  await accepted
  const datagrams = createSocket('udp4').bind(0, '127.0.0.1')
  await once(datagrams, 'listening')
  // Several, because one that the test runner had at the beginning may have run out meanwhile.
  const timers = Array.from({ length: 5 }, () => setTimeout(() => undefined, 60_000))

  const seen = describeNew(before, countOpen())
  expect(seen).toContain('1 TCPServerWrap')
  expect(seen).toContain('2 TCPSocketWrap')
  expect(seen).toContain('1 UDPWrap')
  expect(seen).toMatch(/\d Timeout/)

  for (const timer of timers) clearTimeout(timer)
  datagrams.close()
  client.destroy()
  server.close()
  expect(await leftSince(before)).toBe('')
})

test('more of a kind that was there before is told as the difference', () => {
  expect(describeNew(new Map([['Timeout', 2]]), new Map([['Timeout', 3], ['UDPWrap', 1]]))).toBe('1 Timeout, 1 UDPWrap')
  expect(describeNew(new Map([['Timeout', 2]]), new Map([['Timeout', 1]]))).toBe('')
})
