import type { Boot, BootComparison, BootList, BootQuery, BootRef } from '../../shared/captures/boots.schema.ts'
import { isPowerEdge, type SessionId } from '../../shared/captures/captures.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { type BootLine, compareBoots } from '../core/captures/compareBoots.ts'
import type { FoundBoot } from '../drivers/storage/captureIndex/bootTable.ts'
import { readSession } from '../drivers/storage/captures/sessionReader.ts'
import { createLineCutter } from '../protocols/captureLines/plainLine.ts'
import type { CaptureDesk } from './captureDesk.ts'

export interface BootsDesk {
  list(query: BootQuery, signal: AbortSignal): Promise<BootList>
  compare(a: BootRef, b: BootRef, signal: AbortSignal): Promise<BootComparison>
}

/** A boot has a few hundred; more is a console that never stops. */
const mostLines = 4_000
const mostBytes = 4 * 2 ** 20

/** Every boot that a console told of, with its times. */
export function createBootsDesk(captures: CaptureDesk): BootsDesk {
  const bootAt = async ({ session, startOffset }: BootRef, signal: AbortSignal): Promise<Boot> => {
    const [found] = await captures.boots({ cameras: [], session, startOffset, limit: 1 }, signal)
    if (!found) throw new WorkbenchError('input/not-found', `There is no boot ${session}@${startOffset}`, { hint: '"captures boots CAMERA" lists them' })
    return bootOf(found)
  }
  return {
    list: async ({ limit, ...query }, signal) => {
      // One more than wanted tells whether there are more.
      const found = await captures.boots({ ...query, limit: limit + 1 }, signal)
      return { boots: found.slice(0, limit).map(bootOf), isCut: found.length > limit, note: captures.indexNote() }
    },
    compare: async (refA, refB, signal) => {
      const [a, b] = [await bootAt(refA, signal), await bootAt(refB, signal)]
      const [left, right] = [await linesOf(captures, a, signal), await linesOf(captures, b, signal)]
      return { a, b, ...compareBoots({ boot: a, lines: left.lines }, { boot: b, lines: right.lines }), isCut: left.isCut || right.isCut }
    },
  }
}

const bootOf = ({ camera, session, firmware, startOffset, endOffset, startMs, endMs, begins, isLast }: FoundBoot): Boot =>
  ({ camera: camera as CameraId, session: session as SessionId, firmware, startOffset, endOffset, startMs, endMs, begins, isLast })

async function linesOf(captures: CaptureDesk, { session, startOffset, endOffset }: Boot, signal: AbortSignal): Promise<{ readonly lines: readonly BootLine[]; readonly isCut: boolean }> {
  const lines: BootLine[] = []
  const cutter = createLineCutter((line) => { lines.push(line) })
  let bytes = 0
  let isCut = false
  for await (const piece of readSession(await captures.store.parts(session), { offset: startOffset }, signal)) {
    if (piece.kind !== 'rx') { if (piece.kind !== 'tx' && !isPowerEdge(piece.kind)) cutter.finish(); continue }
    cutter.push(piece.bytes, piece.offset, piece.atMs)
    bytes += piece.bytes.length
    isCut = lines.length > mostLines || bytes > mostBytes
    if (isCut || (lines.at(-1)?.offset ?? 0) > endOffset) break
  }
  cutter.finish()
  return { lines: lines.filter(({ offset }) => offset <= endOffset).slice(0, mostLines), isCut }
}
