import { createHash, createHmac } from 'node:crypto'
import type { NewDigest } from '../../../shared/ota/digest.ts'

export const newDigest: NewDigest = (algorithm) => {
  const hash = createHash(algorithm)
  return { update: (bytes) => { hash.update(bytes) }, hex: () => hash.digest('hex') }
}

export const hmacSha256Hex = (key: string, bytes: Uint8Array): string => createHmac('sha256', key).update(bytes).digest('hex')
