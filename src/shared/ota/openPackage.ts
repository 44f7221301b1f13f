/** A package that has been checked as an archive: no entry leads outside, none is a link, none is there twice. */
export interface OpenPackage {
  /** Of `manifest.json` at its root; `undefined` when there is none. */
  readonly manifestText: string | undefined
  /** Of `incremental.json` beside it; `undefined` when the package is a whole one. */
  readonly incrementalText?: string | undefined
  /** Plain files only. */
  entry(name: string): { readonly sizeBytes: number; readonly mode: number } | undefined
  /** In pieces; rejects at the end when the checksum of the archive does not fit. */
  read(name: string, signal: AbortSignal): AsyncIterable<Uint8Array>
  close(): Promise<void>
}
