import type { ReleaseRow } from '../../../../shared/ota/registry.schema.ts'

export type HashText = (text: string) => string

/** Who asks, as far as it is known. */
export interface Asker {
  readonly id: string
  readonly group: string | undefined
}

/** 0 to 99, the same for ever for one version and one node, and another order for the next version. */
export const cohortOf = (version: string, nodeId: string, hashText: HashText): number => Number.parseInt(hashText(`${version}:${nodeId}`).slice(0, 8), 16) % 100

/**
 * What stands on a channel, newest first: the last word on each version since it was last withdrawn. Whoever is not in the newest is
 * offered the next.
 */
export function standing(rows: readonly ReleaseRow[]): (ReleaseRow & { readonly version: string })[] {
  const found: (ReleaseRow & { readonly version: string })[] = []
  const told = new Set<string>()
  for (const row of rows.toSorted((a, b) => b.number - a.number)) {
    const { version } = row
    if (version === undefined) break
    if (told.has(version)) continue
    told.add(version)
    found.push({ ...row, version })
    // Everybody has it, so nothing below is ever reached.
    if (row.percent === 100 && row.groups.length === 0) break
  }
  return found
}

export const includes = ({ version, percent, groups }: ReleaseRow & { readonly version: string }, { id, group }: Asker, hashText: HashText): boolean =>
  (groups.length === 0 || (group !== undefined && groups.includes(group))) && (percent >= 100 || cohortOf(version, id, hashText) < percent)

export const offerFor = <Row extends ReleaseRow & { readonly version: string }>(offers: readonly Row[], asker: Asker, hashText: HashText): Row | undefined =>
  offers.find((row) => includes(row, asker, hashText))

/** Nothing would be different with this row. */
export const changesNothing = (before: ReleaseRow | undefined, { version, percent, groups }: Pick<ReleaseRow, 'version' | 'percent' | 'groups'>): boolean =>
  before !== undefined && before.version === version && (version === undefined || (before.percent === percent && before.groups.toSorted().join() === groups.toSorted().join()))
