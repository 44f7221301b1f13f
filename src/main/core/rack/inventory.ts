import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { emptyInventory, type Inventory, type InventoryChange } from '../../../shared/rack/inventory.schema.ts'
import { wallText } from '../report/reportText.ts'

/** What is absent in the change stays; `null` takes away. */
export function changedInventory(old: Inventory | undefined, change: InventoryChange, nowMs: number): Inventory {
  const { maintenance: wasAside, place: stood, ...rest } = old ?? emptyInventory
  const { labels = rest.labels, group = rest.group, notes = rest.notes } = change
  const place = change.place === undefined ? stood : change.place ?? undefined
  // A second note does not begin it anew.
  const aside = change.maintenance === undefined ? wasAside : change.maintenance === null ? undefined : { sinceMs: wasAside?.sinceMs ?? nowMs, note: change.maintenance.note }
  return { labels: [...new Set(labels)], group, notes, ...(aside === undefined ? {} : { maintenance: aside }), ...(place === undefined ? {} : { place }) }
}

/** The sentence for people, wherever a camera is left alone because somebody has set it aside. */
export const maintenanceWords = (cameraName: string, { sinceMs, note }: NonNullable<Inventory['maintenance']>): string =>
  `${cameraName} is in maintenance since ${wallText(sinceMs).slice(0, 16)} UTC${note === '' ? '' : `: ${note}`}`

/** A camera that somebody has set aside: no job takes it. */
export function maintenanceRefusal(cameraName: string, inventory: Inventory | undefined): WorkbenchError | undefined {
  const aside = inventory?.maintenance
  if (!aside) return undefined
  return new WorkbenchError('pod/busy', maintenanceWords(cameraName, aside), { context: { maintenanceSinceMs: aside.sinceMs }, hint: 'End its maintenance first: under Details, or "rackbench rack maintenance CAMERA off"' })
}
