import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { type Command, not, type Place, type Standing, type Targets } from '../../shared/commands/command.ts'
import { commandOf, commands } from '../../shared/commands/commands.ts'
import type { CameraId } from '../../shared/devices/ids.ts'
import { toProblem } from '../rpc/problems.ts'
import { useBatchesStore } from '../stores/batches.ts'
import { useCapturesStore } from '../stores/captures.ts'
import { useJobsStore } from '../stores/jobs.ts'
import { useMachineStore } from '../stores/machine.ts'
import { useRackStore } from '../stores/rack.ts'
import { useViewStore, zoomSteps } from '../stores/view.ts'
import { useHandlers } from './handlers.ts'

type AtHand = { readonly [P in Place]: Targets[P] | undefined }
/** One command with what it is about; the two belong together. */
export interface Deed { readonly command: Command; readonly target: unknown; readonly standing: Standing | undefined }
export interface OpenMenu { readonly label: string; readonly deeds: readonly Deed[]; readonly x: number; readonly y: number }

const recentCount = 6
const missing: Readonly<Record<Place, Standing>> = {
  window: not('Not here'), camera: not('Choose a camera first', 'Arrows move between cards'), cameras: not('Fewer than two cameras are selected', 'Space selects a card'),
  job: not('Choose a job first', 'Those of a camera are in its history'), session: not('Open a session first', 'Captures lists them'),
}

export const useCommandStore = defineStore('commands', () => {
  const handlers = useHandlers()
  const rack = useRackStore()
  const view = useViewStore()
  const machine = useMachineStore()
  const jobs = useJobsStore()
  const captures = useCapturesStore()
  const batches = useBatchesStore()
  /** The camera whose card or console has the focus. */
  const focused = ref<CameraId>()
  const recent = useLocalStorage<string[]>('rackbench-recent-commands', [])
  const menu = shallowRef<OpenMenu>()
  const asked = shallowRef<Deed>()

  const chosen = computed(() => [...view.selected].flatMap((id) => rack.byId.get(id) ?? []))
  const camera = computed(() => {
    const id = focused.value ?? view.camera ?? (chosen.value.length === 1 ? chosen.value[0]?.id : undefined)
    return id === undefined ? undefined : rack.byId.get(id)
  })
  const atHand = computed<AtHand>(() => {
    const job = view.job ?? camera.value?.job?.id
    return {
      window: {
        hasDemo: rack.hasDemo, pods: rack.pods.length, chosen: chosen.value.length, isFiltered: view.lifeFilter !== undefined || view.wordFilter.trim() !== '', isPanelOpen: view.view === 'rack' && view.camera !== undefined,
        isLinkLost: machine.link.phase === 'lost', isReading: captures.opened !== undefined,
        isRackShown: view.view === 'rack', batch: view.view === 'batch' ? batches.shown?.state : undefined, rackShape: view.rackShape, nearer: zoomSteps.indexOf(view.zoom), farther: zoomSteps.length - 1 - zoomSteps.indexOf(view.zoom),
      },
      camera: camera.value,
      cameras: chosen.value.length > 1 ? chosen.value : undefined,
      job: job === undefined ? undefined : jobs.list.find(({ id }) => id === job),
      session: captures.opened && captures.bySession.get(captures.opened.session),
    }
  })

  function deedOf(command: Command, target: Targets[Place] | undefined): Deed {
    // A command and its target are joined by `on`; the compiler cannot follow a union that far.
    const available = command.available as ((target: Targets[Place]) => Standing | undefined) | undefined
    return { command, target, standing: target === undefined ? missing[command.on] : available?.(target) }
  }
  /** Everything, with what it would be about now. */
  const deeds = computed<readonly Deed[]>(() => commands.map((command) => deedOf(command, atHand.value[command.on])))

  function perform({ command, target }: Deed): void {
    recent.value = [command.id, ...recent.value.filter((id) => id !== command.id)].slice(0, recentCount)
    const handler = handlers[command.id as keyof typeof handlers] as (target: unknown) => unknown
    Promise.resolve().then(async () => handler(target)).catch((error: unknown) => { view.notice = toProblem(error) })
  }
  /** Runs it, asks first, or says why not. */
  function run(deed: Deed): void {
    const { command, target, standing } = deed
    if (target === undefined || (standing?.cannot && !command.explains)) {
      view.notice = { code: 'input/conflict', message: `${command.title}: ${standing?.sentence ?? 'not now'}`, context: {}, hint: standing?.next }
    } else if (command.destructive === 'at-once') asked.value = deed
    else perform(deed)
  }
  /** Yes to the question. */
  function confirm(): void {
    const deed = asked.value
    asked.value = undefined
    if (deed) perform(deed)
  }
  /** A key alone does nothing where it cannot; a chord says why not. */
  function can(id: string): boolean {
    const command = commandOf(id)
    return command !== undefined && deedOf(command, atHand.value[command.on]).standing?.cannot !== true
  }
  function runById(id: string): void {
    const command = commandOf(id)
    if (command) run(deedOf(command, atHand.value[command.on]))
  }
  /** A menu of what can be done with one thing, beside the pointer or beside the element that has the focus. */
  function openMenu<P extends Place>(event: Event, on: P, target: Targets[P], label: string, groups: readonly string[] = []): void {
    event.preventDefault()
    const fits = (command: Command): boolean => command.on === on && (groups.length === 0 || groups.includes(command.group))
    const box = event.target instanceof Element ? event.target.getBoundingClientRect() : new DOMRect()
    const byPointer = event instanceof MouseEvent && event.type === 'contextmenu' && event.button === 2
    menu.value = { label, deeds: commands.filter(fits).map((command) => deedOf(command, target)), x: byPointer ? event.clientX : box.left + 12, y: byPointer ? event.clientY : Math.min(box.bottom, box.top + 28) }
  }
  return { focused, recent, menu, asked, deeds, run, can, runById, confirm, openMenu }
})
