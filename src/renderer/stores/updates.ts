import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { RegistryView } from '../../shared/contracts/registry.contract.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import { defaultChannel, type NodePhase, type RegistryNode, type RegistryPlace } from '../../shared/ota/registry.schema.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

/** More rows than that nobody reads; the counts above them are of all. */
export const mostNodes = 500

/** The firmware registry as the window shows it: one product and channel at a time. */
export const useUpdatesStore = defineStore('updates', () => {
  const link = useWorkbench()
  const view = shallowRef<RegistryView>()
  const nodes = shallowRef<ReadonlyMap<string, RegistryNode>>()
  const problem = shallowRef<WireError>()
  const picked = shallowRef<RegistryPlace>()
  const phase = ref<NodePhase>()
  let asked = 0

  const places = computed(() => {
    const all = [...(view.value?.channels ?? []), ...(view.value?.images ?? []).map(({ product }) => ({ product, channel: defaultChannel }))]
    return [...new Map(all.map(({ product, channel }) => [`${product} ${channel}`, { product, channel }])).values()].sort((a, b) => a.product.localeCompare(b.product) || a.channel.localeCompare(b.channel))
  })
  /** What was picked, else the first that something is published on. */
  const place = computed<RegistryPlace | undefined>(() => {
    const own = places.value.find(({ product, channel }) => product === picked.value?.product && channel === picked.value.channel)
    const isReleased = (each: RegistryPlace): boolean => view.value?.rollouts.some((rollout) => isAt(rollout, each)) === true
    return own ?? places.value.find(isReleased) ?? places.value[0]
  })
  const images = computed(() => (view.value?.images ?? []).filter(({ product }) => product === place.value?.product))
  const channel = computed(() => view.value?.channels.find((each) => isAt(each, place.value)))
  const rollout = computed(() => view.value?.rollouts.find((each) => isAt(each, place.value)))
  const shown = computed(() => [...(nodes.value?.values() ?? [])].filter((node) => phase.value === undefined || node.phase === phase.value).sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true })))

  /** Who was asked of another place answers too late. */
  async function readNodes(signal: AbortSignal): Promise<void> {
    const at = place.value
    const mine = asked += 1
    if (!at) { nodes.value = new Map(); return }
    const list = await link.client.registry.nodes({ ...at, ...(phase.value === undefined ? {} : { phase: phase.value }), limit: mostNodes }, { signal })
    if (mine === asked) nodes.value = new Map(list.map((node) => [node.id, node]))
  }
  const told = (given: WireError | undefined): void => { problem.value = given }
  /** As long as somebody looks at it: without that the registry of a machine that has none is never opened. */
  function follow(signal: AbortSignal): void {
    void keepFollowing(link, signal, async (within) => {
      for await (const each of await link.client.registry.watch({}, { signal: within })) { view.value = each; problem.value = undefined }
      return 'again'
    }, told)
    void keepFollowing(link, signal, async (within) => {
      for await (const node of await link.client.registry.watchNodes({}, { signal: within })) {
        if (!isAt(node, place.value) || !nodes.value || (nodes.value.size >= mostNodes && !nodes.value.has(node.id))) continue
        nodes.value = new Map(nodes.value).set(node.id, node)
      }
      return 'again'
    }, told)
  }
  function pick(at: RegistryPlace): void {
    picked.value = at
    phase.value = undefined
    nodes.value = undefined
  }
  return { view, nodes, problem, phase, places, place, images, channel, rollout, shown, readNodes, follow, pick }
})

const isAt = (each: RegistryPlace, at: RegistryPlace | undefined): boolean => each.product === at?.product && each.channel === at.channel
