import { type FlashMap, findingsOf } from './flashMap.ts'

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`

/** For a terminal or a report: the offset of each row, and a letter for each sector. */
export const mapRows = ({ marks, sectorBytes }: Pick<FlashMap, 'marks' | 'sectorBytes'>, sectorsInRow = 16): readonly string[] =>
  Array.from({ length: Math.ceil(marks.length / sectorsInRow) }, (_, row) => `${hex(row * sectorsInRow * sectorBytes)}  ${marks.slice(row * sectorsInRow, (row + 1) * sectorsInRow)}`)

export function mapSentence(map: Pick<FlashMap, 'marks' | 'sectorBytes'>): string {
  const { verdict, counts } = findingsOf(map)
  return `The flash is ${verdict}: ${counts.good} sectors with data, ${counts.empty} erased, ${counts.unstable} unstable, ${counts.bad} bad`
}

export const mapLegend = '= data   . erased   ? reads differently each time   0 all zeros   X one value   ! cannot be read   B marked as bad'
