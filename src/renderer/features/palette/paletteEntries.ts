import type { CameraView } from '../../../shared/rack/rackView.schema.ts'
import type { WorkKind } from '../../../shared/rack/whyNot.schema.ts'
import type { Status } from '../../ui/stateWords.ts'

export interface PaletteEntry {
  readonly id: string
  readonly title: string
  readonly detail: string
  readonly status?: Status
  run(): void
}

/** All words must occur; a hit at the beginning of a title counts more. */
export function matchEntries(entries: readonly PaletteEntry[], text: string, limit: number): readonly PaletteEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const rank = (entry: PaletteEntry): number => {
    const title = entry.title.toLowerCase()
    const all = `${title} ${entry.detail.toLowerCase()}`
    if (!words.every((word) => all.includes(word))) return -1
    return words.reduce((sum, word) => sum + (title.startsWith(word) ? 3 : title.includes(word) ? 2 : 1), 0)
  }
  return entries.map((entry, index) => ({ entry, index, rank: rank(entry) })).filter((one) => one.rank >= 0)
    .sort((a, b) => b.rank - a.rank || a.index - b.index).slice(0, limit).map(({ entry }) => entry)
}

/** What can be done with one camera; why not, where it cannot. */
export function workEntries(camera: CameraView, open: (tab: CameraWork) => void): readonly PaletteEntry[] {
  return works.map(({ work, title, detail }) => {
    const why = camera.whyNot?.find((each) => each.work === work)
    return { id: `do ${work} ${camera.id}`, title: `${title} ${camera.name}`, detail: why ? `${why.cannot ? 'not now: ' : ''}${why.sentence}` : detail, run: () => { open(work) } }
  })
}

type CameraWork = Exclude<WorkKind, 'install'>
const works: readonly { readonly work: CameraWork; readonly title: string; readonly detail: string }[] = [
  { work: 'restore', title: 'Restore', detail: 'choose an image, plan, confirm' }, { work: 'dump', title: 'Dump', detail: 'copy the flash to files' }, { work: 'burn', title: 'U-Boot into', detail: 'into RAM, through the boot ROM' },
  { work: 'power', title: 'Power of', detail: 'on, off, cycle' }, { work: 'console', title: 'Console of', detail: 'what it says, and typing' },
]

export const cameraDetail = (camera: CameraView, podName: string): string => [podName, camera.chip, camera.lifeNote].filter(Boolean).join(' · ')
