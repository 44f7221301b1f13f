import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { NodeBehaviour } from './nodeBehaviours.ts'
import type { NodeHttp } from './nodeHttp.ts'
import { makeNodeImage } from './nodeImage.ts'
import { createSimNode, type SimNode } from './simNode.ts'

export const demoNodes = 20

export interface SimNodesOptions {
  readonly clock: Clock
  readonly base: string
  readonly random: () => number
  readonly log: (line: string) => void
  readonly count?: number
  readonly version?: string
  readonly project?: string
  readonly http?: NodeHttp
  /** By the number of the node, from 1. */
  readonly behaviours?: Readonly<Record<number, readonly NodeBehaviour[]>>
}

export interface SimNodes {
  readonly nodes: readonly SimNode[]
  close(): Promise<void>
}

/** Nodes of a demo rack. They were switched on one after another within a poll's time, so they do not all ask at once. */
export function startSimNodes({ clock, base, random, log, count = demoNodes, version = '1.0.0', project = 'esp32-csi-node', http, behaviours = {} }: SimNodesOptions): SimNodes {
  const stop = new AbortController()
  const factory = makeNodeImage({ version, project })
  const nodes = Array.from({ length: count }, (_, index) => createSimNode({
    id: `node-${String(index + 1).padStart(2, '0')}`, clock, base, factory, random, tellsItself: true, behaviours: behaviours[index + 1] ?? [], ...(http ? { http } : {}),
  }))
  const running = nodes.map(async (node, index) => {
    try {
      await clock.sleep(index * (300_000 / count), stop.signal)
      await node.run(stop.signal)
    } catch (error) {
      if (!stop.signal.aborted) log(`${node.id} stands still: ${String(error)}`)
    }
  })
  return { nodes, close: async () => { stop.abort(); await Promise.all(running) } }
}
