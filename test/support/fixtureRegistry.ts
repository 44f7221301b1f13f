import { implement } from '@orpc/server'
import { registryContract, type RegistryView } from '../../src/shared/contracts/registry.contract.ts'
import { type FirmwareImage, nodePhases, type PhaseCounts, type PublishWarning, type RegistryNode, type ReleaseRow, type Rollout, type RolloutPoint } from '../../src/shared/ota/registry.schema.ts'

type Stream = <T>(first: readonly T[], listen: (tell: (value: T) => void) => () => void, signal: AbortSignal | undefined) => AsyncGenerator<T, void>
export interface FixtureRegistry {
  view(): RegistryView
  /** What the registry says from now on. */
  change(how: (view: RegistryView) => RegistryView): void
  /** A node did something; the list has it so, too. */
  tell(node: RegistryNode): void
  readonly nodes: Map<string, RegistryNode>
  warnings: readonly PublishWarning[]
}

const product = 'demo-node'
const second = 1_000
const image = (version: string, atMs: number, more: Partial<FirmwareImage> = {}): FirmwareImage => ({ product, version, sha256: version.replaceAll(/\D/g, '').padEnd(64, 'c'), sizeBytes: 262_144, origin: 'file', atMs, ...more })
const row = (number: number, version: string, atMs: number, percent = 100): ReleaseRow => ({ number, product, channel: 'stable', version, percent, groups: [], atMs, who: 'web, lab' })

const story: readonly (readonly [phase: RegistryNode['phase'], why: string, running: string])[] = [
  ...Array.from({ length: 9 }, () => ['running', '', '1.1.0'] as const),
  ['pending', 'It runs and is not confirmed yet; it goes back when that fails', '1.1.0'], ['pending', 'It runs and is not confirmed yet; it goes back when that fails', '1.1.0'],
  ['fetching', '', '1.0.0'], ['fetched', 'All of it was sent; the node has not told what it runs since', '1.0.0'],
  ['waiting', '', '1.0.0'], ['waiting', 'The connection ended in the middle of 1.1.0', '1.0.0'], ['waiting', '', '1.0.0'],
  ['fell-back', 'It ran 1.1.0 and went back to 1.0.0', '1.0.0'], ['never-takes', 'It runs 2.0.0-rc1, and a node never goes back to 1.1.0', '2.0.0-rc1'],
  ['held', 'Not among those that get 1.1.0 now', '1.0.0'], ['unknown', 'It does not tell what it runs', '1.0.0'],
]
const nodesAt = (nowMs: number): RegistryNode[] => story.map(([phase, why, running], index) => ({
  id: phase === 'unknown' ? '10.0.4.77' : `node-${String(index + 1).padStart(2, '0')}`, idFrom: phase === 'unknown' ? 'address' : 'node', address: `10.0.4.${String(index + 21)}`, product, channel: 'stable', ...(index < 3 ? { group: 'lab' } : {}),
  ...(phase === 'unknown' ? {} : { running }), confirmed: phase === 'pending' ? 'pending' : 'confirmed', offered: '1.1.0', phase, why, ...(phase === 'fell-back' ? { fellBackFrom: '1.1.0' } : {}),
  polls: 12 + index, downloads: 1, cutDownloads: 0, firstMs: nowMs - 3_600 * second, lastMs: nowMs - index * 7 * second,
}))
const countsOf = (nodes: Iterable<RegistryNode>): PhaseCounts => {
  const counts = Object.fromEntries(nodePhases.map((phase) => [phase, 0])) as PhaseCounts
  for (const { phase } of nodes) counts[phase] += 1
  return counts
}
/** Nodes go over one after the other, to where the story has them now. */
const pointsUntil = (nowMs: number): RolloutPoint[] => Array.from({ length: 60 }, (_, at) => ({
  atMs: nowMs - (60 - at) * 5 * second, nodes: 20, running: Math.max(0, Math.round(at * 9 / 59)), pending: at < 4 ? 0 : 2, fetching: at < 2 ? 0 : 2,
  fellBack: at < 40 ? 0 : 1, waiting: Math.max(3, 17 - (at < 2 ? 0 : 2) - (at < 4 ? 0 : 2) - Math.round(at * 9 / 59) - (at < 40 ? 0 : 1)),
}))
function firstView(nowMs: number, isNew: boolean, nodes: Iterable<RegistryNode>): RegistryView {
  const door = { enabled: false, address: '127.0.0.1', port: 8080, state: 'closed' as const, hasToken: false }
  if (isNew) return { door, images: [], channels: [], rollouts: [] }
  const rows = [row(2, '1.1.0', nowMs - 300 * second, 80), row(1, '1.0.0', nowMs - 86_400 * second)]
  const counts = countsOf(nodes)
  const rollout: Rollout = { product, channel: 'stable', version: '1.1.0', percent: 80, groups: [], sinceMs: nowMs - 300 * second, nodes: 20, counts, points: pointsUntil(nowMs) }
  return {
    door: { ...door, enabled: true, state: 'open', url: 'http://127.0.0.1:8080', hasToken: true },
    images: [image('1.2.0-watchdog', nowMs - 60 * second, { sizeBytes: 301_204 }), image('1.1.0', nowMs - 3_600 * second), image('1.0.0', nowMs - 90_000 * second), image('0.8.0', nowMs - 99_000 * second, { product: 'esp32-csi-node' })],
    channels: [{ product, channel: 'stable', current: rows[0], rows }, { product, channel: 'beta', rows: [] }], rollouts: [rollout],
  }
}

