/** As U-Boot calls itself: its number, and the day and time when it was built. */
const versionText = /U-Boot v?(\d{1,4}\.\d{1,2}[\w.+-]*)(?: \(([^()\0\r\n]{4,60})\))?/g

/** Of a file's own bytes, each once. A first stage says "U-Boot SPL" and is not meant. */
export function ubootVersionsIn(bytes: Uint8Array): readonly string[] {
  return [...new Set([...new TextDecoder('latin1').decode(bytes).matchAll(versionText)].map(([text]) => text))]
}

/** The number counts, and the time of the build where both tell one: what a vendor says behind it is no part of the file. */
export function isSameUboot(answered: string, inFile: string): boolean {
  const [a, b] = [partsOf(answered), partsOf(inFile)]
  return a !== undefined && b !== undefined && a.number === b.number && (a.built === undefined || b.built === undefined || a.built === b.built)
}

const spotCharacters = 2

/** The same text but for one spot, as a line that alters or drops a character makes of it. */
export function isNearlySameUboot(answered: string, inFile: string): boolean {
  const longest = Math.max(answered.length, inFile.length)
  const shortest = Math.min(answered.length, inFile.length)
  let head = 0
  while (head < shortest && answered[head] === inFile[head]) head += 1
  let tail = 0
  while (tail < shortest - head && answered.at(-1 - tail) === inFile.at(-1 - tail)) tail += 1
  return longest - head - tail <= spotCharacters
}

function partsOf(text: string): { readonly number: string; readonly built: string | undefined } | undefined {
  const [found] = text.matchAll(versionText)
  return found?.[1] === undefined ? undefined : { number: found[1], built: found[2] }
}
