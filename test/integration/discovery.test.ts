import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { expect, onTestFinished, test } from 'vitest'
import { placesFrom, podService } from '../../src/main/core/rack/discovery.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { browseMdns } from '../../src/main/drivers/network/mdnsBrowse.ts'
import { freeUdpPort } from '../support/freePort.ts'

const never = new AbortController().signal
const clock = createSystemClock()
const group = async (): Promise<{ readonly address: string; readonly port: number }> => ({ address: '224.0.0.251', port: await freeUdpPort() })

/** Another program's announcements, on loopback and a port of this test. */
async function announce(where: { readonly port: number }, services: readonly { readonly name: string; readonly port: number; readonly host: string }[]): Promise<void> {
  const { Bonjour } = createRequire(import.meta.url)('bonjour-service') as { Bonjour: new (options: object, problem: () => void) => { publish: (service: object) => void; destroy: (done: () => void) => void } }
  const announcer = new Bonjour({ port: where.port, interface: '127.0.0.1', bind: '0.0.0.0' }, () => undefined)
  onTestFinished(async () => new Promise((done) => { announcer.destroy(() => { done() }) }))
  for (const service of services) announcer.publish({ type: 'http', probe: false, ...service })
}

test('pods that another program announces are found by its real answers', async () => {
  const where = await group()
  await announce(where, [{ name: 'rack-node-001', port: 8080, host: 'rack-node-001.local' }, { name: 'Printer "x"', port: 631, host: 'printer.local' }])
  const places = placesFrom(await browseMdns({ types: [podService], forMs: 3_000, clock, group: where, interfaces: ['127.0.0.1'] }, never))
  expect(places.map(({ kind, name, host }) => [kind, name, host])).toEqual([['pod', 'rack-node-001', 'rack-node-001.local'], ['other', 'Printer "x"', 'printer.local']])
  expect(places[0]?.address).toMatch(/^rack:\/\/[\d.a-z-]+$/)
})

test('a flood of rubbish and lies neither stops it nor fills the list', async () => {
  const where = await group()
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
  const browsing = browseMdns({ types: [podService], forMs: 30_000, clock, group: await group(), interfaces: ['127.0.0.1'] }, stop.signal)
  stop.abort(new Error('enough'))
  await expect(browsing).rejects.toThrow('enough')
  await expect(browseMdns({ types: [podService], forMs: 1_000, clock, group: await group(), interfaces: [] }, never)).rejects.toMatchObject({ code: 'host/io', hint: 'Give the address of the pod by hand' })
})
