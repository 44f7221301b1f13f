import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createMatcher, type Match, type Matcher } from './matcher.ts'
import { createDeltaWriter, type DeltaWriter, varintBytes } from './writer.ts'

/** Of one file. A board's files are small; what is larger belongs into a package. */
export const maxDeltaFileBytes = 64 * 1024 * 1024

/** Bytes that a copy saves over writing its bytes out. `within`: it parts a run of literals, whose second half needs a head of its own. */
const savingOf = ({ oldOffset, length }: Match, within: boolean): number =>
  length - 1 - varintBytes(oldOffset) - varintBytes(length) - (within ? 2 : 0)

/** The instructions that make `newer` out of `older`; what they say depends on nothing but these two. */
export function generateDelta(older: Uint8Array, newer: Uint8Array): Uint8Array {
  for (const { length } of [older, newer]) {
    if (length > maxDeltaFileBytes) throw new WorkbenchError('input/too-large', `A file of ${length} bytes is too large for a delta`, { context: { lengthBytes: length, limitBytes: maxDeltaFileBytes }, hint: 'Deliver the whole file' })
  }
  const writer = createDeltaWriter()
  walk(older, newer, createMatcher(older, newer), writer)
  return writer.finish()
}

function walk(older: Uint8Array, newer: Uint8Array, matcher: Matcher, writer: DeltaWriter): void {
  let literalsFrom = 0
  let at = 0
  // What has to be added to a place of the new file to get that of the old one, as the last copy had it.
  let shift = 0
  const find = (place: number): Match => matcher.find(place, place + shift)
  const isWorth = (match: Match, place: number): boolean => match.length > 0 && savingOf(match, place > literalsFrom) > 0
  while (at < newer.length) {
    let match = find(at)
    if (!isWorth(match, at)) { at += 1; continue }
    // One byte later there may be a much better one; then this byte is a literal.
    for (let looked = 0; looked < 2 && at + 1 < newer.length && match.length < 256; looked += 1) {
      const next = find(at + 1)
      if (savingOf(next, true) <= savingOf(match, at > literalsFrom) + 1) break
      match = next
      at += 1
    }
    const back = backwards(older, newer, match.oldOffset, at, literalsFrom)
    const start = at - back
    if (start > literalsFrom) writer.insert(newer.subarray(literalsFrom, start))
    writer.copy(match.oldOffset - back, match.length + back)
    shift = match.oldOffset - at
    at += match.length
    literalsFrom = at
  }
  if (literalsFrom < newer.length) writer.insert(newer.subarray(literalsFrom))
}

/** How far a match reaches to the front, into bytes that would be literals. */
function backwards(older: Uint8Array, newer: Uint8Array, oldOffset: number, newOffset: number, stopAt: number): number {
  let back = 0
  while (newOffset - back > stopAt && oldOffset - back > 0 && older[oldOffset - back - 1] === newer[newOffset - back - 1]) back += 1
  return back
}
