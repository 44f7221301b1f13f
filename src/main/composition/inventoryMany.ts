import { type CameraId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { type Inventory, inventorySchema } from '../../shared/rack/inventory.schema.ts'
import type { InventoryMany, InventoryOutcome } from '../../shared/rack/inventoryMany.schema.ts'
import { manyUnconfirmed } from '../../shared/rack/powerAct.schema.ts'
import { changedInventory } from '../core/rack/inventory.ts'
import type { RackBook } from '../core/rack/rackBook.ts'
import type { RackStore } from './rackStore.ts'

export interface InventoryManyDeps {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly store: Pick<RackStore, 'change'>
  readonly rack: Pick<RackBook, 'find' | 'setInventory'>
}

interface Judged { readonly outcome: InventoryOutcome; readonly inventory: Inventory | undefined }

/** One change of the file for all of them; a camera that cannot take it keeps none of the others from it. */
export async function setInventoryOfMany({ clock, store, rack }: InventoryManyDeps, wish: InventoryMany, signal: AbortSignal): Promise<InventoryOutcome[]> {
  const { cameraIds, maintenance, confirm } = wish
  if (maintenance !== undefined && cameraIds.length > manyUnconfirmed && confirm?.trim() !== String(cameraIds.length)) {
    throw new WorkbenchError('input/conflict', `Maintenance of ${cameraIds.length} cameras was not confirmed`, { context: { cameras: cameraIds.length }, hint: `Type their number, ${cameraIds.length}` })
  }
  const nowMs = clock.wallMs()
  const outcomes = new Map<CameraId, InventoryOutcome>()
  const simulated = cameraIds.filter((id) => rack.find(id)?.devices.simulated === true)
  for (const id of simulated) {
    const shown = rack.find(id)
    if (!shown) continue
    const { outcome, inventory } = judge(id, shown.spec.cameraName, shown.spec.inventory, wish, nowMs)
    outcomes.set(id, outcome)
    if (inventory) rack.setInventory(shown.spec.id, inventory)
  }
  const real = new Set(cameraIds.filter((id) => !outcomes.has(id)))
  if (real.size > 0) {
    const { pods } = await store.change((file) => ({
      ...file, pods: file.pods.map((pod) => {
        if (!real.has(pod.cameraId)) return pod
        const { outcome, inventory } = judge(pod.cameraId, pod.cameraName, pod.inventory, wish, nowMs)
        outcomes.set(pod.cameraId, outcome)
        return inventory ? { ...pod, inventory } : pod
      }),
    }), signal)
    for (const pod of pods) if (outcomes.get(pod.cameraId)?.state === 'changed' && rack.find(pod.cameraId)) rack.setInventory(pod.id, pod.inventory)
  }
  return cameraIds.map((id) => outcomes.get(id) ?? { cameraId: id, camera: id, state: 'failed', note: 'It is not in the rack any more' })
}

function judge(cameraId: CameraId, camera: string, old: Inventory | undefined, { addLabels, removeLabels, group, maintenance }: InventoryMany, nowMs: number): Judged {
  const taken = new Set(removeLabels)
  const labels = [...new Set([...(old?.labels ?? []).filter((label) => !taken.has(label)), ...addLabels])]
  const inventory = changedInventory(old, { labels, ...(group === undefined ? {} : { group }), ...(maintenance === undefined ? {} : { maintenance }) }, nowMs)
  const named = { cameraId, camera }
  if (!inventorySchema.safeParse(inventory).success) return { outcome: { ...named, state: 'failed', note: `It would have ${labels.length} labels, and a camera has at most 32` }, inventory: undefined }
  if (JSON.stringify(inventory) === JSON.stringify(changedInventory(old, {}, nowMs))) return { outcome: { ...named, state: 'same', note: 'it was so already' }, inventory: undefined }
  return { outcome: { ...named, state: 'changed', note: '' }, inventory }
}
