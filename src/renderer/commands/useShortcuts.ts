import { useEventListener } from '@vueuse/core'
import { commands } from '../../shared/commands/commands.ts'
import { isPressed, isTakenInTerminal, isTyping } from '../../shared/commands/keys.ts'
import { cameraIdSchema } from '../../shared/devices/ids.ts'
import { useViewStore } from '../stores/view.ts'
import { platform } from '../ui/platform.ts'
import { useCommandStore } from './commandStore.ts'

const isField = (target: EventTarget | null): boolean => target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))

/** The one listener for all keys of the list, and for what the application's menu asks for. */
export function useShortcuts(): void {
  const store = useCommandStore()
  const view = useViewStore()

  useEventListener(window, 'keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return
    const found = commands.flatMap(({ id, keys = [] }) => keys.filter((each) => isPressed(each, event, platform)).map((keys) => ({ id, keys })))[0]
    if (!found) return
    const inTerminal = event.target instanceof Element && event.target.closest('.term') !== null
    if (inTerminal && !isTakenInTerminal(found.keys, platform)) return
    // Escape ends what a field is busy with; it closes the panel only from a field that let it through.
    if (isTyping(found.keys) && found.keys !== 'Escape' && isField(event.target)) return
    // Under an open dialog nothing moves; the palette's own key closes it again.
    const isBelow = document.querySelector('dialog[open], [role="menu"]') !== null || view.report !== undefined
    if (isBelow && !(found.id === 'palette.open' && view.dialog === 'palette')) return
    // A list that lies above everything has Escape for itself, also before it has the focus and when it has lost it.
    if (found.keys === 'Escape' && document.querySelector(':popover-open') !== null) return
    if (isTyping(found.keys) && !store.can(found.id)) return
    event.preventDefault()
    store.runById(found.id)
  })
  useEventListener(document, 'focusin', ({ target }) => {
    if (!(target instanceof Element) || target.closest('dialog, [role="menu"]')) return
    const id = cameraIdSchema.safeParse(target.closest<HTMLElement>('[data-camera], [data-console]')?.dataset['camera'] ?? target.closest<HTMLElement>('[data-console]')?.dataset['console'])
    store.focused = id.success ? id.data : undefined
  })
  useEventListener(window, 'message', ({ source, origin, data }: MessageEvent<unknown>) => {
    if (source !== window || origin !== window.location.origin || typeof data !== 'object' || data === null || !('type' in data) || data.type !== 'rackbench-command') return
    if ('id' in data && typeof data.id === 'string' && document.querySelector('dialog[open]') === null) store.runById(data.id)
  })
}
