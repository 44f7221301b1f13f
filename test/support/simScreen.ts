import type { AckStatus, CommandMessage } from '../../src/shared/fleet/command.schema.ts'
import { ackTopic, clientAccount, clientSubscriptions } from '../../src/shared/fleet/topics.ts'
import { type BrokerLink, openBrokerLink } from '../../src/main/drivers/mqtt/brokerLink.ts'
import { eager } from '../contract/broker.contract.ts'
import { ackText } from './fleetBench.ts'

export interface ScreenStandIn {
  readonly link: BrokerLink
  readonly got: CommandMessage[]
  /** Ids that it carried out; each at most once. */
  readonly done: string[]
  close(): Promise<void>
}

/** A screen that does what it is told, once for each id, and answers with these acks. */
export function openScreen(url: string, clientUuid: string, password: string, answers: readonly AckStatus[] = ['accepted', 'execution_started', 'completed'], ca?: string): ScreenStandIn {
  const got: CommandMessage[] = []
  const done: string[] = []
  const never = new AbortController().signal
  const link = openBrokerLink({
    url, clock: eager(), login: { user: clientAccount(clientUuid), password }, clientId: `screen-${clientUuid}`, isLasting: true, subscriptions: clientSubscriptions(clientUuid), log: () => undefined,
    ...(ca === undefined ? {} : { tls: { ca } }),
    onMessages: (messages) => { for (const { payload, retain } of messages) if (!retain) take(payload) },
  })
  const take = (payload: Uint8Array): void => {
    const command = JSON.parse(new TextDecoder().decode(payload)) as CommandMessage
    got.push(command)
    if (done.includes(command.command_id)) return
    done.push(command.command_id)
    void (async () => { for (const status of answers) await link.publish(ackTopic(clientUuid), ackText(command.command_id, status), { retain: false }, never) })().catch(() => undefined)
  }
  return { link, got, done, close: async () => link.close() }
}
