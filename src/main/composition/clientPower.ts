import type { CameraId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { FleetClient } from '../../shared/fleet/fleetView.schema.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { ClientPower } from '../core/fleet/escalateClient.ts'
import type { RackBook } from '../core/rack/rackBook.ts'
import { leftOut } from './powerMany.ts'

export interface ClientPowerDeps {
  readonly rack: Pick<RackBook, 'power' | 'camera' | 'find' | 'pods' | 'view'>
  readonly audit: Pick<AuditLog, 'around'>
}

/** Clients of the fleet whose power comes from a camera's port of the rack. They go through the rack's one way to power, so a job that has the camera keeps it. */
export function createClientPower({ rack, audit }: ClientPowerDeps): ClientPower {
  const neighboursOf = (id: CameraId): string[] => {
    const resource = rack.camera(id).devices.powerResource
    if (resource === undefined) return []
    return rack.pods().filter(({ cameraId }) => cameraId !== id && rack.find(cameraId)?.devices.powerResource === resource).map(({ cameraName }) => cameraName)
  }
  const capability: ClientPower['capability'] = ({ cameraId }) => {
    if (cameraId === undefined) return { whyNot: 'No camera or port of the rack is bound to this client' }
    const entry = rack.find(cameraId)
    if (!entry) return { whyNot: 'The camera that is bound to this client is not in the rack' }
    const why = leftOut(rack, cameraId)
    if (why !== undefined) return { whyNot: `${entry.spec.cameraName} is ${why}` }
    const neighbours = neighboursOf(cameraId)
    // The rule is for this client; nobody allowed the others.
    if (neighbours.length > 0) return { whyNot: `The outlet of ${entry.spec.cameraName} also feeds ${neighbours.slice(0, 5).join(', ')}` }
    return { by: entry.devices.power.label }
  }
  return {
    capability, knows: (camera) => rack.find(camera) !== undefined,
    cycle: async (client: FleetClient, command) => {
      const can = capability(client)
      const { cameraId } = client
      if ('whyNot' in can || cameraId === undefined) throw new WorkbenchError('pod/no-power-control', 'whyNot' in can ? can.whyNot : 'No camera is bound to this client')
      return audit.around({ what: 'escalate client', subject: client.name ?? client.uuid, details: { client: client.uuid, command: command.id, camera: cameraId, by: can.by } },
        // Its own signal: whoever looked away does not leave a host dark.
        async () => rack.power(cameraId, 'cycle', new AbortController().signal))
    },
  }
}
