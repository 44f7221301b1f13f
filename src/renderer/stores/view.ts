import { useLocalStorage, usePreferredDark } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CameraId, JobId, PodId } from '../../shared/devices/ids.ts'
import type { WireError } from '../../shared/errors/workbenchError.ts'
import type { WorkflowName } from '../../shared/jobs/reduceJob.ts'
import type { CameraLife } from '../../shared/rack/rackView.schema.ts'
import type { ThemeName } from '../ui/theme.ts'

export type ViewName = 'rack' | 'consoles' | 'jobs' | 'captures' | 'compare' | 'updates' | 'commands' | 'batch' | 'settings'
export type PanelTab = 'restore' | 'install' | 'dump' | 'burn' | 'agent' | 'console' | 'power' | 'history' | 'details'
/** From the nearest to the farthest look at the rack. */
export const zoomSteps = ['large', 'normal', 'compact', 'dots'] as const
export type ZoomStep = (typeof zoomSteps)[number]
export const zoomWords: Readonly<Record<ZoomStep, string>> = { large: 'Pictures', normal: 'Cards', compact: 'Tiles', dots: 'Dots' }
export type RackShape = 'grid' | 'elevation'
export type ConsolesShape = 'panes' | 'wall'
export type ThemeChoice = ThemeName | 'system'

/** Where the person is looking. Nothing of the rack's own state. */
export const useViewStore = defineStore('view', () => {
  const view = ref<ViewName>('rack')
  const camera = ref<CameraId>()
  const tab = ref<PanelTab>('restore')
  /** A job picked by hand; otherwise the panel shows the camera's latest. */
  const job = ref<JobId>()
  /** Of the view of updates: whose work is to be shown. */
  const updated = ref<CameraId>()
  const selected = shallowRef<ReadonlySet<CameraId>>(new Set())
  const panes = shallowRef<readonly CameraId[]>([])
  const lifeFilter = ref<CameraLife>()
  const wordFilter = ref('')
  const dialog = ref<'add-pod' | 'palette' | 'keys' | 'restore-selected' | 'dump-selected' | 'change-power' | 'bundle' | 'camera-bundle' | 'selected-bundle' | 'label-many' | 'rack-export' | 'rack-import' | 'identify' | 'find-ports' | 'switch-config' | 'firmware-add' | 'firmware-publish' | 'firmware-withdraw' | 'firmware-door' | 'release-build' | 'package-build' | 'fleet-reboot' | 'fleet-shutdown' | 'approvals' | 'batch-new' | 'rack-filters'>()
  const updatesTab = ref<'nodes' | 'releases' | 'appliance' | 'board'>('nodes')
  const fleetTab = ref<'clients' | 'bulks' | 'security' | 'broker'>('clients')
  /** Asked for the selected cameras. */
  const powerMany = ref<'on' | 'off' | 'cycle'>()
  const report = ref<JobId>()
  /** A pod of which it is asked whether it leaves the rack. */
  const removing = ref<PodId>()
  const notice = shallowRef<WireError>()

  const themeChoice = useLocalStorage<ThemeChoice>('rackbench-theme', 'system')
  const zoom = useLocalStorage<ZoomStep>('rackbench-zoom', 'large')
  const rackShape = useLocalStorage<RackShape>('rackbench-shape', 'grid')
  const consolesShape = useLocalStorage<ConsolesShape>('rackbench-consoles-shape', 'panes')
  const prefersDark = usePreferredDark()
  const theme = computed<ThemeName>(() => (themeChoice.value === 'system' ? (prefersDark.value ? 'dark' : 'light') : themeChoice.value))

  function open(id: CameraId, on: PanelTab = tab.value): void {
    if (camera.value !== id) job.value = undefined
    camera.value = id
    tab.value = on
    view.value = 'rack'
  }
  /** Each kind of work has the tab of its name. */
  function openJob(id: JobId, of: CameraId, workflow: WorkflowName): void {
    if (workflow === 'update') { updated.value = of; view.value = 'updates'; return }
    open(of, workflow)
    job.value = id
  }
  const closePanel = (): void => { camera.value = undefined; job.value = undefined }
  function toggleSelected(id: CameraId): void {
    const next = new Set(selected.value)
    if (!next.delete(id)) next.add(id)
    selected.value = next
  }
  const select = (ids: Iterable<CameraId>): void => { selected.value = new Set(ids) }
  function zoomBy(steps: number): void {
    // What was remembered may be of another version.
    const at = Math.max(0, zoomSteps.indexOf(zoom.value))
    zoom.value = zoomSteps[Math.min(zoomSteps.length - 1, Math.max(0, at + steps))] ?? 'large'
  }
  const clearSelection = (): void => { selected.value = new Set() }
  function showConsoles(ids: readonly CameraId[]): void {
    panes.value = ids
    consolesShape.value = 'panes'
    view.value = 'consoles'
  }
  const switchTheme = (): void => { themeChoice.value = theme.value === 'dark' ? 'light' : 'dark' }
  return {
    view, camera, tab, job, updated, selected, panes, lifeFilter, dialog, updatesTab, fleetTab, report, notice, removing, themeChoice, theme, zoom, rackShape, wordFilter, powerMany, consolesShape,
    select, zoomBy,
    open, openJob, closePanel, toggleSelected, clearSelection, showConsoles, switchTheme,
  }
})
