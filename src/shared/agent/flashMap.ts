import { z } from 'zod'

/** One letter for each sector, in order. A sector full of zeros may be healthy; a bad block is marked as such in a NAND. */
export const sectorMarks = { good: '=', empty: '.', unstable: '?', 'all-zero': '0', 'one-value': 'X', 'read-error': '!', 'bad-block': 'B' } as const
export type SectorMark = (typeof sectorMarks)[keyof typeof sectorMarks]

/** More sectors than any flash of these cameras has. */
const mostSectors = 16_384

export const flashMapSchema = z.object({
  flashBytes: z.number().int().min(1),
  sectorBytes: z.number().int().min(1),
  /** `crc`: by two sums of each sector, which see less than the agent's own scan. */
  method: z.enum(['scan', 'crc']),
  marks: z.string().max(mostSectors).regex(/^[=.?0X!B]*$/),
  /** Of each sector, as the agent computed it; 00000000 where it could not. */
  crc32: z.array(z.string().regex(/^[0-9a-f]{8}$/)).max(mostSectors),
})
export type FlashMap = z.infer<typeof flashMapSchema>

export type SectorStatus = 'good' | 'empty' | 'unstable' | 'bad'
export const statusOfMark: Readonly<Record<SectorMark, SectorStatus>> = { '=': 'good', '.': 'empty', '?': 'unstable', 0: 'bad', X: 'bad', '!': 'bad', B: 'bad' }
export const wordsOfMark: Readonly<Record<SectorMark, string>> = {
  '=': 'data', '.': 'erased', '?': 'reads differently each time', 0: 'all zeros', X: 'one value throughout', '!': 'cannot be read', B: 'marked as bad',
}

export interface FlashTrouble {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly mark: SectorMark
}

export interface FlashFindings {
  readonly verdict: 'healthy' | 'doubtful' | 'damaged'
  readonly counts: Readonly<Record<SectorStatus, number>>
  /** Neighbours with the same mark, joined; data and erased ones left out. */
  readonly troubles: readonly FlashTrouble[]
}

export const marksOf = ({ marks }: Pick<FlashMap, 'marks'>): readonly SectorMark[] => [...marks] as SectorMark[]

export function findingsOf({ marks, sectorBytes }: Pick<FlashMap, 'marks' | 'sectorBytes'>): FlashFindings {
  const counts: Record<SectorStatus, number> = { good: 0, empty: 0, unstable: 0, bad: 0 }
  const troubles: { offsetBytes: number; lengthBytes: number; mark: SectorMark }[] = []
  for (const [index, mark] of marksOf({ marks }).entries()) {
    const status = statusOfMark[mark]
    counts[status] += 1
    if (status === 'good' || status === 'empty') continue
    const before = troubles.at(-1)
    const offsetBytes = index * sectorBytes
    if (before?.mark === mark && before.offsetBytes + before.lengthBytes === offsetBytes) before.lengthBytes += sectorBytes
    else troubles.push({ offsetBytes, lengthBytes: sectorBytes, mark })
  }
  // A bad block is known and worked around; NAND comes with some.
  const isDamaged = troubles.some(({ mark }) => mark !== '?' && mark !== 'B')
  return { counts, troubles, verdict: isDamaged ? 'damaged' : counts.unstable > 0 ? 'doubtful' : 'healthy' }
}