/** A registry in the middle of a rollout, or an empty one; it stands still until a test moves it. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- what oRPC infers
export function createFixtureRegistry(stream: Stream, calls: string[], nowMs: () => number, isNew: boolean) {
  const contract = implement(registryContract)
  const nodes = new Map((isNew ? [] : nodesAt(nowMs())).map((node) => [node.id, node]))
  let view = firstView(nowMs(), isNew, nodes.values())
  const viewListeners = new Set<(view: RegistryView) => void>()
  const nodeListeners = new Set<(node: RegistryNode) => void>()
  const told: FixtureRegistry = {
    view: () => view, nodes, warnings: [],
    change: (how) => { view = how(view); for (const each of viewListeners) each(view) },
    tell: (node) => { nodes.set(node.id, node); for (const each of nodeListeners) each(node) },
  }
  const routes = {
    watch: contract.watch.handler(({ signal }) => stream([view], (tell) => { viewListeners.add(tell); return () => { viewListeners.delete(tell) } }, signal)),
    nodes: contract.nodes.handler(({ input }) => [...nodes.values()].filter((node) => node.product === input.product && node.channel === input.channel && (input.phase === undefined || node.phase === input.phase)).slice(0, input.limit)),
    watchNodes: contract.watchNodes.handler(({ signal }) => stream<RegistryNode>([], (tell) => { nodeListeners.add(tell); return () => { nodeListeners.delete(tell) } }, signal)),
    add: contract.add.handler(({ input }) => {
      calls.push(`firmware add ${input.path} ${input.product ?? ''} ${input.version ?? ''}`)
      const added = image(input.version ?? '1.3.0', nowMs(), { product: input.product ?? product })
      told.change((before) => ({ ...before, images: [added, ...before.images] }))
      return added
    }),
    warnings: contract.warnings.handler(() => [...told.warnings]),
    publish: contract.publish.handler(({ input }) => {
      calls.push(`firmware publish ${input.product} ${input.channel} ${input.version} ${String(input.percent)} ${input.groups.join('+')}`)
      const added: ReleaseRow = { number: 9, ...input, atMs: nowMs(), who: 'web, lab' }
      told.change((before) => ({ ...before, channels: before.channels.map((each) => (each.product === input.product && each.channel === input.channel ? { ...each, current: added, rows: [added, ...each.rows] } : each)) }))
      return { row: added, changed: true, warnings: [...told.warnings] }
    }),
    withdraw: contract.withdraw.handler(({ input }) => {
      calls.push(`firmware withdraw ${input.product} ${input.channel}`)
      told.change((before) => ({ ...before, rollouts: [], channels: before.channels.map(({ current: _current, ...each }) => each) }))
      return { changed: true }
    }),
    setGroup: contract.setGroup.handler(({ input }) => { calls.push(`firmware group ${input.node} ${input.group ?? ''}`); return {} }),
    setDoor: contract.setDoor.handler(({ input: { token, ...settings } }) => {
      calls.push(`firmware door ${settings.enabled ? 'open' : 'closed'} ${settings.address}:${String(settings.port)}${token === undefined ? '' : ' token'}`)
      const door = { ...settings, state: settings.enabled ? 'open' as const : 'closed' as const, ...(settings.enabled ? { url: `http://${settings.address}:${String(settings.port)}` } : {}), hasToken: token === undefined ? view.door.hasToken : token !== '' }
      told.change((before) => ({ ...before, door }))
      return door
    }),
  }
  return { routes, told }
}
