import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { placesFrom, podService } from '../../src/main/core/rack/discovery.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { browseMdns } from '../../src/main/drivers/network/mdnsBrowse.ts'
import { announce, ownGroup } from '../support/mdnsAnnouncer.ts'

const never = new AbortController().signal
const clock = createSystemClock()
test('pods that another program announces are found by its real answers', async () => {
  const where = await ownGroup()
  await announce(where, [{ name: 'rack-node-001', port: 8080, host: 'rack-node-001.local' }, { name: 'Printer "x"', port: 631, host: 'printer.local' }])
  const places = placesFrom(await browseMdns({ types: [podService], forMs: 3_000, clock, group: where, interfaces: ['127.0.0.1'] }, never))
  expect(places.map(({ kind, name, host }) => [kind, name, host])).toEqual([['pod', 'rack-node-001', 'rack-node-001.local'], ['other', 'Printer "x"', 'printer.local']])
  expect(places[0]?.address).toMatch(/^rack:\/\/[\d.a-z-]+$/)
})

test('a flood of rubbish and lies neither stops it nor fills the list', async () => {
  const where = await ownGroup()
  const socket = createSocket({ type: 'udp4', reuseAddr: true }).bind(0)
  await once(socket, 'listening')
  onTestFinished(async () => { const closed = once(socket, 'close'); socket.close(); await closed })
  socket.setMulticastInterface('127.0.0.1')
  const flood = new AbortController()
  const flooding = (async () => {
    for (let round = 0; round < 400 && !flood.signal.aborted; round += 1) {
      socket.send(Uint8Array.from({ length: 1 + (round * 7) % 1400 }, (_, index) => (round * 31 + index * 17) & 0xff), where.port, where.address)
      await clock.sleep(2, never)
    }
  })()
  await announce(where, [{ name: 'rack-node-001', port: 8080, host: 'rack-node-001.local' }])
  const places = placesFrom(await browseMdns({ types: [podService], forMs: 3_000, clock, group: where, interfaces: ['127.0.0.1'] }, never))
  flood.abort()
  await flooding
  expect(places.map(({ name }) => name)).toEqual(['rack-node-001'])
})

test('a cancel ends it at once, and no network is said in words', async () => {
  const stop = new AbortController()
  const browsing = browseMdns({ types: [podService], forMs: 30_000, clock, group: await ownGroup(), interfaces: ['127.0.0.1'] }, stop.signal)
  stop.abort(new Error('enough'))
  await expect(browsing).rejects.toThrow('enough')
  await expect(browseMdns({ types: [podService], forMs: 1_000, clock, group: await ownGroup(), interfaces: [] }, never)).rejects.toMatchObject({ code: 'host/io', hint: 'Give the address of the pod by hand' })
})
