import { captureQuerySchema, type SessionId } from '../../shared/captures/captures.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import type { BoardView } from '../../shared/rack/boardFacts.schema.ts'
import { boardClues } from '../core/consoles/boardSeen.ts'
import type { CaptureDesk } from './captureDesk.ts'

const catchUpLimitMs = 3_000
/** Of the newest lines with those words; a console that says them all day would hide what it said at its start. */
const linesLookedAt = 400
const bootsLookedAt = 20

export interface BoardFactsDeps { readonly captures: Pick<CaptureDesk, 'boots' | 'caughtUp' | 'indexNote' | 'search' | 'sessions'>; readonly clock: Clock }

/** From everything that its console ever said, so that a restart of this program forgets nothing. The camera is asked nothing. */
export async function boardOf(camera: CameraId, { captures, clock }: BoardFactsDeps, signal: AbortSignal): Promise<BoardView> {
  // A long index is not waited for, and the note says that something may be missing.
  await withDeadline(clock, catchUpLimitMs, 'the search index', signal, async (within) => captures.caughtUp(within)).catch((error: unknown) => { if (!(error instanceof WorkbenchError)) throw error })
  const found: BoardView['facts'][number][] = []
  for (const { fact, words, read } of boardClues) {
    if (found.some((each) => each.fact === fact)) continue
    const { lines } = await captures.search(captureQuerySchema.parse({ words, cameras: [camera], limit: linesLookedAt }), signal)
    for (const { line, atMs, session, offset } of lines) {
      const text = read(line)
      if (text === undefined) continue
      found.push({ fact, text, atMs, session, offset })
      break
    }
  }
  const boots = await captures.boots({ cameras: [camera], limit: bootsLookedAt }, signal)
  const last = boots.find(({ firmware }) => firmware !== '')
  if (last) found.push({ fact: 'firmware', text: last.firmware.slice(0, 400), atMs: last.startMs, session: last.session as SessionId, offset: last.startOffset })
  const heard = (await captures.sessions({ camera })).filter(({ startOffset, endOffset }) => endOffset > startOffset).map(({ endedAtMs }) => endedAtMs)
  return { facts: found, note: captures.indexNote(), ...(heard.length === 0 ? {} : { heardAtMs: Math.max(...heard) }) }
}
