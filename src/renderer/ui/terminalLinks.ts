/** Addresses in one line of a terminal; `to` is the column after the last letter. Bounded, because the line is the camera's. */
export interface AddressPlace { readonly address: string; readonly from: number; readonly to: number }

const maxAddresses = 16
const maxLineLetters = 2_000

export function addressesIn(line: string): readonly AddressPlace[] {
  const found: AddressPlace[] = []
  for (const match of line.slice(0, maxLineLetters).matchAll(/\bhttps?:\/\/[!-~]{1,500}/g)) {
    // What ends a sentence or closes a bracket belongs to the text around it.
    const address = match[0].replace(/[)\]}>'".,;:!?]+$/, '')
    if (URL.canParse(address)) found.push({ address, from: match.index, to: match.index + address.length })
    if (found.length === maxAddresses) break
  }
  return found
}
