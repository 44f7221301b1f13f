import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { filterWords, textMatches } from '../../../shared/rack/filterWords.ts'
import type { RackFilter } from '../../../shared/rack/rackFilter.schema.ts'
import type { PodSpec } from './rackBook.ts'

/** What is remembered of a camera. What it does and runs at this moment only a workbench knows that has its console open. */
function wordsOf({ cameraName, name, chip, inventory }: PodSpec): string {
  return [cameraName, name, chip, ...(inventory?.labels ?? []), inventory?.group, inventory?.place?.rack, inventory?.maintenance && 'maintenance'].filter(Boolean).join(' ').toLowerCase()
}

export function filterNamed(name: string, filters: readonly RackFilter[]): RackFilter {
  const found = filters.find((each) => each.name === name.trim())
  if (found) return found
  throw new WorkbenchError('input/not-found', `There is no saved filter "${name.slice(0, 48)}"`, { hint: filters.length === 0 ? 'None is saved yet; the window gives them names' : `There are ${filters.slice(0, 12).map((each) => each.name).join(', ')}` })
}

/**
 * The cameras that a saved filter means, without a window. A filter that asks for what a camera does now is `input/not-supported`: it would
 * let all of them through where it leaves some out.
 */
export function camerasOfFilter({ name, words, life }: RackFilter, pods: readonly PodSpec[]): readonly PodSpec[] {
  const live = (what: string): WorkbenchError => new WorkbenchError('input/not-supported', `The filter "${name}" ${what}, and that only the window knows`, { hint: 'Save one of names, chips, labels, groups and places, or name the cameras' })
  if (life !== undefined) throw live(`asks for cameras that are "${life}" now`)
  const wanted = filterWords(words)
  const known = pods.map((pod) => ({ pod, text: wordsOf(pod) }))
  const unheard = wanted.find((word) => word.startsWith('-') && !'maintenance'.includes(word.slice(1)) && !known.some(({ text }) => text.includes(word.slice(1))))
  if (unheard !== undefined) throw live(`leaves out "${unheard.slice(1)}", which nothing that is remembered of the rack says; it may be what a camera does or runs now`)
  return known.filter(({ text }) => textMatches(text, wanted)).map(({ pod }) => pod)
}
