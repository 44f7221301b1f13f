import type { RackPod } from '../../../shared/devices/rackPod.ts'
import type { TftpBackend } from '../../../shared/devices/tftpBackend.ts'
import { checkStagedName } from './stagedName.ts'

export interface PodTftpBackendOptions {
  readonly pod: RackPod
  /** The camera side of a pod is the same on every pod: the pod is .1, and the camera gets .20. */
  readonly serverAddress?: string | undefined
  readonly cameraAddress?: string | undefined
}

/** Files in the memory of the pod, which serves them to its own camera on port 69. */
export function createPodTftpBackend(options: PodTftpBackendOptions): TftpBackend {
  const { pod, serverAddress = '192.168.1.1', cameraAddress = '192.168.1.20' } = options
  return {
    kind: 'pod', serverAddress, cameraAddress, port: 69,
    capacity: async (signal) => {
      const { maxFiles, maxFileBytes, largestFreeBytes, freeBytes } = await pod.store(signal)
      return { maxFiles, maxFileBytes, largestFreeBytes, freeBytes }
    },
    clear: async (signal) => pod.clear(signal),
    stage: async (name, bytes, signal, onProgress) => {
      checkStagedName(name)
      await pod.stage(name, bytes, signal, onProgress)
      return { name, lengthBytes: bytes.length, remove: async (undo) => pod.unstage(name, undo) }
    },
  }
}
