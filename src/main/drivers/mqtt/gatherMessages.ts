import type { IPublishPacket, MqttClient } from 'mqtt'
import { toWire } from '../../../shared/errors/workbenchError.ts'

export interface BrokerMessage {
  readonly topic: string
  readonly payload: Uint8Array
  /** Kept by the broker from some time before, and not sent just now. */
  readonly retain: boolean
}

/** Not a failure: it is acknowledged later, by us. */
const later = new Error('acknowledged when it is kept')

/**
 * The library gives one message after the other and acknowledges each before the next, so that each would be a commit of its own. Here
 * those that came in one piece are handed over together, and acknowledged after that, in their order.
 */
export function gatherMessages(client: MqttClient, onMessages: (messages: readonly BrokerMessage[]) => void | Promise<void>, log: (line: string) => void): MqttClient['handleMessage'] {
  let waiting: IPublishPacket[] = []
  let isHanding = false
  /** While some are being kept the next ones stay in the socket. */
  let goOn: (() => void) | undefined

  const handOver = async (): Promise<void> => {
    const packets = waiting
    waiting = []
    isHanding = true
    try {
      await onMessages(packets.map(({ topic, payload, retain }) => ({ topic, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, retain })))
    } catch (error) {
      // Without their acknowledgement the broker keeps them, and brings them again.
      log(`${packets.length === 1 ? 'A message' : `${packets.length} messages`} could not be kept: ${toWire(error).message}`)
      client.end(true)
      return
    }
    isHanding = false
    const arrived = packets.flatMap(({ qos, messageId = 0 }) => (qos === 1 ? [0x40, 2, messageId >> 8, messageId & 0xff] : []))
    if (arrived.length > 0 && client.connected) client.stream.write(Buffer.from(arrived))
    goOn?.()
    goOn = undefined
  }
  return (packet, done) => {
    waiting.push(packet)
    if (waiting.length === 1 && !isHanding) setImmediate(() => { void handOver() })
    const next = (): void => {
      // With an error the library says nothing to the broker, and goes on.
      if (packet.qos === 1) done(later)
      else done()
    }
    if (!isHanding) { next(); return }
    goOn = () => { setImmediate(() => { void handOver() }); next() }
  }
}
