import type { CameraId } from '../../shared/devices/ids.ts'
import { confirmAbove, type PowerManyNews, type PowerManyRequest } from '../../shared/contracts/powerMany.contract.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import type { RackBook } from '../core/rack/rackBook.ts'

export interface PowerManyDeps {
  readonly rack: Pick<RackBook, 'camera' | 'power'>
  readonly clock: Clock
}

/** A switch that is asked over SSH, and read back, needs most of it. */
const limitMs = 30_000

/** One failure neither stops nor hides the rest. What has begun is brought to its end, whoever looks away. */
export async function* powerMany({ rack, clock }: PowerManyDeps, { cameraIds, action, staggerMs, confirm }: PowerManyRequest, signal: AbortSignal): AsyncGenerator<PowerManyNews, void, void> {
  const ids = [...new Set(cameraIds)]
  if (ids.length > confirmAbove && confirm?.trim() !== String(ids.length)) {
    throw new WorkbenchError('input/conflict', `Switching ${ids.length} cameras wants their number as the confirmation`, { context: { cameras: ids.length }, hint: `Type ${ids.length}` })
  }
  for (const cameraId of ids) yield { cameraId, state: 'waiting', note: '' }
  let begun = 0
  for (const cameraId of ids) {
    const refusal = refusalOf(rack, cameraId, action)
    if (refusal !== undefined) { yield { cameraId, state: 'refused', note: refusal }; continue }
    // A viewer that has left ends the stream; it has not failed.
    if (begun > 0) await clock.sleep(staggerMs, signal).catch(() => undefined)
    if (signal.aborted) return
    begun += 1
    yield { cameraId, state: 'acting', note: '' }
    yield await switchOne({ rack, clock }, cameraId, action)
  }
}

function refusalOf(rack: PowerManyDeps['rack'], id: CameraId, action: PowerManyRequest['action']): string | undefined {
  try {
    const { power } = rack.camera(id).devices
    if (power.ability === 'manual') return 'Only a person switches it'
    return power.ability === 'cycle-only' && action !== 'cycle' ? `${power.label} can only cycle it` : undefined
  } catch (error) {
    return error instanceof WorkbenchError ? error.message : String(error)
  }
}

async function switchOne({ rack, clock }: PowerManyDeps, cameraId: CameraId, action: PowerManyRequest['action']): Promise<PowerManyNews> {
  try {
    // Not under the viewer's signal: half a cycle is a camera that stays dark.
    await withDeadline(clock, limitMs, 'its power', new AbortController().signal, async (within) => rack.power(cameraId, action, within))
    const { power } = rack.camera(cameraId).devices
    return power.ability === 'on-off' && power.proof === 'read-back'
      ? { cameraId, state: 'done', note: 'read back' }
      : { cameraId, state: 'unverified', note: 'accepted; its state cannot be read back' }
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error
    return { cameraId, state: error.code === 'pod/busy' ? 'refused' : 'failed', note: error.message }
  }
}
