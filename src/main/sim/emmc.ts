import type { Ram } from './memory.ts'

export const emmcBytes = 64 * 1024 * 1024

/** `vendor`: the device's number stands in each line, as in the builds of 2016. */
export interface SimEmmc {
  readonly cells: Ram
  readonly dialect: 'mainline' | 'vendor'
}
