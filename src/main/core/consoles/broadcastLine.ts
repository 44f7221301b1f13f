import { type BroadcastOutcome, type BroadcastRequest, mostUnconfirmed } from '../../../shared/consoles/broadcast.schema.ts'
import type { Typing } from '../../../shared/consoles/consoles.schema.ts'
import type { CameraId } from '../../../shared/devices/ids.ts'
import { toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { typedBytes } from './typedBytes.ts'

/** A line is written at once or not at all; a bridge that hangs must not hold the answer of the others. */
const writeLimitMs = 5_000
const lineEndOf: Readonly<Record<Typing['lineEnd'], string>> = { CR: '\r', LF: '\n', CRLF: '\r\n', none: '' }

export interface BroadcastDeps {
  readonly clock: Clock
  /** As one camera is typed to; refuses for a camera that is not there. */
  readonly type: (cameraId: CameraId, bytes: Uint8Array, signal: AbortSignal) => Promise<void>
  readonly typingOf: (cameraId: CameraId) => Typing
  readonly log: (line: string) => void
}

/** Each camera for itself: one that refuses neither stops nor hides the others. Nothing is typed where the count is wrong. */
export async function broadcastLine({ cameraIds, line, confirmed }: BroadcastRequest, { clock, type, typingOf, log }: BroadcastDeps, signal: AbortSignal): Promise<BroadcastOutcome[]> {
  const targets = [...new Set(cameraIds)]
  if (targets.length > mostUnconfirmed && confirmed !== targets.length) {
    throw new WorkbenchError('input/malformed', `A line for ${targets.length} cameras needs their number, typed`, { context: { cameras: targets.length }, hint: `Type ${targets.length} to send it to all of them` })
  }
  return Promise.all(targets.map(async (cameraId) => {
    try {
      const { lineEnd, encoding } = typingOf(cameraId)
      const bytes = typedBytes(line + lineEndOf[lineEnd], encoding)
      await withDeadline(clock, writeLimitMs, `typing to ${cameraId}`, signal, async (within) => type(cameraId, bytes, within))
      return { cameraId }
    } catch (error) {
      if (signal.aborted) throw error
      if (!(error instanceof WorkbenchError)) log(`broadcast to ${cameraId}: ${String(error)}`)
      return { cameraId, error: toWire(error) }
    }
  }))
}
