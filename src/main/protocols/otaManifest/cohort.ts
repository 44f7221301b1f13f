import type { NewDigest } from '../../../shared/ota/digest.ts'

/** 0 to 99, the same for a device and a version wherever it is computed. */
export function cohortOf(version: string, deviceId: string, newDigest: NewDigest): number {
  const digest = newDigest('sha256')
  digest.update(new TextEncoder().encode(`${version}:${deviceId}`))
  return Number.parseInt(digest.hex().slice(0, 8), 16) % 100
}

export const isInRollout = (version: string, deviceId: string, percent: number, newDigest: NewDigest): boolean => cohortOf(version, deviceId, newDigest) < percent
