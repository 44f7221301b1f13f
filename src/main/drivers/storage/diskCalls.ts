import { link, open, rename, rm, unlink } from 'node:fs/promises'
import { makeFolders } from '../files/makeFolders.ts'

/** What changes a disk, of the stores of images and artifacts; a test gives one that fills up. */
export interface DiskCalls {
  readonly link: typeof link
  /** With every folder above it. */
  readonly mkdir: typeof makeFolders
  readonly open: typeof open
  readonly rename: typeof rename
  readonly rm: typeof rm
  readonly unlink: typeof unlink
}

export const nodeDisk: DiskCalls = { link, mkdir: makeFolders, open, rename, rm, unlink }
