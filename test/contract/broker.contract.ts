import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ackTopic, commandTopic, serverSubscriptions, serviceFailedTopic } from '../../src/shared/fleet/topics.ts'
import { type BrokerLink, type BrokerLinkOptions, openBrokerLink } from '../../src/main/drivers/mqtt/brokerLink.ts'
import { createDeferred } from '../../src/shared/lifecycle/signals.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import { clientA, clientB } from '../support/commandFixture.ts'
import { createRealClock } from '../support/realClock.ts'

export interface OpenedBroker {
  readonly url: string
  readonly ca?: string
  /** Away, until it is let in again at the same place. */
  down(): Promise<void>
  up(): Promise<void>
  close(): Promise<void>
}

/** The accounts that every broker under test has. */
export const brokerLogins = {
  server: { user: 'infoscreen-server', password: 'server word' }, a: { user: 'infoscreen-client-9b8d1856', password: 'word of a' }, b: { user: 'infoscreen-client-11111111', password: 'word of b' },
} as const

interface Heard { readonly topic: string; readonly text: string; readonly retain: boolean }
interface Listener { readonly link: BrokerLink; readonly heard: Heard[]; until(isSo: (heard: readonly Heard[]) => boolean): Promise<void> }

const realDeadlineMs = 10_000
/** Real time, but a pause between two tries is short, however often it was doubled. */
export const eager = (): Clock => { const real = createRealClock(); return { ...real, sleep: async (ms, signal) => real.sleep(ms === realDeadlineMs ? ms : Math.min(ms, 20), signal) } }
const within = (): AbortSignal => AbortSignal.timeout(10_000)

