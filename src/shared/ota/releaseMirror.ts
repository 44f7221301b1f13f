/** A version as a board fetches it. */
export interface MirrorVersion {
  readonly tag: string
  content(): Promise<{ readonly commit: string; readonly tree: readonly { readonly path: string; readonly size: number; readonly sha: string }[] }>
  /** Nothing where the version has no such file, whatever the path looks like. */
  read(path: string): Promise<Uint8Array | undefined>
}

/** Where a mirror finds its versions, oldest first; the last one is what boards are brought to. */
export interface ReleaseSource {
  versions(): Promise<readonly MirrorVersion[]>
}

/** Numbers as numbers: v1.10 comes after v1.9. */
export const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
