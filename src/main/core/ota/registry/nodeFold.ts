import type { NodePhase, RegistryNode } from '../../../../shared/ota/registry.schema.ts'
import { neverWords, whyNever } from './firmwareVersion.ts'

/** Whoever asks, as told by the request; bounded and checked before it comes here. */
export interface NodeFacts {
  readonly id: string
  readonly idFrom: 'node' | 'address'
  readonly address: string
  readonly product: string
  readonly channel: string
  readonly group: string | undefined
  readonly running?: string | undefined
  readonly confirmed?: 'confirmed' | 'pending' | undefined
  /** Told by nodes that say so; the registry sees it by itself when a node that ran a version runs an older one again. */
  readonly fellBackFrom?: string | undefined
}

/** What stands for a node, and what the newest release is. */
export interface Standing {
  readonly offered: { readonly version: string; readonly sizeBytes: number } | undefined
  readonly newest: string | undefined
  readonly maxPullBytes: number
}

export type NodeEvent =
  | { readonly kind: 'poll'; readonly facts: NodeFacts; readonly standing: Standing; readonly atMs: number }
  | { readonly kind: 'fetch-begun' | 'fetch-whole' | 'fetch-cut'; readonly version: string; readonly atMs: number }
  | { readonly kind: 'released'; readonly standing: Standing }

/** A node is the fold of what it asked and what it was given; nothing else is known of it. */
export function reduceNode(before: RegistryNode | undefined, event: NodeEvent): RegistryNode | undefined {
  switch (event.kind) {
    case 'poll': return polled(before, event)
    case 'released': return before && withPhase({ ...before, offered: event.standing.offered?.version }, event.standing)
    case 'fetch-begun': return before && { ...before, phase: 'fetching', why: '', downloads: before.downloads + 1, lastMs: event.atMs }
    case 'fetch-cut': return before && { ...before, phase: 'waiting', why: `The connection ended in the middle of ${event.version}`, cutDownloads: before.cutDownloads + 1, lastMs: event.atMs }
    case 'fetch-whole': return before && { ...before, fetched: event.version, phase: 'fetched', why: 'All of it was sent; the node has not told what it runs since', lastMs: event.atMs }
  }
}

function polled(before: RegistryNode | undefined, { facts, standing, atMs }: Extract<NodeEvent, { kind: 'poll' }>): RegistryNode {
  const { running, confirmed, group } = facts
  const offered = standing.offered?.version
  // It ran what it is offered, and runs something else now.
  const seen = before?.running !== undefined && before.running === offered && running !== undefined && running !== offered ? offered : undefined
  const fellBackFrom = facts.fellBackFrom ?? seen ?? (running !== undefined && before?.fellBackFrom === running ? undefined : before?.fellBackFrom)
  const now: RegistryNode = {
    id: facts.id, idFrom: facts.idFrom, address: facts.address, product: facts.product, channel: facts.channel,
    ...(group === undefined ? {} : { group }), ...(running === undefined ? {} : { running }), ...(offered === undefined ? {} : { offered }),
    ...(before?.fetched === undefined ? {} : { fetched: before.fetched }), ...(fellBackFrom === undefined ? {} : { fellBackFrom }),
    confirmed: confirmed ?? 'unknown', phase: 'unknown', why: '',
    polls: (before?.polls ?? 0) + 1, downloads: before?.downloads ?? 0, cutDownloads: before?.cutDownloads ?? 0,
    firstMs: before?.firstMs ?? atMs, lastMs: atMs,
  }
  return withPhase(now, standing)
}

function withPhase(node: RegistryNode, standing: Standing): RegistryNode {
  const [phase, why] = phaseOf(node, standing)
  return { ...node, phase, why }
}

function phaseOf({ running, confirmed, fellBackFrom, fetched, cutDownloads }: RegistryNode, { offered, newest, maxPullBytes }: Standing): readonly [NodePhase, string] {
  if (newest === undefined) return ['unknown', 'Nothing is published']
  if (offered?.version !== newest) return running === newest ? ['running', ''] : ['held', `Not among those that get ${newest} now`]
  const { version, sizeBytes } = offered
  if (running === version) return confirmed === 'pending' ? ['pending', 'It runs and is not confirmed yet; it goes back when that fails'] : ['running', '']
  if (fellBackFrom === version) return ['fell-back', `It ran ${version} and went back to ${running ?? 'what it had'}`]
  if (running === undefined) return fetched === version ? ['fetched', 'All of it was sent; this node never tells what it runs'] : ['unknown', 'It does not tell what it runs']
  const never = whyNever({ running, offered: version, sizeBytes, maxPullBytes })
  if (never) return ['never-takes', neverWords(never, { running, offered: version })]
  if (fetched === version) return ['waiting', `It fetched all of ${version} and still runs ${running}: it refused the image, or went back`]
  return ['waiting', cutDownloads > 0 ? 'It tries again at its next poll' : '']
}
