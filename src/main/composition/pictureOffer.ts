import { captureQuerySchema } from '../../shared/captures/captures.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import { addressIn, pictureAt } from '../core/consoles/addressSeen.ts'
import type { CaptureDesk } from './captureDesk.ts'

const catchUpLimitMs = 10_000

/** Where a camera's picture may be, after the newest address that its console told; nobody asks there. */
export async function offerOf(camera: CameraId, { captures, clock }: { readonly captures: Pick<CaptureDesk, 'caughtUp' | 'search'>; readonly clock: Clock }, signal: AbortSignal): Promise<string | undefined> {
  // A long index is not waited for: what is in it by now is enough for an offer.
  await withDeadline(clock, catchUpLimitMs, 'the search index', signal, async (within) => captures.caughtUp(within)).catch((error: unknown) => { if (!(error instanceof WorkbenchError)) throw error })
  const { lines } = await captures.search(captureQuerySchema.parse({ words: 'udhcpc lease obtained', cameras: [camera], limit: 20 }), signal)
  const address = lines.map(({ line }) => addressIn(line)).find((each) => each !== undefined)
  return address === undefined ? undefined : pictureAt(address)
}
