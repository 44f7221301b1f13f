import { useEventListener } from '@vueuse/core'
import { computed, type ComputedRef, nextTick, type Ref, ref, watch } from 'vue'
import { isMenuKey } from '../../../shared/commands/keys.ts'
import { type CameraId, cameraIdSchema } from '../../../shared/devices/ids.ts'
import { useCommandStore } from '../../commands/commandStore.ts'
import { useRackStore } from '../../stores/rack.ts'
import { useViewStore } from '../../stores/view.ts'
import { type Move, moveAmong, type Place, rangeOf } from './rackLayout.ts'

export interface FieldOptions {
  readonly scroller: Readonly<Ref<HTMLElement | null>>
  /** All that is shown, in the order as seen, also what is scrolled away. */
  readonly places: () => readonly Place[]
  readonly reveal: (place: Place) => void
}
export interface CameraField {
  /** The one card that the tab key stops at. */
  readonly reachable: ComputedRef<CameraId | undefined>
  /** The frame that is drawn over cards, in pixels of the window. */
  readonly frame: Ref<{ left: number; top: number; width: number; height: number } | undefined>
  onKey(event: KeyboardEvent): Promise<void>
  onClick(event: MouseEvent): void
  onDown(event: PointerEvent): void
  onMenu(event: Event): void
}

const moves: Readonly<Record<string, Move>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', Home: 'first', End: 'last' }
/** A hand that clicks trembles less than this. */
const dragPx = 6

const cameraAt = (event: Event): CameraId | undefined => {
  const id = cameraIdSchema.safeParse((event.target as HTMLElement).closest<HTMLElement>('[data-camera]')?.dataset['camera'])
  return id.success ? id.data : undefined
}

/** Keys, clicks and a frame over the cards: the same for every shape of the rack. */
export function useCameraField({ scroller, places, reveal }: FieldOptions): CameraField {
  const view = useViewStore()
  const rack = useRackStore()
  const commands = useCommandStore()
  const current = ref<CameraId>()
  const anchor = ref<CameraId>()
  const frame = ref<{ left: number; top: number; width: number; height: number }>()
  let start: { readonly x: number; readonly y: number; readonly adds: boolean } | undefined
  let dragged = false

  const reachable = computed(() => (places().some(({ id }) => id === current.value) ? current.value : places()[0]?.id))
  watch(() => view.camera, (id) => { if (id) current.value = id })

  async function go(move: Move, extends_: boolean): Promise<void> {
    const from = reachable.value
    const to = moveAmong(places(), from, move)
    if (!to) return
    if (extends_) {
      anchor.value ??= from
      view.select(rangeOf(places(), anchor.value, to.id))
    } else anchor.value = undefined
    current.value = to.id
    await focus(to)
  }
  async function focus(to: Place): Promise<void> {
    reveal(to)
    // A far card is drawn some frames after the scroll; until then the field itself keeps the keys.
    for (let turn = 0; turn < 30; turn += 1) {
      await nextTick()
      const element = scroller.value?.querySelector<HTMLElement>(`[data-camera="${to.id}"]`)
      if (element) { element.focus({ preventScroll: turn > 0 }); return }
      scroller.value?.focus({ preventScroll: true })
      await new Promise((resolve) => { requestAnimationFrame(resolve) })
    }
  }
  // Cards are made anew by a step of the zoom; the one that had the keys gets them back.
  watch(() => view.zoom, async () => {
    const hadKeys = scroller.value?.contains(document.activeElement) === true
    await nextTick()
    const place = places().find(({ id }) => id === reachable.value)
    if (hadKeys && place) await focus(place)
  })
  function onMenu(event: Event, id = cameraAt(event)): void {
    const camera = id === undefined ? undefined : rack.byId.get(id)
    if (camera) commands.openMenu(event, 'camera', camera, `What can be done with ${camera.name}`, ['Camera', 'Power'])
  }
  async function onKey(event: KeyboardEvent): Promise<void> {
    if (event.altKey) return
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() === 'a') { event.preventDefault(); view.select(places().map(({ id }) => id)) }
      return
    }
    const move = moves[event.key]
    const id = cameraAt(event) ?? reachable.value
    if (move) { event.preventDefault(); await go(move, event.shiftKey) }
    else if (isMenuKey(event)) onMenu(event, id)
    else if (event.key === 'Enter' && id) { event.preventDefault(); view.open(id) }
    else if (event.key === ' ' && id) { event.preventDefault(); anchor.value = id; view.toggleSelected(id) }
  }
  function onClick(event: MouseEvent): void {
    // The end of a frame is no click.
    if (dragged) { dragged = false; return }
    const id = cameraAt(event)
    if (!id) return
    if (event.shiftKey) view.select([...(event.ctrlKey || event.metaKey ? view.selected : []), ...rangeOf(places(), anchor.value ?? reachable.value, id)])
    else if (event.ctrlKey || event.metaKey) { anchor.value = id; view.toggleSelected(id) }
    else { anchor.value = id; view.open(id) }
    current.value = id
  }
  function onDown(event: PointerEvent): void {
    dragged = false
    const box = scroller.value?.getBoundingClientRect()
    // Not on the scroll bar, and not with a finger, which scrolls.
    if (event.button !== 0 || event.pointerType === 'touch' || event.shiftKey || !box || event.clientX - box.left > (scroller.value?.clientWidth ?? 0)) return
    start = { x: event.clientX, y: event.clientY, adds: event.ctrlKey || event.metaKey }
  }
  useEventListener(window, 'pointermove', (event) => {
    if (!start || (!frame.value && Math.hypot(event.clientX - start.x, event.clientY - start.y) < dragPx)) return
    frame.value = { left: Math.min(start.x, event.clientX), top: Math.min(start.y, event.clientY), width: Math.abs(event.clientX - start.x), height: Math.abs(event.clientY - start.y) }
  })
  useEventListener(window, 'pointerup', () => {
    const [drawn, from] = [frame.value, start]
    start = undefined
    frame.value = undefined
    if (!drawn || !from) return
    dragged = true
    const touched = [...(scroller.value?.querySelectorAll<HTMLElement>('[data-camera]') ?? [])].filter((element) => {
      const box = element.getBoundingClientRect()
      return box.left < drawn.left + drawn.width && box.right > drawn.left && box.top < drawn.top + drawn.height && box.bottom > drawn.top
    }).flatMap((element) => cameraIdSchema.safeParse(element.dataset['camera']).data ?? [])
    view.select([...(from.adds ? view.selected : []), ...touched])
  })
  useEventListener(window, 'pointercancel', () => { start = undefined; frame.value = undefined })
  return { reachable, frame, onKey, onClick, onDown, onMenu: (event) => { onMenu(event) } }
}
