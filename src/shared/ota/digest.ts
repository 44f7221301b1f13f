/** Sums of content that comes in pieces; passed in, because core has no hash of its own. */
export interface Digest {
  update(bytes: Uint8Array): void
  /** Lower-case hex. Once, and last. */
  hex(): string
}

export type NewDigest = (algorithm: 'sha256' | 'sha1' | 'md5') => Digest
