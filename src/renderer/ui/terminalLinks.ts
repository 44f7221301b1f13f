/** Addresses in one line of a terminal; `to` is the column after the last letter. Bounded, because the line is the camera's. */
export interface AddressPlace { readonly address: string; readonly from: number; readonly to: number }

const maxAddresses = 16
const maxLineLetters = 2_000

export function addressesIn(line: string): readonly AddressPlace[] {
  const found: AddressPlace[] = []
  for (const match of line.slice(0, maxLineLetters).matchAll(/\bhttps?:\/\/[!-~]{1,500}/g)) {
    // What ends a sentence or closes a bracket belongs to the text around it.
    const address = withoutEnd(match[0])
    if (URL.canParse(address)) found.push({ address, from: match.index, to: match.index + address.length })
    if (found.length === maxAddresses) break
  }
  return found
}

const opening: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{', '>': '<' }
const ends = ')]}>\'".,;:!?'

/** A bracket that was opened inside the address is closed inside it. */
function withoutEnd(address: string): string {
  const last = address.at(-1) ?? ''
  const pair = opening[last]
  if (!ends.includes(last) || last === '') return address
  if (pair !== undefined && address.split(pair).length >= address.split(last).length) return address
  return withoutEnd(address.slice(0, -1))
}

/** A row as it stands on the screen: what each cell shows, `''` for the second half of a wide letter. */
export interface ScreenRow { readonly isWrapped: boolean; readonly cells: readonly string[] }
/** Both ends belong to it; counted from 1, as the terminal does. */
export interface ScreenAddress { readonly address: string; readonly start: ScreenPlace; readonly end: ScreenPlace }
interface ScreenPlace { readonly x: number; readonly y: number }

/** Longer than any address that is found: a line that goes on for ever is not walked to its ends. */
const mostCellsAround = 600

/** Addresses of which a part stands in that row (from 0). One that the screen broke is read as a whole: a part of it leads elsewhere. */
export function addressesAt(row: number, rowAt: (row: number) => ScreenRow | undefined): readonly ScreenAddress[] {
  let first = row
  for (let cells = 0; first > 0 && cells < mostCellsAround && rowAt(first)?.isWrapped === true; first -= 1) cells += rowAt(first - 1)?.cells.length ?? 0
  const places: ScreenPlace[] = []
  let line = ''
  for (let y = first, cells = 0; cells < mostCellsAround; y += 1) {
    const each = rowAt(y)
    if (!each || (y > first && !each.isWrapped)) break
    for (const [x, cell] of each.cells.entries()) {
      for (let unit = 0; unit < cell.length; unit += 1) places.push({ x: x + 1, y: y + 1 })
      line += cell
    }
    if (y > row) cells += each.cells.length
  }
  return addressesIn(line).flatMap(({ address, from, to }) => {
    const [start, end] = [places[from], places[to - 1]]
    return start && end && start.y <= row + 1 && end.y > row ? [{ address, start, end }] : []
  })
}
