import type { FirmwareImage, ReleaseRow } from './registry.schema.ts'

/** Rows of images and releases; shared by every process that opens the same folder. */
export interface RegistryRows {
  images(): FirmwareImage[]
  /** `input/conflict` when the product has that version with other bytes; the known one when it has it with these. */
  addImage(image: FirmwareImage): FirmwareImage
  rows(): ReleaseRow[]
  /** `make` sees the newest row of the channel and gives the next, or nothing; nobody comes between. */
  addRow(place: { readonly product: string; readonly channel: string }, make: (newest: ReleaseRow | undefined) => Omit<ReleaseRow, 'number'> | undefined): { readonly row: ReleaseRow; readonly changed: boolean } | undefined
  groups(): { readonly product: string; readonly node: string; readonly group: string }[]
  setGroup(product: string, node: string, group: string | undefined): void
  /** Another process has written since this was last asked. */
  wasChangedElsewhere(): boolean
  close(): void
}

/** An image that is on the disk and not registered yet. */
export interface StagedImage {
  readonly sha256: string
  readonly sizeBytes: number
  /** Its first bytes, at most 256. */
  readonly head: Uint8Array
  /** To its place by its hash, and durable. */
  keep(): Promise<void>
  drop(): Promise<void>
}

export interface ImageFiles {
  /** `input/too-large` beyond `maxBytes`; whatever goes wrong leaves no file. */
  receive(pieces: AsyncIterable<Uint8Array>, maxBytes: number, signal: AbortSignal): Promise<StagedImage>
  /** Proved by its hash, once for each change of the file. `host/io` when it is gone or other than registered. */
  read(image: Pick<FirmwareImage, 'sha256' | 'sizeBytes'>, signal: AbortSignal): Promise<Uint8Array>
  /** What an interrupted upload left long ago. */
  sweep(known: ReadonlySet<string>): Promise<number>
}

/** A file that lies in the registry's folder, put there by hand. */
export interface FolderFile {
  readonly name: string
  readonly sizeBytes: number
  /** The text of its sidecar, where there is one. */
  readonly sidecar: string | undefined
  pieces(): AsyncIterable<Uint8Array>
}
