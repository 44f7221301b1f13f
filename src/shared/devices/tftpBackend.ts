/** A place from which a camera's U-Boot can fetch a file by TFTP: the pod's memory or our own server. */
export interface TftpBackend {
  readonly kind: 'pod' | 'host'
  /** What U-Boot is told: dotted addresses, and the UDP port when it is not 69. */
  readonly serverAddress: string
  readonly cameraAddress: string
  readonly port: number
  capacity(signal: AbortSignal): Promise<TftpCapacity>
  /** Drops everything staged, also what an aborted run left behind. */
  clear(signal: AbortSignal): Promise<void>
  stage(name: string, bytes: Uint8Array, signal: AbortSignal, onProgress?: (doneBytes: number) => void): Promise<StagedFile>
}

export interface TftpCapacity {
  readonly maxFiles: number
  readonly maxFileBytes: number
  readonly largestFreeBytes: number
  readonly freeBytes: number
}

export interface StagedFile {
  readonly name: string
  readonly lengthBytes: number
  remove(signal: AbortSignal): Promise<void>
}
