/** A DHCP client that tells what it was given, as BusyBox's says it; and a shell's answer to `ifconfig`. */
const told = /(?:^|\s)(?:udhcpc: lease of|inet addr:) ?(\d{1,3}(?:\.\d{1,3}){3})(?= obtained|\s+(?:Bcast|Mask):|$)/i

/** The camera's own IPv4 address where a line of its console tells it; `undefined` where it does not, or where nothing could answer at it. */
export function addressIn(line: string): string | undefined {
  const address = told.exec(line)?.[1]
  if (address === undefined) return undefined
  const parts = address.split('.').map(Number)
  const [first = 0, second = 0] = parts
  if (parts.some((part) => part > 255)) return undefined
  // Nobody's, its own, one that it gave itself because nobody answered, and those of many.
  if (first === 0 || first === 127 || first >= 224 || (first === 169 && second === 254)) return undefined
  return parts.join('.')
}

/** Where OpenIPC has its picture. */
export const pictureAt = (address: string): string => `http://${address}/image.jpg`
