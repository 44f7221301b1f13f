/** What stands in a store: named by what it is. All sums are lower-case hex and were made in the one pass in which it came. */
export interface Artifact {
  readonly sha256: string
  readonly md5: string
  readonly crc32: string
  /** SHA-1 as git names a blob of this content. */
  readonly gitBlob: string
  readonly lengthBytes: number
}

/** What somebody says about content that is to come. A partial is continued only for the same identity. */
export interface ArtifactWish {
  /** Where it comes from and which version of it: an address and its ETag. Absent: not resumable. */
  readonly identity?: string | undefined
  readonly lengthBytes?: number | undefined
  readonly sha256?: string | undefined
  readonly md5?: string | undefined
}

/** Content by SHA-256: written once, checked on every read, never overwritten. */
export interface ArtifactStore {
  /** How many bytes of it are kept from an earlier try; 0 when they no longer fit the wish. */
  kept(wish: ArtifactWish): Promise<number>
  /**
   * Takes the content in, `from` that byte on, and gives back what it is. After an error what came stays for `kept`, if the wish has an
   * identity; content that turned out wrong does not. `device/wrong-content` when it is not what was wished, `host/disk-full` beyond the quota,
   * `input/conflict` when `from` is not what is kept or another one brings the same.
   */
  put(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, wish: ArtifactWish, signal: AbortSignal, from?: number): Promise<Artifact>
  get(sha256: string): Promise<Artifact | undefined>
  list(): Promise<readonly Artifact[]>
  /** From `offset` on. The last piece comes only when the whole has proved to be what its name says; `host/io` otherwise. `input/not-found`. */
  read(sha256: string, signal: AbortSignal, offset?: number): AsyncIterable<Uint8Array>
  /** Nothing to do where there is none. */
  remove(sha256: string): Promise<void>
  /** Partials included. */
  usedBytes(): Promise<number>
}
