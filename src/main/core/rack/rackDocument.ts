import { type PowerSpec, powerSpecSchema } from '../../../shared/devices/powerSpec.schema.ts'
import { emptyInventory } from '../../../shared/rack/inventory.schema.ts'
import type { DocumentPod, RackDocument } from '../../../shared/rack/rackDocument.schema.ts'
import type { PodSpec } from './rackBook.ts'

/** What of a switch may leave this computer: no reference to a password, and no command, which may hold one. */
export function sharedPower(power: PowerSpec): PowerSpec | undefined {
  if (power.kind === 'command') return undefined
  if (!('passwordRef' in power)) return power
  const { passwordRef: _kept, ...shared } = power
  return powerSpecSchema.parse(shared)
}

export function rackDocument(pods: readonly PodSpec[]): RackDocument {
  return { rackbench: 1, pods: pods.map(documentPod) }
}

function documentPod({ id, name, url, power, cameraId, cameraName, chip, inventory: said }: PodSpec): DocumentPod {
  const { labels, group, notes, maintenance, place } = said ?? emptyInventory
  const shared = power && sharedPower(power)
  return {
    id, name, address: url,
    // Absent and not `null` where there is one that stays here.
    ...(power !== undefined && shared === undefined ? {} : { power: shared ?? null }),
    camera: { id: cameraId, name: cameraName, chip, labels, group, notes, maintenance: maintenance ?? null, place: place ?? null },
  }
}
