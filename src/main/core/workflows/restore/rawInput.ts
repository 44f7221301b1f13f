import type { ImageBytes } from '../../../../shared/bytes/storedBytes.ts'
import type { FlashKind } from '../../../../shared/restore/restore.schema.ts'

/** What was found at the path a person gave: bytes only, nothing understood yet. */
export type RawRestoreInput<Bytes extends ImageBytes = Uint8Array> =
  | { readonly kind: 'folder'; readonly path: string; readonly files: readonly { readonly name: string; readonly bytes: Bytes }[]; readonly ignored: readonly string[]; /** dump.json, where there is one. */ readonly record?: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly name: string; readonly bytes: Bytes; /** What a dump has left beside it, where it has. */ readonly record?: Uint8Array }

/** One image with its place still to be found. `lengthBytes` of the partition is known for backups only. */
export interface ImagePart<Bytes extends ImageBytes = Uint8Array> {
  readonly name: string
  readonly source: string
  /** N of mtdN. */
  readonly index: number
  readonly bytes: Bytes
  readonly partitionBytes: number | undefined
  /** The bytes are those of one UBI volume. `isAlone`: it may have all the space of its partition. */
  readonly volume?: { readonly name: string; readonly id: number; readonly sizeBytes: number; readonly lebBytes: number; readonly isAlone: boolean }
}

export interface RestoreInput<Bytes extends ImageBytes = Uint8Array> {
  readonly kind: 'folder' | 'image' | 'ipctool'
  readonly path: string
  readonly parts: readonly ImagePart<Bytes>[]
  readonly totalBytes: number
  readonly warnings: readonly string[]
  /** Where the parts belong, when the input itself says so. */
  readonly mtdparts?: string
  /** The kind of flash it was read from, when the input itself says so; `why` in words. */
  readonly flash?: { readonly kind: FlashKind; readonly why: string }
}

/** What core may not import: hashing and YAML. */
export interface InputTools {
  readonly hashHex: (algorithm: 'sha1' | 'sha256', bytes: Uint8Array) => string
  /** Bounded, without tags or aliases that grow. */
  readonly parseYaml: (text: string) => unknown
}
