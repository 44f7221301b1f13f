import { link, mkdir, open, rename, rm, unlink } from 'node:fs/promises'

/** What changes a disk, of the stores of images and artifacts; a test gives one that fills up. */
export interface DiskCalls {
  readonly link: typeof link
  readonly mkdir: typeof mkdir
  readonly open: typeof open
  readonly rename: typeof rename
  readonly rm: typeof rm
  readonly unlink: typeof unlink
}

export const nodeDisk: DiskCalls = { link, mkdir, open, rename, rm, unlink }
