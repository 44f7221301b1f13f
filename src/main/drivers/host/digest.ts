import { createHash } from 'node:crypto'
import type { NewDigest } from '../../../shared/ota/digest.ts'

export const newDigest: NewDigest = (algorithm) => {
  const hash = createHash(algorithm)
  return { update: (bytes) => { hash.update(bytes) }, hex: () => hash.digest('hex') }
}
