import { listSerialPorts, serialPortJson, type SerialPortEntry } from '../drivers/transports/listSerialPorts.ts'

export type ListedSerialPort = SerialPortEntry & { readonly json: ReturnType<typeof serialPortJson> }

/** The USB adapters; what else could be opened by its path is never in it. */
export const listPorts = async (): Promise<readonly ListedSerialPort[]> => (await listSerialPorts()).map((port) => ({ ...port, json: serialPortJson(port) }))
