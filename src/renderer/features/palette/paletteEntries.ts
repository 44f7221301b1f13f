import type { Targets } from '../../../shared/commands/command.ts'
import { keyWords } from '../../../shared/commands/keys.ts'
import type { CameraView } from '../../../shared/rack/rackView.schema.ts'
import type { Deed } from '../../commands/commandStore.ts'
import { platform } from '../../ui/platform.ts'
import type { Status } from '../../ui/stateWords.ts'

export interface PaletteEntry {
  readonly id: string
  readonly title: string
  readonly detail: string
  /** Found by these words as well, which are not shown. */
  readonly words?: string
  readonly status?: Status
  /** It is listed with the reason why it cannot be done. */
  readonly isOff?: boolean
  readonly keys?: string
  run(): void
}

/** All words must occur; a hit at the beginning of a title counts more. */
export function matchEntries(entries: readonly PaletteEntry[], text: string, limit: number): readonly PaletteEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const rank = (entry: PaletteEntry): number => {
    const title = entry.title.toLowerCase()
    const all = `${title} ${entry.detail.toLowerCase()} ${entry.words?.toLowerCase() ?? ''}`
    if (!words.every((word) => all.includes(word))) return -1
    return words.reduce((sum, word) => sum + (title.startsWith(word) ? 3 : title.includes(word) ? 2 : 1), 0)
  }
  return entries.map((entry, index) => ({ entry, index, rank: rank(entry) })).filter((one) => one.rank >= 0)
    .sort((a, b) => b.rank - a.rank || a.index - b.index).slice(0, limit).map(({ entry }) => entry)
}

/** What it would be about stands behind its title; why not stands in place of what it does. */
export function entryOf({ command, target, standing }: Deed, run: () => void): PaletteEntry {
  const { id, title, about, on, keys: [first] = [], destructive } = command
  const does = destructive === undefined ? about : `${about} · asks first`
  return {
    id: `do ${id}`, title: on === 'camera' && target !== undefined ? `${title} · ${(target as Targets['camera']).name}` : title,
    detail: standing ? `${standing.cannot ? 'not now: ' : ''}${standing.sentence}` : does, isOff: standing?.cannot === true, words: [about, command.group, command.cli?.words].join(' '), ...(first ? { keys: keyWords(first, platform) } : {}), run,
  }
}

/** What was used last stands first, then what can be done now, then what cannot and why. */
export function inOrder(deeds: readonly Deed[], recent: readonly string[]): readonly Deed[] {
  const rank = ({ command, target, standing }: Deed): number => {
    const at = recent.indexOf(command.id)
    if (standing?.cannot && command.explains !== true) return 300
    return at >= 0 ? at : target !== undefined && command.on !== 'window' ? 100 : 200
  }
  return deeds.map((deed, index) => ({ deed, index })).sort((a, b) => rank(a.deed) - rank(b.deed) || a.index - b.index).map(({ deed }) => deed)
}

export const cameraDetail = (camera: CameraView, podName: string): string => [podName, camera.chip, camera.lifeNote].filter(Boolean).join(' · ')
