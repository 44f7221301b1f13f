import { sectorSigns } from '../../../shared/dump/diff.schema.ts'

export type SectorKind = keyof typeof sectorSigns

export interface SectorRun {
  readonly kind: SectorKind
  readonly from: number
  readonly count: number
}

const kinds = new Map<string, SectorKind>(Object.entries(sectorSigns).map(([kind, sign]) => [sign, kind as SectorKind]))

/** Neighbours of one kind as one: a picture of 256 rectangles is a dozen. */
export function sectorRuns(signs: string): SectorRun[] {
  const runs: { kind: SectorKind; from: number; count: number }[] = []
  ;[...signs].forEach((sign, at) => {
    const kind = kinds.get(sign) ?? 'nowhere'
    const last = runs.at(-1)
    if (last?.kind === kind) last.count += 1
    else runs.push({ kind, from: at, count: 1 })
  })
  return runs
}

export const sectorWords: Readonly<Record<SectorKind, string>> = {
  same: 'the same', blank: 'erased in both', different: 'different', onlyInA: 'only in the first', onlyInB: 'only in the second', nowhere: 'in neither',
}
