import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { joinBytes } from '../../../../shared/lifecycle/byteQueue.ts'
import type { NewDigest } from '../../../../shared/ota/digest.ts'
import { generateDelta } from '../../../protocols/delta/generateDelta.ts'
import { applyDelta, readBytesAt } from '../../../protocols/delta/parser.ts'

const leastDeltaFileBytes = 1024
const leastSavedPercent = 30

export const savedPercent = (deltaBytes: number, newBytes: number): number => (newBytes === 0 ? 0 : Math.round((1 - deltaBytes / newBytes) * 1000) / 10)

/** Where each delta of a release goes: two paths that differ only in where their slashes are cannot both have one. */
export function createDeltaNames(): (path: string) => string {
  const names = new Map<string, string>()
  return (path) => {
    const file = `.deltas/${path.replaceAll('/', '_')}.delta`
    const other = names.get(file)
    if (other !== undefined) throw new WorkbenchError('input/conflict', `${path} and ${other} would have the same delta file`, { hint: 'Rename one of them' })
    names.set(file, path)
    return file
  }
}

export function sha256Of(bytes: Uint8Array, newDigest: NewDigest): string {
  const digest = newDigest('sha256')
  digest.update(bytes)
  return digest.hex()
}

/** Made, and applied as a board would, before anybody gets it. */
export async function provedDelta(older: Uint8Array, newer: Uint8Array, newDigest: NewDigest, signal: AbortSignal): Promise<Uint8Array> {
  const delta = generateDelta(older, newer)
  const pieces: Uint8Array[] = []
  for await (const piece of applyDelta({ delta: readBytesAt(delta), older: readBytesAt(older), sha256: sha256Of(newer, newDigest), sizeBytes: newer.length, newDigest, signal })) pieces.push(piece.slice())
  const made = joinBytes(pieces)
  if (made.length !== newer.length || made.some((byte, at) => byte !== newer[at])) throw new WorkbenchError('internal/bug', 'The delta that was made does not lead to the new file')
  return delta
}

/** `undefined` where a board is better off with the whole file. */
export async function worthyDelta(older: Uint8Array, newer: Uint8Array, newDigest: NewDigest, signal: AbortSignal): Promise<Uint8Array | undefined> {
  if (newer.length < leastDeltaFileBytes || sha256Of(older, newDigest) === sha256Of(newer, newDigest)) return undefined
  const delta = await provedDelta(older, newer, newDigest, signal)
  return savedPercent(delta.length, newer.length) < leastSavedPercent ? undefined : delta
}
