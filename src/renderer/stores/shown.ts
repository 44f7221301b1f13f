import { defineStore } from 'pinia'
import { nextTick, onBeforeUnmount, onMounted } from 'vue'
import type { CameraId } from '../../shared/devices/ids.ts'
import { useViewStore } from './view.ts'

/** What a console on the screen can be asked for. */
export interface ConsoleDeeds {
  search(): void
  address(): void
  copy(): void
  paste(): void
  sendFile(): void
  line(): void
  shape(as: 'terminal' | 'lines' | 'hex'): void
  writer(to: 'take' | 'free' | 'release' | 'takeBack'): void
  tool(name: 'macros' | 'script' | 'rules'): void
}
/** What the rack on the screen can be asked for: it knows what its filter lets through. */
export interface RackDeeds {
  selectShown(): void
}
/** What the open session can be asked for. */
export interface ReaderDeeds {
  find(): void
  export(): void
  hex(): void
  replay(): void
}

const nextFrame = async (): Promise<void> => new Promise((resolve) => { requestAnimationFrame(() => { resolve() }) })
/** A view is drawn within some frames; what is not there then will not come. */
const mostFrames = 60

async function waitFor<T>(find: () => T | undefined): Promise<T | undefined> {
  for (let frame = 0; frame < mostFrames; frame += 1) {
    await nextTick()
    const found = find()
    if (found) return found
    await nextFrame()
  }
  return undefined
}

/** Which places are on the screen, so that a command can reach into them. */
export const useShownStore = defineStore('shown', () => {
  const view = useViewStore()
  const consoles = new Map<CameraId, ConsoleDeeds>()
  let reader: ReaderDeeds | undefined
  let rack: RackDeeds | undefined

  function showConsole(id: CameraId, deeds: ConsoleDeeds): void {
    onMounted(() => { consoles.set(id, deeds) })
    onBeforeUnmount(() => { if (consoles.get(id) === deeds) consoles.delete(id) })
  }
  function showReader(deeds: ReaderDeeds): void {
    onMounted(() => { reader = deeds })
    onBeforeUnmount(() => { if (reader === deeds) reader = undefined })
  }
  function showRack(deeds: RackDeeds): void {
    onMounted(() => { rack = deeds })
    onBeforeUnmount(() => { if (rack === deeds) rack = undefined })
  }
  /** Opens the console of a camera where none is shown. */
  async function withConsole(id: CameraId, work: (deeds: ConsoleDeeds) => void): Promise<void> {
    if (!consoles.has(id)) view.open(id, 'console')
    const deeds = await waitFor(() => consoles.get(id))
    if (deeds) work(deeds)
  }
  async function withReader(work: (deeds: ReaderDeeds) => void): Promise<void> {
    const deeds = await waitFor(() => reader)
    if (deeds) work(deeds)
  }
  async function withRack(work: (deeds: RackDeeds) => void): Promise<void> {
    view.view = 'rack'
    const deeds = await waitFor(() => rack)
    if (deeds) work(deeds)
  }
  /** Puts the focus into a place as soon as it is drawn. */
  async function focusOn(selector: string): Promise<HTMLElement | undefined> {
    const element = await waitFor(() => document.querySelector<HTMLElement>(selector) ?? undefined)
    element?.scrollIntoView({ block: 'nearest' })
    element?.focus()
    return element
  }
  async function press(selector: string): Promise<void> {
    const element = await focusOn(selector)
    element?.click()
  }
  return { showConsole, showReader, showRack, withConsole, withReader, withRack, focusOn, press }
})
