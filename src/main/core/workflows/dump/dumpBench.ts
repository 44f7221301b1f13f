import type { DumpPlan } from '../../../../shared/dump/dump.schema.ts'
import type { IdentityCheck } from '../../rack/identity.ts'
import type { WorkConsole } from '../../uboot/workConsole.ts'
import type { BringUpBench, RestoreContext } from '../restore/bench.ts'

export type DumpContext = RestoreContext

/** A file of the dump while it has not got its name yet. Offsets are from its start. */
export interface DumpFile {
  /** Fewer bytes than asked for where the file ends. */
  read(offsetBytes: number, lengthBytes: number, signal: AbortSignal): Promise<Uint8Array>
  /** `host/disk-full`, `host/io`. */
  write(offsetBytes: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>
}

/** Where the bytes go: hidden until `publish`. */
export interface DumpOutput {
  /** Of the disk, for everybody. */
  freeBytes(): Promise<number>
  /** `mtd0`; empty for a dump that is one file. Its record has its name in either. */
  file(name: string): Promise<DumpFile>
  /** Where it will lie. */
  pathOf(name: string): string
  /** Cuts each file to its length, drops what does not belong, and gives the dump its name. Never over something: `input/conflict`. */
  publish(files: readonly { readonly name: string; readonly lengthBytes: number }[], signal: AbortSignal): Promise<void>
  /** Idempotent. What is not published goes, or with `keep` stays hidden for the next try. */
  close(keep: boolean): Promise<void>
}

/** A place where our server takes one file from the camera. */
export interface UploadPlace {
  /** Rejects when closed first. */
  readonly bytes: Promise<Uint8Array>
  close(): void
}

export interface UploadDesk {
  /** As the camera sees them. */
  readonly serverAddress: string
  readonly cameraAddress: string
  readonly port: number
  receive(name: string, maxBytes: number, onProgress: (doneBytes: number) => void): UploadPlace
  close(signal: AbortSignal): Promise<void>
}

/** Everything a dump works with; nothing is opened here but by `open`. */
export interface DumpBench extends BringUpBench {
  readonly plan: DumpPlan
  /** Who is known there; absent: nobody asks. */
  readonly identity?: IdentityCheck | undefined
  /** More than this is not restored at once here; absent: nobody knows. */
  readonly restorableBytes?: number
  /** What some bytes of a flash call the U-Boot in them: asked where none runs that could be asked itself. */
  readonly ubootVersionsIn: (bytes: Uint8Array) => readonly string[]
  readonly hashHex: (algorithm: 'sha1' | 'sha256', bytes: Uint8Array) => string
  /** A fresh number for each poisoned buffer. */
  readonly newPoison: () => number
  readonly takeLease: (signal: AbortSignal) => Promise<{ release: () => Promise<void> }>
  readonly openConsole: (signal: AbortSignal) => Promise<WorkConsole & { release: (signal: AbortSignal) => Promise<void> }>
  readonly openOutput: (signal: AbortSignal) => Promise<DumpOutput>
  /** Asked only when the plan goes by `tftp`. */
  readonly openUploads: (signal: AbortSignal) => Promise<UploadDesk>
}
