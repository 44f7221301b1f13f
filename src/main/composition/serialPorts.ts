import type { Leases } from '../core/rack/leases.ts'
import type { RackBook } from '../core/rack/rackBook.ts'
import { nameOfPort } from '../drivers/transports/lineName.ts'
import { listSerialPorts, serialPortJson, type SerialPortEntry, type SerialPortsDeps } from '../drivers/transports/listSerialPorts.ts'

export type ListedSerialPort = SerialPortEntry & { readonly json: ReturnType<typeof serialPortJson> }

/** The USB adapters; what else could be opened by its path is never in it. */
export const listPorts = async (): Promise<readonly ListedSerialPort[]> => (await listSerialPorts()).map((port) => ({ ...port, json: serialPortJson(port) }))

export interface PortInUse { readonly address: string; readonly device: string; readonly name: string; readonly usedBy?: string }

/** The same for the window, with the camera or the command that has each. */
export async function listPortsWithUse(rack: Pick<RackBook, 'pods' | 'find'>, leases: Pick<Leases, 'holderOf'>, deps?: SerialPortsDeps): Promise<PortInUse[]> {
  const userOf = new Map(rack.pods().map(({ cameraId, cameraName }) => [rack.find(cameraId)?.devices.resource ?? '', cameraName]))
  return (await listSerialPorts(deps)).map((port) => {
    const usedBy = userOf.get(nameOfPort(port)) ?? leases.holderOf(nameOfPort(port))?.holder
    return { address: port.identity ?? port.openPath, device: port.device, name: port.adapter, ...(usedBy === undefined ? {} : { usedBy }) }
  })
}
