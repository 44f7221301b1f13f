import type { Clock } from '../../shared/lifecycle/clock.ts'
import { defaultChannel } from '../../shared/ota/registry.schema.ts'
import { openRegistryDoor } from '../drivers/http/registryDoor.ts'
import { neverConfirms } from '../sim/node/nodeBehaviours.ts'
import type { NodeHttp } from '../sim/node/nodeHttp.ts'
import { makeNodeImage } from '../sim/node/nodeImage.ts'
import { type SimNodes, startSimNodes } from '../sim/node/startSimNodes.ts'
import { type OpenRegistry, sourceOf } from './registryDesk.ts'

/** Apart from the products of real nodes, in the same registry. */
export const demoProduct = 'demo-node'
/** What the nodes run, and what is kept for a rollout to be watched. */
const [first, next] = ['1.0.0', '1.1.0'] as const
/** Its firmware starts and is never well after the update, so that a node that goes back can be seen. */
const poorNode = 7

/** A poll every ten seconds: a rollout is over within a minute, and each of its steps can be seen. */
export const demoNodesPace = 30

export interface DemoNodesDeps {
  readonly registry: OpenRegistry
  /** Of the nodes: a demonstration lets their minutes pass in seconds. */
  readonly clock: Clock
  readonly hostClock: Clock
  readonly random: () => number
  readonly log: (line: string) => void
  readonly http?: NodeHttp
}

export interface DemoNodes extends Pick<SimNodes, 'nodes'> {
  close(): Promise<void>
}

/** Twenty nodes that poll the workbench's registry through a door of their own, of this computer alone and without uploads. */
export async function openDemoNodes({ registry, clock, hostClock, random, log, http }: DemoNodesDeps, signal: AbortSignal): Promise<DemoNodes> {
  for (const version of [first, next]) {
    const bytes = makeNodeImage({ version, project: demoProduct })
    await registry.add({ product: demoProduct, version }, { name: `${demoProduct}-${version}.bin`, sizeBytes: bytes.length, sidecar: undefined, pieces: () => whole(bytes) }, signal)
  }
  const isReleased = registry.channels().some(({ product, channel }) => product === demoProduct && channel === defaultChannel)
  if (!isReleased) await registry.publish({ product: demoProduct, channel: defaultChannel, version: first, percent: 100, groups: [] }, signal)
  const door = await openRegistryDoor({ source: sourceOf(registry), clock: hostClock, address: '127.0.0.1', port: 0, token: undefined, log })
  const rack = startSimNodes({
    clock, random, log, version: first, project: demoProduct, base: `${door.url}/api/v1/products/${demoProduct}/channels/${defaultChannel}/firmware`,
    behaviours: { [poorNode]: [neverConfirms(next)] }, ...(http ? { http } : {}),
  })
  return {
    nodes: rack.nodes,
    close: async () => {
      await rack.close()
      await door.close()
    },
  }
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  await Promise.resolve()
  yield bytes
}
