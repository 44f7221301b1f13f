import { inventorySchema, labelSchema } from '../../../shared/rack/inventory.schema.ts'
import type { InventoryMany, InventoryOutcome } from '../../../shared/rack/inventoryMany.schema.ts'
import { status, type Status } from '../../ui/stateWords.ts'

export type Aside = 'leave' | 'begin' | 'end'
export interface LabelDraft { readonly add: string; readonly remove: string; readonly group: string | undefined; readonly aside: Aside; readonly note: string }

type Change = Omit<InventoryMany, 'cameraIds' | 'confirm'>

const split = (text: string): string[] => [...new Set(text.split(',').map((each) => each.trim()).filter((each) => each !== ''))]

/** What is sent and what that means, or what is missing or wrong, in words. */
export function wishOf({ add, remove, group, aside, note }: LabelDraft): { readonly change: Change; readonly words: string } | { readonly wrong: string; readonly isEmpty: boolean } {
  const [addLabels, removeLabels] = [split(add), split(remove)]
  const bad = [...addLabels, ...removeLabels].find((label) => !labelSchema.safeParse(label).success)
  if (bad !== undefined) return { wrong: `"${bad.slice(0, 60)}" is no label: letters, digits and . _ : / = + - only, at most 48`, isEmpty: false }
  const both = addLabels.find((label) => removeLabels.includes(label))
  if (both !== undefined) return { wrong: `"${both}" is to be added and to be taken away`, isEmpty: false }
  if (addLabels.length > 32 || removeLabels.length > 32) return { wrong: 'At most 32 labels at once', isEmpty: false }
  if (group !== undefined && !inventorySchema.shape.group.safeParse(group).success) return { wrong: 'A group has at most 64 letters', isEmpty: false }
  const words = [
    addLabels.length > 0 ? `adds ${addLabels.join(', ')}` : '', removeLabels.length > 0 ? `takes ${removeLabels.join(', ')} away` : '',
    group === undefined ? '' : group.trim() === '' ? 'takes their group away' : `puts them into ${group.trim()}`, aside === 'begin' ? 'sets them aside: no job takes them' : aside === 'end' ? 'ends their maintenance' : '',
  ].filter((each) => each !== '')
  if (words.length === 0) return { wrong: 'Nothing is said of them yet', isEmpty: true }
  const maintenance = aside === 'begin' ? { note: note.trim() } : aside === 'end' ? null : undefined
  return { change: { addLabels, removeLabels, ...(group === undefined ? {} : { group }), ...(maintenance === undefined ? {} : { maintenance }) }, words: `This ${words.join('; ')}` }
}

export function outcomeStatus(state: InventoryOutcome['state']): Status {
  switch (state) {
    case 'changed': return status('ok', 'changed')
    case 'same': return status('off', 'as it was')
    case 'failed': return status('bad', 'not changed')
  }
}
