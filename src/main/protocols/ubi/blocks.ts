import { ubiCrc, type VolumeHeader } from './frame.ts'

/** `error`: what is concerned cannot be trusted. `warning`: worth knowing. */
export interface UbiProblem {
  readonly severity: 'error' | 'warning'
  /** Number of the physical block, from 0. */
  readonly blockIndex?: number
  readonly volumeId?: number
  readonly message: string
}

export type Note = (problem: UbiProblem) => void

/** A physical block that holds something. */
export interface HeldBlock {
  readonly blockIndex: number
  readonly header: VolumeHeader
  /** A view into the image, from the data offset to the end of the block. */
  readonly contents: Uint8Array
}

/** Of static volumes and of copies. Others have no CRC. */
export const isIntact = ({ header, contents }: HeldBlock): boolean => ubiCrc(contents.subarray(0, header.dataBytes)) === header.dataCrc
