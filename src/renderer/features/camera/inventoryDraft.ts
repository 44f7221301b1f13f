import { emptyInventory, type Inventory, type InventoryChange, inventoryChangeSchema } from '../../../shared/rack/inventory.schema.ts'

/** As typed. */
export interface InventoryDraft {
  labels: string
  group: string
  notes: string
  rack: string
  row: string
  slot: string
}

export function draftOf({ labels, group, notes, place }: Inventory = emptyInventory): InventoryDraft {
  return { labels: labels.join(', '), group, notes, rack: place?.rack ?? '', row: place ? String(place.row) : '', slot: place ? String(place.slot) : '' }
}

const words: Readonly<Record<string, string>> = { labels: 'A label', group: 'The group', notes: 'The notes', place: 'The place' }

/** What is typed as a change, or why it cannot be one. */
export function changeOf({ labels, group, notes, rack, row, slot }: InventoryDraft): { readonly change: InventoryChange } | { readonly problem: string } {
  const isPlaced = [rack, row, slot].some((part) => part.trim() !== '')
  if (isPlaced && (rack.trim() === '' || !/^\d{1,2}$/.test(row.trim()) || !/^\d{1,2}$/.test(slot.trim()))) return { problem: 'A place is a rack, a row and a slot; rows and slots are numbers from 1' }
  const read = inventoryChangeSchema.safeParse({
    labels: labels.split(',').map((label) => label.trim()).filter(Boolean), group, notes,
    place: isPlaced ? { rack, row: Number(row), slot: Number(slot) } : null,
  })
  if (read.success) return { change: read.data }
  const [issue] = read.error.issues
  return { problem: `${words[String(issue?.path[0])] ?? 'This'} is not usable: ${issue?.message ?? ''}` }
}
