import type { Soc } from '../../shared/devices/deviceProfile.schema.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { CameraEntry } from '../core/rack/rackBook.ts'
import type { StartFacts } from '../core/rack/whyNot.ts'
import { listHostAddresses } from '../drivers/network/interfaces.ts'
import type { ChipDesk } from './chipDesk.ts'

export interface StartFactsDeps {
  readonly clock: Pick<Clock, 'nowMs'>
  readonly socs: ReadonlyMap<string, Soc>
  readonly chips: () => Pick<ChipDesk, 'list'>
  readonly log: (line: string) => void
}

/** Somebody may put files into the data folder by hand, or plug a cable in. */
const lookAgainMs = 5_000

/** What each chip lacks, for views that are made several times a second: the last look, and a new one behind it when that is old. */
export function createStartFacts({ clock, socs, chips, log }: StartFactsDeps): (entry: CameraEntry) => StartFacts | undefined {
  let needsOf: ReadonlyMap<string, StartFacts['needs']> | undefined
  let hasNetwork = true
  let lookedMs: number | undefined
  const look = (): void => {
    lookedMs = clock.nowMs()
    hasNetwork = listHostAddresses().some(({ internal }) => !internal)
    chips().list(new AbortController().signal).then((list) => { needsOf = new Map(list.map(({ name, needs }) => [name, needs])) }, (error: unknown) => { log(`boot files: ${String(error)}`) })
  }
  return ({ spec, devices }) => {
    if (lookedMs === undefined || clock.nowMs() - lookedMs > lookAgainMs) look()
    if (!needsOf) return undefined
    const soc = socs.get(spec.chip.split(':')[0] ?? '')
    // A simulated camera brings its files.
    const needs = devices.bootFiles ? [] : needsOf.get(soc?.name ?? '') ?? []
    // A line on this computer leads to a camera that is on this computer too.
    const isLocal = devices.simulated || /\/\/(127\.|localhost|\[::1\])/.test(spec.url)
    return { soc, needs, hasNetwork: hasNetwork || isLocal }
  }
}
