import type { DeviceFs } from '../../../../shared/devices/deviceFs.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import type { NewDigest } from '../../../../shared/ota/digest.ts'
import type { MpyConfig } from '../../../../shared/ota/mpyConfig.schema.ts'
import type { RecoveryReport, TransactionEvent } from '../../../../shared/ota/transaction.schema.ts'
import type { HmacHex } from '../../../protocols/otaManifest/signature.ts'

export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  /** As the server announces it, where it does. */
  readonly lengthBytes: number | undefined
  /** Read to its end, or let go: leaving the loop closes the connection. */
  readonly body: AsyncIterable<Uint8Array>
}
/** One request. Rejects with `link/…` when there is no answer; a redirect to another host is none. */
export type HttpAsk = (method: 'GET' | 'HEAD', url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<HttpAnswer>

export interface TargetFile {
  readonly path: string
  readonly size: number | undefined
  readonly sha256?: string | undefined
  readonly crc32?: number | undefined
  /** What git calls the content; of tree mode. */
  readonly blobSha1?: string | undefined
}
export interface TargetDelta {
  readonly oldSha256: string
  readonly newSha256: string
  readonly file: string
  readonly sizeBytes: number
}

/** The version that a board is to have. */
export interface MpyTarget {
  readonly mode: 'manifest' | 'tree'
  readonly ref: string
  readonly commit: string
  /** Under which the server has the files: the tag, whatever the manifest calls the version. */
  readonly filesRef: string
  readonly files: readonly TargetFile[]
  readonly deletes: readonly string[]
  readonly postUpdate: string | undefined
  readonly deltas: ReadonlyMap<string, TargetDelta>
  readonly notes: readonly string[]
}

export type MpyEvent =
  | { readonly type: 'recovered'; readonly report: RecoveryReport }
  | { readonly type: 'target'; readonly mode: MpyTarget['mode']; readonly version: string; readonly files: number }
  | { readonly type: 'note'; readonly words: string }
  | { readonly type: 'staged'; readonly path: string; readonly how: 'full' | 'delta' | 'kept' | 'unchanged'; readonly fetchedBytes: number }
  | { readonly type: 'delta-failed'; readonly path: string; readonly why: string }
  | { readonly type: 'transaction'; readonly event: TransactionEvent }

export interface BoardResources { readonly freeBytes?: number | undefined; readonly cpuMhz?: number | undefined }

export interface MpyDeps {
  readonly fs: DeviceFs
  readonly http: HttpAsk
  readonly clock: Clock
  readonly newDigest: NewDigest
  readonly hmacSha256Hex: HmacHex
  readonly newId: () => string
  readonly tell: (event: MpyEvent) => void
  /** What the board tells of itself; a part that it does not tell is absent. */
  readonly readResources?: ((signal: AbortSignal) => Promise<BoardResources>) | undefined
  /** Runs a module that lies on the board, there. `device/refused` with what the board said. */
  readonly runModule?: ((path: string, signal: AbortSignal) => Promise<void>) | undefined
}

export interface MpyRun extends MpyDeps {
  readonly config: MpyConfig
  /** Files that go beside those that the release deletes: those that only the version on the board has. */
  readonly leaves?: readonly string[]
}

export interface MpyOutcome {
  readonly end: 'updated' | 'up-to-date' | 'not-now'
  /** As a person reads it: `v1.1.0 #abcdef1`. */
  readonly version: string
  readonly ref: string
  readonly commit: string
  readonly reason?: string | undefined
  readonly filesChanged: number
  readonly fetchedBytes: number
  /** The module that the release wants to be run afterwards, and what came of it. */
  readonly postUpdate?: { readonly path: string; readonly problem?: string | undefined } | undefined
  /** Why a board that was to start anew did not; it has the version all the same. */
  readonly notRestarted?: string | undefined
}
