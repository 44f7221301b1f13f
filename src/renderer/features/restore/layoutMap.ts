import type { LayoutView } from '../../../shared/restore/layout.schema.ts'
import type { MapPart } from '../../ui/partitionParts.ts'

/** The table as a bar, in order of addresses, with what belongs to nobody between. `flashBytes` 0: it ends where the table ends. */
export function layoutMap({ parts, findings }: Pick<LayoutView, 'parts' | 'findings'>, flashBytes: number): readonly MapPart[] {
  const map: MapPart[] = []
  const free = (from: number, to: number): void => { if (to > from) map.push({ name: 'kept', offsetBytes: from, lengthBytes: to - from, kind: 'kept' }) }
  let reached = 0
  for (const { name, offsetBytes, lengthBytes } of parts.toSorted((a, b) => a.offsetBytes - b.offsetBytes)) {
    free(reached, offsetBytes)
    map.push({ name, offsetBytes, lengthBytes, kind: findings.some(({ part, severity }) => part === name && severity === 'error') ? 'bad' : 'planned' })
    reached = Math.max(reached, offsetBytes + lengthBytes)
  }
  if (parts.length > 0) free(reached, flashBytes)
  return map
}
