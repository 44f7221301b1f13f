import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { BroadcastOutcome } from '../../shared/consoles/broadcast.schema.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import { toProblem } from '../rpc/problems.ts'
import { useWorkbench } from '../rpc/useWorkbench.ts'
import { useViewStore } from './view.ts'
import { useViewerStore } from './viewer.ts'

/** Who is typed to together. Stays until it is ended, also while another view is looked at; begins with nobody. */
export const useBroadcastStore = defineStore('broadcast', () => {
  const { client } = useWorkbench()
  const view = useViewStore()
  const who = useViewerStore()
  const active = ref(false)
  const chosen = shallowRef<ReadonlySet<CameraId>>(new Set())
  /** Chosen, and taken out by hand for now. */
  const out = shallowRef<ReadonlySet<CameraId>>(new Set())
  const outcomes = shallowRef<readonly BroadcastOutcome[]>([])
  const problem = shallowRef<WireError>()
  const sending = ref(false)

  const toggled = (set: ReadonlySet<CameraId>, id: CameraId): ReadonlySet<CameraId> => {
    const next = new Set(set)
    if (!next.delete(id)) next.add(id)
    return next
  }
  function begin(): void {
    active.value = true
  }
  function end(): void {
    active.value = false
    chosen.value = new Set()
    out.value = new Set()
    outcomes.value = []
    problem.value = undefined
  }
  /** On the wall, where everybody sees who gets it. */
  function beginOnWall(ids: readonly CameraId[] = []): void {
    if (ids.length > 0) { end(); chosen.value = new Set(ids) }
    active.value = true
    view.consolesShape = 'wall'
    view.view = 'consoles'
  }
  function toggle(id: CameraId): void {
    active.value = true
    chosen.value = toggled(chosen.value, id)
    out.value = new Set([...out.value].filter((one) => one !== id))
  }
  const choose = (ids: readonly CameraId[]): void => { chosen.value = new Set([...chosen.value, ...ids]) }
  const chooseNone = (): void => { chosen.value = new Set(); out.value = new Set() }
  const turn = (id: CameraId): void => { if (chosen.value.has(id)) out.value = toggled(out.value, id) }

  /** `true` when the workbench took it, whatever the single cameras said. */
  async function send(line: string, cameraIds: readonly CameraId[], confirmed: number | undefined): Promise<boolean> {
    if (sending.value) return false
    sending.value = true
    outcomes.value = []
    try {
      outcomes.value = await client.consoles.broadcast({ cameraIds: [...cameraIds], line, viewer: who.viewer, ...(confirmed === undefined ? {} : { confirmed }) })
      problem.value = undefined
      return true
    } catch (error) {
      problem.value = toProblem(error)
      return false
    } finally {
      sending.value = false
    }
  }
  const refused = computed(() => outcomes.value.flatMap(({ cameraId, error }) => (error ? [{ cameraId, error }] : [])))
  return { active, chosen, out, outcomes, problem, sending, refused, begin, beginOnWall, end, toggle, choose, chooseNone, turn, send }
})
