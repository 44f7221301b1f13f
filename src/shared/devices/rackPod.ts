/** What a rack pod offers over HTTP. Implemented by the HTTP client and by the simulated pod in memory. */
export interface RackPod {
  /** `http://10.0.0.7:8080`, for messages. */
  readonly label: string
  /** `cycle` is off, 2 s, on, done by the pod itself. */
  power(action: 'on' | 'off' | 'cycle', signal: AbortSignal): Promise<void>
  /** Power-cycles the camera and uploads the blob to its boot ROM. No bridge client may be connected meanwhile. A refusal by the boot ROM is a result, not an error. */
  fastboot(blob: Uint8Array, signal: AbortSignal): Promise<FastbootResult>
  /** Puts a file into the pod's memory; `pod/no-room` carries `requestedBytes` and `largestFreeBytes`. */
  stage(name: string, bytes: Uint8Array, signal: AbortSignal, onProgress?: (sentBytes: number) => void): Promise<void>
  unstage(name: string, signal: AbortSignal): Promise<void>
  clear(signal: AbortSignal): Promise<void>
  store(signal: AbortSignal): Promise<PodStore>
  setBaudRate(baudRate: number, signal: AbortSignal): Promise<void>
}

export interface PodStore {
  readonly files: readonly { readonly name: string; readonly lengthBytes: number; readonly reads: number }[]
  readonly maxFileBytes: number
  readonly maxFiles: number
  readonly freeBytes: number
  /** Each file needs one contiguous block. */
  readonly largestFreeBytes: number
}

/** In the order in which the pod enters them; `done` is the end. */
export const fastbootPhases = ['frame_for_start', 'prestep0', 'ddrstep0', 'prestep1', 'spl', 'agent', 'done'] as const
export type FastbootPhase = (typeof fastbootPhases)[number]

export interface FastbootResult {
  readonly success: boolean
  /** The last phase entered (not completed). */
  readonly lastPhase: string
  readonly failedPhase?: string | undefined
  readonly error?: string | undefined
  readonly elapsedMs: number
  /** 5 to 7 is normal; 0 means that the camera never entered its boot ROM. */
  readonly handshakeMarkers: number
}
