import { mostOthers, type Viewer, type WriterView } from '../../../shared/consoles/consoleTools.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { busyWith, timeOfDay } from '../rack/leases.ts'
import type { CameraConsole } from './cameraConsole.ts'

const knownViewers = 1_000
/** Who goes from one console to the next, or looks at the rack for a while, is who it was. */
const keptNameMs = 600_000

/** One name for one viewer, while it looks at any console and for a while after. Nobody has the name of another. */
export interface ViewerNames {
  nameOf(viewer: Viewer): string
  /** Once for each console that it looks at. */
  came(viewer: Viewer): void
  left(viewer: Viewer): void
}

export function createViewerNames(clock: Pick<Clock, 'nowMs'>): ViewerNames {
  const names = new Map<string, { readonly wish: string; readonly name: string }>()
  const looking = new Map<string, number>()
  const leftAtMs = new Map<string, number>()
  const isFree = (id: string): boolean => clock.nowMs() - (leftAtMs.get(id) ?? Infinity) >= keptNameMs
  const nameOf = ({ id, name: wish }: Viewer): string => {
    const known = names.get(id)
    const isTaken = (name: string): boolean => [...names].some(([other, taken]) => other !== id && taken.name === name && !isFree(other))
    const name = known?.wish === wish && !isTaken(known.name) ? known.name : freeName(wish, isTaken)
    names.delete(id)
    names.set(id, { wish, name })
    const [oldest] = names.keys()
    if (names.size > knownViewers && oldest !== undefined) { names.delete(oldest); leftAtMs.delete(oldest) }
    return name
  }
  return {
    nameOf,
    came: (viewer) => { looking.set(viewer.id, (looking.get(viewer.id) ?? 0) + 1); leftAtMs.delete(viewer.id); nameOf(viewer) },
    left: ({ id }) => {
      const more = (looking.get(id) ?? 1) - 1
      if (more > 0) { looking.set(id, more); return }
      looking.delete(id)
      if (names.has(id)) leftAtMs.set(id, clock.nowMs())
    },
  }
}

/** "Ann", or "Ann (2)" where somebody calls itself so already; "window 1" for who wishes none. */
function freeName(wish: string, isTaken: (name: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const name = wish === '' ? `window ${number}` : number === 1 ? wish : `${wish} (${number})`
    if (!isTaken(name)) return name
  }
}

/** Who types into one console. Jobs and a released line stand above it: they keep everybody away, and the writer stays who it was. */
export interface WriterDesk {
  /** Asked before each key: takes the writer when nobody has it. `pod/busy` says who has it. */
  mayType(viewer: Viewer | undefined): void
  /** From whoever has it. `input/conflict` for a viewer that does not watch: nobody would see it go. */
  take(viewer: Viewer): void
  free(viewer: Viewer): void
  /** Now and at each change. Being watched is what holds a viewer's place; with its last stream goes what it holds. */
  watch(viewer: Viewer, signal: AbortSignal): AsyncGenerator<WriterView, void, void>
}

interface Writer { readonly id: string; readonly name: string; readonly sinceMs: number }

export interface WriterDeskDeps {
  readonly console: Pick<CameraConsole, 'cameraId' | 'holder' | 'changed'>
  readonly clock: Pick<Clock, 'wallMs' | 'zoneMs'>
  readonly names: ViewerNames
}

export function createWriterDesk({ console, clock, names }: WriterDeskDeps): WriterDesk {
  const bell = createBell()
  const watching = new Map<string, { readonly viewer: Viewer; readonly panes: number }>()
  const lost = new Map<string, { readonly by: string; readonly atMs: number }>()
  let writer: Writer | undefined

  const give = (viewer: Viewer): void => {
    writer = { id: viewer.id, name: names.nameOf(viewer), sinceMs: clock.wallMs() }
    lost.delete(viewer.id)
    bell.ring()
  }
  const free = (id: string): void => {
    if (writer?.id !== id) return
    writer = undefined
    bell.ring()
  }
  const mustBeViewers = (): void => {
    const held = console.holder()
    if (held?.kind === 'job') throw busyWith('This console', { holder: held.name, sinceMs: held.sinceMs }, clock)
  }
  const leave = (id: string): void => {
    const known = watching.get(id)
    if (known && known.panes > 1) { watching.set(id, { ...known, panes: known.panes - 1 }); return }
    watching.delete(id)
    lost.delete(id)
    free(id)
    bell.ring()
  }
  const view = ({ id }: Viewer): WriterView => {
    const held = console.holder()
    const news = lost.get(id)
    const others = [...watching.values()].filter(({ viewer }) => viewer.id !== id).map(({ viewer }) => names.nameOf(viewer)).slice(0, mostOthers)
    const more = { ...(news === undefined ? {} : { lost: news }), ...(others.length === 0 ? {} : { others }) }
    if (held) return { who: held.kind, name: held.name, sinceMs: held.sinceMs, ...more }
    if (!writer) return { who: 'nobody', name: '', sinceMs: 0, ...more }
    return { who: writer.id === id ? 'you' : 'viewer', name: writer.name, sinceMs: writer.sinceMs, ...more }
  }

  return {
    mayType: (viewer) => {
      mustBeViewers()
      if (writer && writer.id !== viewer?.id) {
        throw new WorkbenchError('pod/busy', `${writer.name} types into this console since ${timeOfDay(writer.sinceMs, clock)}`, { context: { holder: writer.name, sinceMs: writer.sinceMs }, hint: 'Take over to type yourself; they see who did' })
      }
      // Who does not watch would keep it for ever.
      if (!writer && viewer && watching.has(viewer.id)) give(viewer)
    },
    take: (viewer) => {
      mustBeViewers()
      if (!watching.has(viewer.id)) throw new WorkbenchError('input/conflict', 'Only who watches a console can have its writer', { hint: 'Open the console first' })
      if (writer?.id === viewer.id) return
      if (writer) lost.set(writer.id, { by: names.nameOf(viewer), atMs: clock.wallMs() })
      give(viewer)
    },
    free: ({ id }) => { lost.delete(id); free(id); bell.ring() },
    watch: async function* (viewer, signal) {
      watching.set(viewer.id, { viewer, panes: (watching.get(viewer.id)?.panes ?? 0) + 1 })
      names.came(viewer)
      bell.ring()
      const writerNews = renewed(async () => bell.next(signal))
      const consoleNews = renewed(async () => console.changed(signal))
      try {
        for (let told = ''; ;) {
          // Both are asked for before looking, so that no change in between is missed.
          const news = [writerNews(), consoleNews()]
          const now = view(viewer)
          const text = JSON.stringify(now)
          if (text !== told) yield now
          told = text
          await Promise.race(news)
        }
      } finally {
        leave(viewer.id)
        names.left(viewer)
      }
    },
  }
}

/** Asked for once until it comes: a console that talks all day must not leave a waiter behind for each of its bytes. */
function renewed(ask: () => Promise<void>): () => Promise<void> {
  let waiting: Promise<void> | undefined
  return async () => {
    waiting ??= ask().finally(() => { waiting = undefined })
    waiting.catch(() => undefined)
    return waiting
  }
}
