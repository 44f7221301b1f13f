/** The part of yauzl that the readers of zip files use. */
declare module 'yauzl' {
  import type { Readable } from 'node:stream'

  export interface Entry {
    readonly fileName: string
    /** As it stands in the directory of the archive. */
    readonly fileNameRaw: Buffer
    readonly uncompressedSize: number
    readonly compressedSize: number
    readonly compressionMethod: number
    readonly externalFileAttributes: number
    readonly versionMadeBy: number
    readonly crc32: number
    isEncrypted(): boolean
  }
  export interface ZipFile {
    readonly entryCount: number
    readonly fileSize: number
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
    /** Off: names are left to the reader, as bytes. */
    readonly decodeStrings?: boolean
  }
  const yauzl: { fromBufferPromise(buffer: Buffer, options?: Options): Promise<ZipFile>; openPromise(path: string, options?: Options): Promise<ZipFile> }
  export default yauzl
}
