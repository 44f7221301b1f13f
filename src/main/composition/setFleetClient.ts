import type { FleetClientWish } from '../../shared/contracts/fleet.contract.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { FleetStore } from '../../shared/fleet/fleetStore.ts'
import { fleetClientSchema } from '../../shared/fleet/fleetView.schema.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { ClientPower } from '../core/fleet/escalateClient.ts'

const mostClients = 20_000

export interface SetFleetClientDeps {
  readonly store: FleetStore
  readonly power: ClientPower | undefined
  readonly audit: Pick<AuditLog, 'around'>
}

/** One camera, one client: two would be switched off by each other's rule. */
export async function setFleetClient({ uuid, name, hasPoe, powerCycleAllowed, escalatesAlone, cameraId }: FleetClientWish, { store, power, audit }: SetFleetClientDeps): Promise<void> {
  // Said here, and not in the night when it is needed.
  if (cameraId && power?.knows(cameraId) !== true) throw new WorkbenchError('input/not-found', `There is no camera ${cameraId} in the rack`, { context: { camera: cameraId } })
  const owner = cameraId ? store.clients(mostClients).find((each) => each.cameraId === cameraId && each.uuid !== uuid) : undefined
  if (owner) throw new WorkbenchError('input/conflict', `The power of that camera belongs to the client ${owner.name ?? owner.uuid}`, { context: { client: owner.uuid }, hint: 'Take it away from that one first' })
  await audit.around({ what: 'change fleet client', subject: name ?? uuid, details: { client: uuid, mayCycle: powerCycleAllowed, alone: escalatesAlone ?? 'as before', hasPoe, camera: cameraId === undefined ? 'as before' : cameraId ?? 'none' } }, async () => {
    const isKept = store.together(() => {
      const { cameraId: before, ...known } = store.client(uuid) ?? fleetClientSchema.parse({ uuid })
      const bound = cameraId === undefined ? before : cameraId ?? undefined
      return store.putClient({ ...known, hasPoe, powerCycleAllowed, ...(escalatesAlone === undefined ? {} : { escalatesAlone }), ...(name === undefined ? {} : { name }), ...(bound === undefined ? {} : { cameraId: bound }) })
    })
    if (!isKept) throw new WorkbenchError('input/conflict', 'There is no room for another client', { hint: 'Take clients away that are no longer there' })
    return Promise.resolve()
  })
}
