import { listSerialPorts, type SerialPortEntry } from '../drivers/transports/listSerialPorts.ts'

/** What could be opened by a path; pseudo terminals are never in it. */
export const listPorts = async (): Promise<readonly SerialPortEntry[]> => listSerialPorts()
