import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { openBrokerLink } from '../../src/main/drivers/mqtt/brokerLink.ts'
import { type EmbeddedBroker, openEmbeddedBroker } from '../../src/main/drivers/mqtt/embeddedBroker.ts'
import type { BrokerRole } from '../../src/shared/fleet/topics.ts'
import { clientA, clientB } from '../support/commandFixture.ts'
import { createThrowAwayCertificate } from '../support/throwAwayCertificate.ts'
import { brokerLogins, describeBroker, eager, type OpenedBroker } from './broker.contract.ts'

const roles: Readonly<Record<keyof typeof brokerLogins, BrokerRole>> = { server: { kind: 'server' }, a: { kind: 'client', clientUuid: clientA }, b: { kind: 'client', clientUuid: clientB } }
const accounts = () => Object.entries(brokerLogins).map(([key, { user, password }]) => ({ name: user, password, role: roles[key as keyof typeof roles] }))

async function openAedes(log: string[] = [], tls?: { cert: string; key: string }): Promise<OpenedBroker & { readonly port: number }> {
  const options = { accounts, log: (line: string) => { log.push(line) }, ...(tls ? { tls, address: 'localhost' } : {}) }
  let broker: EmbeddedBroker | undefined = await openEmbeddedBroker({ ...options, port: 0 })
  const { port, url } = broker
  const down = async (): Promise<void> => { await broker?.close(); broker = undefined }
  return { url, port, down, close: down, up: async () => { broker = await openEmbeddedBroker({ ...options, port }) }, ...(tls ? { ca: tls.cert } : {}) }
}

describeBroker('embedded', async () => openAedes())
describeBroker('embedded, TLS', async () => openAedes([], createThrowAwayCertificate('localhost')))

test('fault: a message that is too large ends its connection before it was gathered, and the broker lives on', async () => {
  const log: string[] = []
  const broker = await openAedes(log)
  const link = openBrokerLink({ url: broker.url, clock: eager(), login: brokerLogins.a, clientId: 'a', isLasting: false, subscriptions: [], onMessages: () => undefined, log: () => undefined })
  await link.connected(AbortSignal.timeout(10_000))
  await expect(link.publish(`infoscreen/${clientA}/logs/x`, 'x'.repeat(200_000), { retain: false }, AbortSignal.timeout(10_000))).rejects.toMatchObject({ code: 'link/closed' })
  expect(log.join()).toContain('too large')
  // Also of somebody who has not even said who it is.
  const stranger = connect(broker.port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => { stranger.on('close', () => { resolve() }) })
  stranger.on('error', () => undefined)
  stranger.write(Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f))
  await closed
  await link.connected(AbortSignal.timeout(10_000))
  await link.close()
  await broker.close()
})

test('a login in the address is refused, and so is what is no broker', () => {
  const options = { clock: eager(), clientId: 'x', isLasting: false, subscriptions: [], onMessages: () => undefined, log: () => undefined }
  for (const url of ['mqtt://user:word@host', 'http://host', 'mqtt://', 'host:1883']) expect(() => openBrokerLink({ ...options, url })).toThrowError(expect.objectContaining({ code: 'input/malformed' }) as Error)
})
