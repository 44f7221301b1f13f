import type { CameraId } from '../../shared/devices/ids.ts'
import { toWire, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { createBell } from '../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import { isUnitSpec, unitIdOf } from '../drivers/power/openPortUnit.ts'
import { manyUnconfirmed, type PowerAction, type PowerMany, type PowerStep } from '../../shared/rack/powerAct.schema.ts'
import { type BudgetBook, createBudgetBook } from '../core/rack/powerBudget.ts'
import type { RackBook } from '../core/rack/rackBook.ts'

export interface PowerManyDeps {
  readonly rack: Pick<RackBook, 'power' | 'camera' | 'view' | 'draw' | 'pods'>
  readonly clock: Clock
}

/** Every port of a switch is asked. */
const budgetLimitMs = 30_000

const doneWords: Readonly<Record<PowerAction, string>> = { on: 'on', off: 'off', cycle: 'off and on again' }

/**
 * One act on many cameras, one after the other begun, each with its own outcome. A signal that aborts stops those that have not begun;
 * those that have come to their end, because a camera is never left half-way.
 */
export async function* powerMany({ rack, clock }: PowerManyDeps, { cameraIds, action, staggerMs, confirm }: PowerMany, signal: AbortSignal, force?: string): AsyncGenerator<PowerStep, void, void> {
  if (cameraIds.length > manyUnconfirmed && confirm?.trim() !== String(cameraIds.length)) {
    throw new WorkbenchError('input/conflict', `Power ${action} of ${cameraIds.length} cameras was not confirmed`, { context: { cameras: cameraIds.length }, hint: `Type their number, ${cameraIds.length}` })
  }
  // One that is not there is a mistake of the whole list, before anything is switched.
  for (const id of cameraIds) rack.camera(id)
  const told: PowerStep[] = cameraIds.map((cameraId) => ({ cameraId, state: 'waiting', note: '' }))
  const bell = createBell()
  const tell = (step: PowerStep): void => { told.push(step); bell.ring() }
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  let isOver = false
  const running = beginAll().finally(() => { isOver = true; bell.ring() })

  async function one(cameraId: CameraId): Promise<void> {
    tell({ cameraId, state: 'acting', note: '' })
    try {
      // Its own signal: whoever looked away does not leave a camera dark.
      const { isVerified } = await rack.power(cameraId, action, new AbortController().signal, force)
      tell({ cameraId, state: isVerified ? 'done' : 'unverified', note: isVerified ? `${doneWords[action]}, read back` : `${doneWords[action]}; this switch cannot be asked` })
    } catch (error) {
      const { code, message, hint } = toWire(error)
      tell({ cameraId, state: code === 'pod/busy' || code === 'pod/no-power-control' ? 'refused' : 'failed', note: message, ...(code === 'pod/busy' && hint !== undefined ? { hint } : {}) })
    }
  }
  async function beginAll(): Promise<void> {
    const begun: Promise<void>[] = []
    const budgets = createBudgetBook()
    for (const [index, cameraId] of cameraIds.entries()) {
      const why = leftOut(rack, cameraId)
      if (why !== undefined) { tell({ cameraId, state: 'refused', note: why }); continue }
      if (begun.length > 0) await clock.sleep(staggerMs, either).catch(() => undefined)
      const full = action === 'off' || either.aborted ? undefined : await noRoom({ rack, clock }, budgets, cameraId, either).catch((error: unknown): PowerStep => ({ cameraId, state: 'failed', note: `not begun: ${toWire(error).message}` }))
      if (either.aborted) { for (const id of cameraIds.slice(index)) tell({ cameraId: id, state: 'refused', note: 'not begun: cancelled' }); break }
      if (full) { tell(full); continue }
      begun.push(one(cameraId))
    }
    await Promise.all(begun)
  }

  try {
    for (;;) {
      const ring = bell.next(new AbortController().signal)
      for (let step = told.shift(); step; step = told.shift()) yield step
      if (isOver) break
      await ring
    }
    await running
  } finally {
    stop.abort()
  }
}

/** What a switch cannot give beside what it gives already, it is not asked for. */
async function noRoom({ rack, clock }: PowerManyDeps, budgets: BudgetBook, cameraId: CameraId, signal: AbortSignal): Promise<PowerStep | undefined> {
  const { spec: { power: spec }, devices: { power } } = rack.camera(cameraId)
  if (power.ability !== 'on-off' || !power.budget) return undefined
  const unit = isUnitSpec(spec) ? unitIdOf(spec) : undefined
  const given = rack.pods().flatMap((pod) => (pod.power?.kind === 'routeros' && unitIdOf(pod.power) === unit && pod.power.budgetWatts !== undefined ? [pod.power.budgetWatts] : []))
  const budget = await withDeadline(clock, budgetLimitMs, `power budget of ${power.label}`, signal, async (within) => power.budget?.(given.length === 0 ? undefined : Math.min(...given), within))
  const read = rack.draw(cameraId).points.flatMap(({ watts }) => (watts === undefined || watts === 0 ? [] : [watts]))
  const why = budget && budgets.refuse(budget, read.length === 0 ? undefined : Math.max(...read))
  return why === undefined ? undefined : { cameraId, state: 'refused', note: why }
}

/** Why nothing is tried with it. */
export function leftOut(rack: Pick<RackBook, 'view' | 'camera'>, id: CameraId): string | undefined {
  const maintenance = rack.view().pods.flatMap(({ cameras }) => cameras).find((camera) => camera.id === id)?.inventory?.maintenance
  if (maintenance) return `left out: set aside for maintenance${maintenance.note === '' ? '' : ` (${maintenance.note})`}`
  return rack.camera(id).devices.power.ability === 'manual' ? 'left out: its power is switched by a person' : undefined
}
