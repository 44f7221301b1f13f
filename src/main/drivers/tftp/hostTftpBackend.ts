import type { TftpBackend } from '../../../shared/devices/tftpBackend.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { checkStagedName } from './stagedName.ts'
import type { Offer, TftpServer } from './tftpTypes.ts'

export interface HostTftpBackendOptions {
  /** One server may stand behind several backends, one for each camera. */
  readonly server: TftpServer
  /** As the camera sees them; behind NAT neither is an address of this computer. */
  readonly serverAddress: string
  readonly cameraAddress: string
  /** Of one job: jobs that restore the same image would otherwise ask for the same names. Its first letters end each staged name. */
  readonly tag?: string | undefined
}

/** A guess at what one camera may ask of this computer's memory: the bytes are held by the caller anyway. */
const memoryBytes = 1024 * 1024 * 1024
const maxFiles = 256
const tagLetters = 8

/**
 * Files in the memory of this computer. `stage` gives back the name to type, which is longer than the one asked for when
 * there is a tag. Names are shared by all cameras of one server: one that another holds is `input/conflict`.
 */
export function createHostTftpBackend({ server, serverAddress, cameraAddress, tag }: HostTftpBackendOptions): TftpBackend {
  const own = new Map<string, Offer>()
  const ending = (tag ?? '').replace(/[^A-Za-z0-9]/g, '').slice(0, tagLetters)
  const heldBytes = (): number => [...own.values()].reduce((sum, offer) => sum + offer.lengthBytes, 0)
  return {
    kind: 'host', serverAddress, cameraAddress, port: server.port,
    capacity: async (signal) => {
      signal.throwIfAborted()
      const freeBytes = Math.max(0, memoryBytes - heldBytes())
      return { maxFiles, maxFileBytes: memoryBytes, largestFreeBytes: freeBytes, freeBytes }
    },
    // Only this camera's files: another job may be reading from the same server.
    clear: async (signal) => {
      signal.throwIfAborted()
      for (const offer of own.values()) offer.remove()
      own.clear()
    },
    stage: async (asked, bytes, signal, onProgress) => {
      signal.throwIfAborted()
      const name = ending === '' ? asked : `${asked}-${ending}`
      checkStagedName(name)
      if (!own.has(name) && server.offered(name)) {
        throw new WorkbenchError('input/conflict', `Another camera is being served a file named ${name}`, {
          context: { name }, hint: 'Wait for the other job to end, or stage under a name of its own.',
        })
      }
      const offer = server.offer(name, bytes)
      own.set(name, offer)
      onProgress?.(bytes.length)
      return {
        name, lengthBytes: bytes.length,
        remove: async () => {
          offer.remove()
          if (own.get(name) === offer) own.delete(name)
        },
      }
    },
  }
}
