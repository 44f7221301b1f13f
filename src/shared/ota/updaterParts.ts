import type { DownloadRequest, UpdaterProgress, UpdaterStage } from './updater.schema.ts'

/** What an updater remembers of its package over a restart. Times are wall clock. */
export interface PackageRecord {
  readonly request: DownloadRequest
  readonly bytesDownloaded: number
  readonly stage: UpdaterStage
  readonly verifiedAtMs: number | undefined
  readonly error: string | undefined
}

/** `tmp/state.json`; a reader finds the whole old one or the whole new one. */
export interface UpdaterStore {
  /** A damaged file is taken away and counts as none. */
  read(): Promise<PackageRecord | undefined>
  write(record: PackageRecord): Promise<void>
  clear(): Promise<void>
}

/** The package's file and the hosts it comes from. */
export interface PackageShelf {
  /** `undefined` when it is not there. */
  sizeOf(name: string): Promise<number | undefined>
  /** What is not the file of this name is an orphan and goes. */
  keepOnly(name: string | undefined): Promise<void>
  remove(name: string): Promise<void>
  /**
   * The whole body on the disk, continued where `fromBytes` of it are there already. `DOWNLOAD_FAILED` once the retries are over,
   * `INCOMPLETE_DOWNLOAD`, `PACKAGE_SIZE_MISMATCH`, `DISK_FULL`.
   */
  fetch(request: DownloadRequest, fromBytes: number, progress: (bytes: number) => void, signal: AbortSignal): Promise<void>
  /** Over the whole file; `MD5_MISMATCH`, `SHA256_MISMATCH`, `PACKAGE_SIZE_MISMATCH`. */
  verify(request: DownloadRequest, signal: AbortSignal): Promise<void>
  pathOf(name: string): string
}

/** Who hears of each step. Never waits and never fails. */
export interface ProgressReporter {
  report(progress: UpdaterProgress): void
  close(): Promise<void>
}
