import { createHash, randomBytes, randomInt } from 'node:crypto'
import { type JobId, jobIdSchema } from '../../../shared/devices/ids.ts'

/** Six letters and digits; with the prompt's own echo in between that is unique enough for one console. */
export const newToken = (): string => randomBytes(4).toString('hex')

/** 32 bits for a RAM pattern; never all ones or all zeros, which flash and fresh RAM hold anyway. */
export const newPoison = (): number => randomInt(1, 0xffff_fffe)

/** Sorts by time in file listings: `20260512-143001-a1b2c3`. */
export function newJobId(wallMs: number): JobId {
  const stamp = new Date(wallMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  return jobIdSchema.parse(`${stamp}-${randomBytes(3).toString('hex')}`)
}

/** OpenSSL takes less than 2 GiB at once, and a card's image may have more. */
const hashedAtOnce = 1024 * 1024 * 1024

export function hashHex(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string {
  const hash = createHash(algorithm)
  for (let at = 0; at < bytes.length; at += hashedAtOnce) hash.update(bytes.subarray(at, at + hashedAtOnce))
  return hash.digest('hex')
}

/** For release checksums only: MD5 tells damage, not malice. */
export const md5Hex = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

export const secretBytes = (count: number): Uint8Array => new Uint8Array(randomBytes(count))

/** 0 to 1, without 1: for what is only to differ. */
export const newShare = (): number => randomInt(0, 0x1_0000_0000) / 0x1_0000_0000
