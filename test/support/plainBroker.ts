import { createServer, type Server, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import mqtt from 'mqtt'
import { onTestFinished } from 'vitest'
import { type AckMessage, ackMessageSchema } from '../../src/shared/fleet/command.schema.ts'
import { commandTopic, serverSubscriptions } from '../../src/shared/fleet/topics.ts'
import { listenOnLoopback } from './listenOnLoopback.ts'

export interface PlainBroker {
  readonly url: string
  /** Of the server that talks to the screens: every acknowledgement on the canonical topic, in order. */
  readonly acks: readonly AckMessage[]
  readonly healths: readonly Record<string, unknown>[]
  /** Resolves when this screen listens. */
  listening(clientUuid: string): Promise<void>
  send(clientUuid: string, command: unknown, how?: { readonly retain?: boolean }): Promise<void>
  /** Everybody is thrown out and may come again at once. */
  dropAll(): void
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>
}

const everyMs = 20
const mostLooks = 1_500

export async function openPlainBroker(): Promise<PlainBroker> {
  const broker = await Aedes.createBroker()
  const sockets = new Set<Socket>()
  const subscribed = new Set<string>()
  broker.on('subscribe', (_, client) => { if (client) subscribed.add(client.id) })
  broker.on('clientDisconnect', (client) => { subscribed.delete(client.id) })
  const server: Server = createServer((socket) => { sockets.add(socket); socket.once('close', () => { sockets.delete(socket) }); broker.handle(socket) })
  const port = await listenOnLoopback(server)
  const url = `mqtt://127.0.0.1:${port}`
  const acks: AckMessage[] = []
  const healths: Record<string, unknown>[] = []
  const own = await mqtt.connectAsync(url, { clientId: 'server', protocolVersion: 4, reconnectPeriod: 50 })
  await own.subscribeAsync([...serverSubscriptions], { qos: 1 })
  own.on('message', (topic, payload) => {
    if (topic.endsWith('/commands/ack')) acks.push(ackMessageSchema.parse(JSON.parse(payload.toString())))
    if (topic.endsWith('/health')) healths.push(JSON.parse(payload.toString()) as Record<string, unknown>)
  })
  onTestFinished(async () => {
    await own.endAsync(true)
    sockets.forEach((socket) => { socket.destroy() })
    await new Promise<void>((resolve) => { broker.close(resolve) })
    await new Promise<void>((resolve) => { server.close(() => { resolve() }) })
  })
  const until: PlainBroker['until'] = async (what, holds) => {
    for (let look = 0; look < mostLooks; look += 1) {
      if (await holds()) return
      await new Promise((resolve) => { setTimeout(resolve, everyMs) })
    }
    throw new Error(`never: ${what}; acks ${JSON.stringify(acks.map(({ command_id: id, status, error_code: code }) => [id.slice(-3), status, code]))}`)
  }
  return {
    url, acks, healths, until,
    listening: async (clientUuid) => until(`${clientUuid} listens`, () => subscribed.has(`infoscreen-${clientUuid}`)),
    send: async (clientUuid, command, { retain = false } = {}) => { await own.publishAsync(commandTopic(clientUuid), typeof command === 'string' ? command : JSON.stringify(command), { qos: 1, retain }) },
    dropAll: () => { subscribed.clear(); sockets.forEach((socket) => { socket.destroy() }) },
  }
}
