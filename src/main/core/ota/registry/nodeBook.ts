import { nodePhases, type NodePhase, type PhaseCounts, type RegistryNode, type Rollout } from '../../../../shared/ota/registry.schema.ts'
import { type NodeEvent, type NodeFacts, reduceNode, type Standing } from './nodeFold.ts'

/** Nodes of whole cities fit; the one that was silent longest makes room. */
export const mostNodes = 150_000
const mostPoints = 600
const pointEveryMs = 1_000
const standsStillMs = 60_000

export interface NodeNews {
  readonly node: RegistryNode
  readonly before: NodePhase | undefined
}

export interface NodeBook {
  polled(facts: NodeFacts, standing: Standing): void
  fetched(key: Pick<NodeFacts, 'product' | 'channel' | 'id'>, kind: 'fetch-begun' | 'fetch-whole' | 'fetch-cut', version: string): void
  /** A channel has other releases now: each of its nodes is looked at again. The plot begins anew with another version. */
  released(product: string, channel: string, isOther: boolean, standingOf: (node: RegistryNode) => Standing): void
  /** Most recent contact first. */
  list(filter: { readonly product?: string | undefined; readonly channel?: string | undefined; readonly phase?: NodePhase | undefined; readonly limit: number }): RegistryNode[]
  /** Versions that nodes of a channel said they run, one entry for each node. */
  running(product: string, channel: string): string[]
  counts(product: string, channel: string): { readonly nodes: number; readonly counts: PhaseCounts }
  points(product: string, channel: string): Rollout['points']
  /** Called for each change of a phase and each first poll, until the returned function is called. */
  listen(listener: (news: NodeNews) => void): () => void
}

interface Tally {
  readonly counts: Record<NodePhase, number>
  nodes: number
  points: Rollout['points']
}

const noCounts = (): Record<NodePhase, number> => Object.fromEntries(nodePhases.map((phase) => [phase, 0])) as Record<NodePhase, number>
const keyOf = ({ product, channel, id }: { readonly product: string; readonly channel: string; readonly id: string }): string => `${product}/${channel}/${id}`

/** Who polled, who runs what, who fell back: in memory and bounded, because every node tells it again within minutes. */
export function createNodeBook(nowMs: () => number, most = mostNodes): NodeBook {
  const nodes = new Map<string, RegistryNode>()
  const tallies = new Map<string, Tally>()
  const listeners = new Set<(news: NodeNews) => void>()
  const tallyOf = (product: string, channel: string): Tally => {
    const key = `${product}/${channel}`
    const known = tallies.get(key) ?? { counts: noCounts(), nodes: 0, points: [] }
    tallies.set(key, known)
    return known
  }
  const count = (node: RegistryNode, by: 1 | -1): Tally => {
    const tally = tallyOf(node.product, node.channel)
    tally.counts[node.phase] += by
    tally.nodes += by
    return tally
  }
  const apply = (key: string, event: NodeEvent): void => {
    const before = nodes.get(key)
    const node = reduceNode(before, event)
    if (!node) return
    if (before) { count(before, -1); nodes.delete(key) }
    nodes.set(key, node)
    const tally = count(node, 1)
    if (before?.phase !== node.phase) { addPoint(tally, nowMs()); listeners.forEach((listener) => { listener({ node, before: before?.phase }) }) }
    // The first of a Map is the one that was silent longest.
    if (nodes.size > most) {
      const [oldest] = nodes
      if (oldest) { nodes.delete(oldest[0]); count(oldest[1], -1) }
    }
  }
  return {
    polled: (facts, standing) => { apply(keyOf(facts), { kind: 'poll', facts, standing, atMs: nowMs() }) },
    fetched: (key, kind, version) => { apply(keyOf(key), { kind, version, atMs: nowMs() }) },
    released: (product, channel, isOther, standingOf) => {
      if (isOther) tallyOf(product, channel).points = []
      for (const [key, node] of [...nodes]) if (node.product === product && node.channel === channel) apply(key, { kind: 'released', standing: standingOf(node) })
    },
    list: ({ product, channel, phase, limit }) => {
      const found: RegistryNode[] = []
      for (const node of [...nodes.values()].reverse()) {
        if ((product === undefined || node.product === product) && (channel === undefined || node.channel === channel) && (phase === undefined || node.phase === phase)) found.push(node)
        if (found.length >= limit) break
      }
      return found
    },
    running: (product, channel) => [...nodes.values()].flatMap((node) => (node.product === product && node.channel === channel && node.running !== undefined ? [node.running] : [])),
    counts: (product, channel) => { const { counts, nodes: number } = tallyOf(product, channel); return { nodes: number, counts: { ...counts } } },
    points: (product, channel) => [...tallyOf(product, channel).points],
    listen: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
  }
}

/** The last one stands for its second; when there are too many, every other one goes. */
function addPoint(tally: Tally, atMs: number): void {
  const { waiting, fetching, fetched, pending, running, 'fell-back': fellBack } = tally.counts
  // A plot runs forwards: over a little that a clock is set back it stands still, and over more it begins anew, else it would stand for hours.
  if ((tally.points.at(-1)?.atMs ?? atMs) - atMs > standsStillMs) tally.points = []
  const last = tally.points.at(-1)
  const point = { atMs: Math.max(atMs, last?.atMs ?? atMs), waiting, fetching: fetching + fetched, pending, running, fellBack, nodes: tally.nodes }
  if (last && point.atMs - last.atMs < pointEveryMs && tally.points.length > 1) tally.points.splice(-1, 1, point)
  else tally.points.push(point)
  if (tally.points.length > mostPoints) tally.points = tally.points.filter((_, index) => index % 2 === 0 || index === tally.points.length - 1)
}
