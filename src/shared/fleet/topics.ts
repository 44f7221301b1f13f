import { fleetUuidSchema } from './command.schema.ts'

const root = 'infoscreen'

/** The names of a screen's topics below its own folder. The singular ones are from before the contract was frozen, and are still served. */
const leaves = {
  commands: 'command', command: 'command',
  'commands/ack': 'ack', 'command/ack': 'ack',
  heartbeat: 'heartbeat', health: 'health', service_failed: 'serviceFailed',
} as const
export type TopicKind = (typeof leaves)[keyof typeof leaves] | 'logs'

export interface FleetTopic {
  readonly clientUuid: string
  readonly kind: TopicKind
  /** On one of the singular topics of the migration. */
  readonly transitional: boolean
}

export const commandTopic = (clientUuid: string): string => `${root}/${clientUuid}/commands`
export const transitionalCommandTopic = (clientUuid: string): string => `${root}/${clientUuid}/command`
export const ackTopic = (clientUuid: string): string => `${root}/${clientUuid}/commands/ack`
export const transitionalAckTopic = (clientUuid: string): string => `${root}/${clientUuid}/command/ack`
export const heartbeatTopic = (clientUuid: string): string => `${root}/${clientUuid}/heartbeat`
export const healthTopic = (clientUuid: string): string => `${root}/${clientUuid}/health`
export const serviceFailedTopic = (clientUuid: string): string => `${root}/${clientUuid}/service_failed`

/** What the server listens to. */
export const serverSubscriptions: readonly string[] = ['commands/ack', 'command/ack', 'heartbeat', 'health', 'service_failed'].map((leaf) => `${root}/+/${leaf}`)
/** What a screen listens to, while both names are in use. */
export const clientSubscriptions = (clientUuid: string): readonly string[] => [commandTopic(clientUuid), transitionalCommandTopic(clientUuid)]

/** Undefined for everything that is no topic of the contract. */
export function readTopic(topic: string): FleetTopic | undefined {
  const [first, clientUuid = '', ...rest] = topic.split('/')
  if (first !== root || !fleetUuidSchema.safeParse(clientUuid).success) return undefined
  const leaf = rest.join('/')
  if (rest[0] === 'logs') return { clientUuid, kind: 'logs', transitional: false }
  if (!Object.hasOwn(leaves, leaf)) return undefined
  return { clientUuid, kind: leaves[leaf as keyof typeof leaves], transitional: rest[0] === 'command' }
}

export const serverAccount = 'infoscreen-server'
export const clientAccount = (clientUuid: string): string => `infoscreen-client-${clientUuid.slice(0, 8)}`

/** Who an account of the broker is. The name of a screen's account holds only the beginning of its id; the id it may speak for is the whole one. */
export type BrokerRole = { readonly kind: 'server' } | { readonly kind: 'client'; readonly clientUuid: string }

export function mayPublish(role: BrokerRole, topic: string): boolean {
  const found = readTopic(topic)
  if (!found) return false
  // The server takes a screen's alert back with an empty message on the same topic.
  if (role.kind === 'server') return found.kind === 'command' || found.kind === 'serviceFailed'
  return found.clientUuid === role.clientUuid && found.kind !== 'command'
}

export function maySubscribe(role: BrokerRole, filter: string): boolean {
  if (role.kind === 'client') return clientSubscriptions(role.clientUuid).includes(filter)
  return serverSubscriptions.includes(filter) || [`${root}/+/logs/#`].includes(filter)
}
