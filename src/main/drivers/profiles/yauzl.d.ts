/** The part of yauzl that the reader of zip files uses. */
declare module 'yauzl' {
  import type { Readable } from 'node:stream'

  export interface Entry {
    readonly fileName: string
    readonly uncompressedSize: number
    readonly externalFileAttributes: number
    readonly versionMadeBy: number
    readonly crc32: number
    isEncrypted(): boolean
  }
  export interface ZipFile {
    readonly entryCount: number
    eachEntry(): AsyncIterable<Entry>
    openReadStreamPromise(entry: Entry): Promise<Readable>
    close(): void
  }
  export interface Options {
    readonly autoClose?: boolean
    readonly lazyEntries?: boolean
    /** Fails when an entry unpacks to more or less than its directory says. */
    readonly validateEntrySize?: boolean
    /** Refuses backslashes instead of turning them around. */
    readonly strictFileNames?: boolean
  }
  const yauzl: { fromBufferPromise(buffer: Buffer, options?: Options): Promise<ZipFile> }
  export default yauzl
}
