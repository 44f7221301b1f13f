export interface EnvironmentListing {
  readonly variables: ReadonlyMap<string, string>
  /** What all of it takes in flash, the end mark included. */
  readonly usedBytes: number
  /** Room for variables; the head of the block (CRC, perhaps a flag) comes on top. */
  readonly capacityBytes: number
}

/** Lines of `printenv` are contents: "failed" in a boot script is no failure. */
export const environmentLine = /^[^=\s]+=/

/**
 * All of `printenv`. `undefined` unless the count at its end agrees: on a poor line a variable that got lost would be taken for one that is
 * not set. In the listing, and only there, U-Boot doubles each backslash and puts one before a line end.
 */
export function parseEnvironmentListing(output: string): EnvironmentListing | undefined {
  const end = /^Environment size: (\d{1,8})\/(\d{1,8}) bytes$/m.exec(output)
  if (!end) return undefined
  const [usedBytes, capacityBytes] = [Number(end[1]), Number(end[2])]
  const variables = new Map<string, string>()
  let countedBytes = 0
  for (const entry of entriesOf(output.slice(0, end.index))) {
    const equals = entry.indexOf('=')
    if (equals <= 0) return undefined
    countedBytes += entry.length + 1
    variables.set(entry.slice(0, equals), entry.slice(equals + 1).replaceAll(/\\([\s\S])/g, '$1'))
  }
  // Builds differ in whether they count the end mark.
  if (countedBytes !== usedBytes && countedBytes + 1 !== usedBytes) return undefined
  if (usedBytes > capacityBytes) return undefined
  return { variables, usedBytes: countedBytes + 1, capacityBytes }
}

/** A line with an odd number of backslashes at its end goes on in the next one. */
function entriesOf(text: string): readonly string[] {
  const entries: string[] = []
  let open = ''
  for (const line of text.split('\n')) {
    const whole = open + line
    if (/(?:^|[^\\])(?:\\\\)*\\$/.test(whole)) { open = `${whole}\n`; continue }
    open = ''
    if (whole !== '') entries.push(whole)
  }
  if (open !== '') entries.push(open)
  return entries
}

/** Where U-Boot says that it has put its environment; `undefined` when it does not say that it has. */
export function parseSaved(output: string): 'nor' | 'nand' | 'other' | undefined {
  const place = /^Saving Environment to ([\w ]{1,30})\.\.\./m.exec(output)?.[1]
  if (place === undefined || !/(?:\bdone|\bOK)\s*$/m.test(output)) return undefined
  if (/^SPI ?Flash$/i.test(place)) return 'nor'
  return /^NAND$/i.test(place) ? 'nand' : 'other'
}
