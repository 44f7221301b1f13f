import { emptyInventory } from '../../../shared/rack/inventory.schema.ts'
import type { RackImportView } from '../../../shared/rack/rackImport.schema.ts'
import type { PodSpec } from './rackBook.ts'
import { sharedPower } from './rackDocument.ts'

/** Quoted in messages: bounded and printable. */
export const quoted = (text: string): string => `"${text.slice(0, 80).replaceAll(/\p{C}/gu, '?')}"`

type Changes = RackImportView['changed'][number]['changes']

/** In words, for a person who looks before it is done. */
export function changesOf(was: PodSpec, becomes: PodSpec): Changes {
  const [before, after] = [wordsOf(was), wordsOf(becomes)]
  return Object.keys(before).flatMap((field) => {
    const [from = '', to = ''] = [before[field], after[field]]
    return from === to ? [] : [{ field, from: shown(from), to: shown(to) }]
  })
}

const shown = (text: string): string => (text === '' ? 'none' : text.slice(0, 200).replaceAll(/\p{C}/gu, ' '))

function wordsOf({ name, url, power, cameraName, chip, inventory = emptyInventory }: PodSpec): Record<string, string> {
  const { labels, group, notes, maintenance, place } = inventory
  const shared = power && (sharedPower(power) ?? power)
  return {
    'camera name': cameraName, 'pod name': name, address: url, chip, power: shared === undefined ? '' : Object.values(shared).filter((value) => typeof value !== 'boolean').join(' '),
    labels: labels.join(', '), group, notes,
    maintenance: maintenance ? `since ${maintenance.sinceMs}${maintenance.note === '' ? '' : `: ${maintenance.note}`}` : '', place: place ? `${place.rack}, row ${place.row}, slot ${place.slot}` : '',
  }
}