/** What the driver and a broker do together, whichever broker that is. */
export function describeBroker(name: string, open: () => Promise<OpenedBroker>): void {
  describe(`broker contract: ${name}`, () => {
    let broker: OpenedBroker
    const links: BrokerLink[] = []
    const logged: string[] = []
    beforeEach(async () => { broker = await open() })
    afterEach(async () => { await Promise.all(links.splice(0).map(async (link) => link.close())); await broker.close() })

    const listen = (login: keyof typeof brokerLogins | undefined, subscriptions: readonly string[], more: Partial<BrokerLinkOptions> = {}): Listener => {
      const heard: Heard[] = []
      let news = createDeferred<void>()
      const link = openBrokerLink({
        url: broker.url, clock: eager(), clientId: `${login ?? 'nobody'}-${links.length}`, isLasting: false, subscriptions, log: (line) => { logged.push(line) },
        ...(broker.ca === undefined ? {} : { tls: { ca: broker.ca } }), ...(login === undefined ? {} : { login: brokerLogins[login] }),
        onMessages: (messages) => { for (const { topic, payload, retain } of messages) heard.push({ topic, text: new TextDecoder().decode(payload), retain }); news.resolve(); news = createDeferred() },
        ...more,
      })
      links.push(link)
      return { link, heard, until: async (isSo) => { const signal = within(); while (!isSo(heard)) { await Promise.race([news.promise, new Promise((_, reject) => { signal.addEventListener('abort', () => { reject(new Error(`heard only ${JSON.stringify(heard)}; ${logged.join('; ')}`)) }, { once: true }) })]) } } }
    }
    const server = (more: Partial<BrokerLinkOptions> = {}): Listener => listen('server', serverSubscriptions, more)
    const screen = (login: 'a' | 'b', uuid: string, more: Partial<BrokerLinkOptions> = {}): Listener => listen(login, [commandTopic(uuid)], more)

    test('a command reaches its screen, the ack the server, neither of them kept', async () => {
      const [desk, a, b] = [server(), screen('a', clientA), screen('b', clientB)]
      await Promise.all([desk, a, b].map(async ({ link }) => link.connected(within())))
      await desk.link.publish(commandTopic(clientA), '{"to":"a"}', { retain: false }, within())
      await a.until((heard) => heard.length === 1)
      await a.link.publish(ackTopic(clientA), '{"from":"a"}', { retain: false }, within())
      await desk.until((heard) => heard.length === 1)
      expect([a.heard, desk.heard, b.heard]).toEqual([[{ topic: commandTopic(clientA), text: '{"to":"a"}', retain: false }], [{ topic: ackTopic(clientA), text: '{"from":"a"}', retain: false }], []])
      const late = screen('a', clientA)
      await late.link.connected(within())
      await desk.link.publish(commandTopic(clientA), 'again', { retain: false }, within())
      await late.until((heard) => heard.length > 0)
      expect(late.heard.map(({ text }) => text)).toEqual(['again'])
    })

    test('4.31 a client that publishes commands, one that acks for another, one that listens to another, and nobody: all refused', async () => {
      const desk = server()
      const b = screen('b', clientB)
      await Promise.all([desk, b].map(async ({ link }) => link.connected(within())))
      const a = screen('a', clientA)
      await a.link.connected(within())
      // Some brokers end the connection over it, others take it and drop it; nobody hears it, that is what counts.
      for (const topic of [commandTopic(clientB), ackTopic(clientB), serviceFailedTopic(clientB)]) {
        await a.link.connected(within())
        await a.link.publish(topic, 'forged', { retain: false }, within()).catch(() => undefined)
      }
      const spy = listen('a', [commandTopic(clientB)])
      await desk.link.publish(commandTopic(clientB), 'true', { retain: false }, within())
      await b.link.publish(ackTopic(clientB), 'true', { retain: false }, within())
      await Promise.all([desk.until((heard) => heard.length > 0), b.until((heard) => heard.length > 0)])
      expect([desk.heard.map(({ text }) => text), b.heard.map(({ text }) => text), spy.heard]).toEqual([['true'], ['true'], []])
      const wrong = { ...brokerLogins.a, password: 'wrong' }
      for (const [refused, why] of [[listen(undefined, []), 'The broker takes nobody without a login'], [listen(undefined, [], { login: wrong }), `The broker refuses the login of ${wrong.user}: it has no such account, or another password`]] as const) {
        const tried = new Promise<void>((resolve) => { const look = setInterval(() => { if (refused.link.state().state === 'waiting' || refused.link.state().problem !== undefined) { clearInterval(look); resolve() } }, 5) })
        await tried
        expect([refused.link.isConnected(), refused.link.state().problem]).toEqual([false, why])
      }
    })

    test('what a screen missed while it was away it gets when it is back, with a session that lasts', async () => {
      const desk = server()
      const first = screen('a', clientA, { clientId: 'screen-a', isLasting: true })
      await Promise.all([desk, first].map(async ({ link }) => link.connected(within())))
      await first.link.close()
      await desk.link.publish(commandTopic(clientA), 'missed', { retain: false }, within())
      const second = screen('a', clientA, { clientId: 'screen-a', isLasting: true })
      await second.until((heard) => heard.length === 1)
      expect(second.heard).toMatchObject([{ text: 'missed' }])
    })

    test('4.29 an alert that is kept is heard by whoever comes later; cleared, by nobody', async () => {
      const a = screen('a', clientA)
      await a.link.connected(within())
      await a.link.publish(serviceFailedTopic(clientA), '{"event":"service_failed"}', { retain: true }, within())
      const desk = server()
      await Promise.all([desk.link.connected(within()), desk.until((heard) => heard.length === 1)])
      expect(desk.heard).toEqual([{ topic: serviceFailedTopic(clientA), text: '{"event":"service_failed"}', retain: true }])
      await desk.link.publish(serviceFailedTopic(clientA), '', { retain: true }, within())
      await desk.until((heard) => heard.length === 2)
      const later = server()
      await later.link.connected(within())
      await a.link.publish(ackTopic(clientA), 'mark', { retain: false }, within())
      await later.until((heard) => heard.length > 0)
      expect(later.heard.map(({ text }) => text)).toEqual(['mark'])
    })

    test('a broker that goes and comes: nobody waits for it, nothing is kept for it, and everything is listened to again', async () => {
      const states: string[] = []
      const desk = server({ onState: ({ state }) => { states.push(state) } })
      await desk.link.connected(within())
      await broker.down()
      for (let turn = 0; desk.link.isConnected() && turn < 1_000; turn += 1) await new Promise((resolve) => { setTimeout(resolve, 5) })
      await expect(desk.link.publish(commandTopic(clientA), 'x', { retain: false }, within())).rejects.toMatchObject({ code: 'link/closed' })
      await broker.up()
      await desk.link.connected(within())
      const a = screen('a', clientA)
      await a.link.connected(within())
      await a.link.publish(ackTopic(clientA), 'back', { retain: false }, within())
      await desk.until((heard) => heard.length === 1)
      expect(desk.link.state().reconnectCount).toBeGreaterThanOrEqual(1)
      expect(states).toContain('waiting')
      expect(a.heard).toEqual([])
    })

    test('what could not be kept is brought again', async () => {
      let fails = 1
      const kept: string[] = []
      const arrived = createDeferred<undefined>()
      const desk = server({
        clientId: 'lasting-server', isLasting: true,
        onMessages: (messages) => { fails -= 1; if (fails >= 0) throw new Error('the disk is full'); kept.push(...messages.map(({ payload }) => new TextDecoder().decode(payload))); arrived.resolve(undefined) },
      })
      const a = screen('a', clientA)
      await Promise.all([desk, a].map(async ({ link }) => link.connected(within())))
      await a.link.publish(ackTopic(clientA), 'completed', { retain: false }, within())
      await arrived.promise
      expect(kept).toEqual(['completed'])
      expect(logged.join()).toContain('could not be kept')
    })
  })
}
