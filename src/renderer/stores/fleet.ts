import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { FleetClientView, FleetView } from '../../shared/contracts/fleet.contract.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import type { FleetCommand } from '../../shared/fleet/commandView.schema.ts'
import { keepFollowing } from '../composables/keepFollowing.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'

/** The newest of so many commands; one client's older ones are asked for when it is looked at. */
const readCommands = 5_000
const readClients = 2_000

/** Screens, their commands and the broker, as the window shows them. */
export const useFleetStore = defineStore('fleet', () => {
  const link = useWorkbench()
  const view = shallowRef<FleetView>()
  const problem = shallowRef<WireError>()
  const clients = shallowRef<readonly FleetClientView[]>()
  /** Of each client the command that was issued last. */
  const newest = shallowRef<ReadonlyMap<string, FleetCommand>>(new Map())
  /** Rises with each change of a command, for whoever shows a history. */
  const commandTick = shallowRef(0)
  /** For a bulk run. */
  const selected = shallowRef<ReadonlySet<string>>(new Set())
  const shown = shallowRef<string>()
  /** The server's own time, which need not be this window's. */
  const nowMs = shallowRef(0)
  let toldAtMs = 0

  /** Without a broker nothing is kept open that could be asked. */
  const isOpen = computed(() => view.value !== undefined && view.value.broker.state !== 'off' && view.value.broker.state !== 'failed')
  const byUuid = computed(() => new Map((clients.value ?? []).map((client) => [client.uuid, client])))
  /** A client that went from the list is selected no longer. */
  const chosen = computed(() => (clients.value ?? []).filter(({ uuid }) => selected.value.has(uuid)))
  const nameOf = (uuid: string): string => byUuid.value.get(uuid)?.name || uuid.slice(0, 8)

  /** Ages and countdowns move on, also while nothing else does. */
  const tick = (): void => { if (view.value) nowMs.value = view.value.nowMs + performance.now() - toldAtMs }
  const told = (given: WireError | undefined): void => { problem.value = given }
  function follow(signal: AbortSignal): void {
    void keepFollowing(link, signal, async (within) => {
      for await (const each of await link.client.fleet.watch({}, { signal: within })) { view.value = each; problem.value = undefined; toldAtMs = performance.now(); tick() }
      return 'again'
    }, told)
  }
  function take(command: FleetCommand): void {
    const known = newest.value.get(command.clientUuid)
    commandTick.value += 1
    if (known && known.id !== command.id && known.issuedAtMs > command.issuedAtMs) return
    newest.value = new Map(newest.value).set(command.clientUuid, command)
  }
  /** While a broker is open: what is there, and then each change. The watch is begun first, so that nothing falls in between. */
  function followCommands(signal: AbortSignal): void {
    void keepFollowing(link, signal, async (within) => {
      const changes = await link.client.fleet.watchCommands({}, { signal: within })
      const list = await link.client.fleet.list({ limit: readCommands }, { signal: within })
      newest.value = new Map(list.toReversed().map((command) => [command.clientUuid, command]))
      commandTick.value += 1
      for await (const command of changes) take(command)
      return 'again'
    }, told)
  }
  async function readClientList(signal?: AbortSignal): Promise<void> {
    const list = await link.client.fleet.clients({ limit: readClients }, signal ? { signal } : {})
    clients.value = list.toSorted((a, b) => Number(b.alert !== undefined) - Number(a.alert !== undefined) || (a.name ?? a.uuid).localeCompare(b.name ?? b.uuid, 'en', { numeric: true }))
  }
  function toggle(uuid: string): void {
    const next = new Set(selected.value)
    if (!next.delete(uuid)) next.add(uuid)
    selected.value = next
  }
  const select = (uuids: Iterable<string>): void => { selected.value = new Set(uuids) }
  return { view, problem, clients, newest, commandTick, selected, shown, nowMs, tick, isOpen, byUuid, chosen, nameOf, follow, followCommands, take, readClientList, toggle, select }
})
