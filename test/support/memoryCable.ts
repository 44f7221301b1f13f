import type { Transport } from '../../src/shared/devices/transport.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { createByteQueue } from '../../src/shared/lifecycle/byteQueue.ts'

export interface MemoryCable {
  readonly near: Transport
  readonly far: Transport
}

/** Two transports, each the far end of the other. Bytes arrive at once. */
export function createMemoryCable(): MemoryCable {
  const toNear = createByteQueue()
  const toFar = createByteQueue()
  let cut = false
  const end = (label: string, from: typeof toNear, to: typeof toNear): Transport => ({
    label,
    read: async (signal) => from.read(signal),
    write: async (bytes, signal) => {
      signal.throwIfAborted()
      if (cut) throw new WorkbenchError('link/closed', `${label}: the cable is cut`)
      to.push(bytes.slice())
    },
    discardInput: async () => from.discard(),
    close: async () => { cut = true; from.end(); to.end() },
  })
  return { near: end('memory:near', toNear, toFar), far: end('memory:far', toFar, toNear) }
}
