import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'

/** Compiled into OpenIPC's U-Boot: every camera whose environment was ever wiped has it. */
export const compiledInMac = '00:00:23:34:45:66'

export interface MacChoice {
  readonly address: string
  /** `kept`: it stays as it is. Otherwise why a new one was made. */
  readonly reason: 'kept' | 'missing' | 'malformed' | 'compiled-in'
}

export type RandomBytes = (count: number) => Uint8Array

function usableMac(text: string): string | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined
  const address = text.toLowerCase().replaceAll('-', ':')
  // A group address or all zeros: U-Boot refuses both and stays without a network.
  const isGroup = (parseInt(address.slice(0, 2), 16) & 1) !== 0
  return isGroup || address === '00:00:00:00:00:00' ? undefined : address
}

/** Keeps the address that the camera has. A new one is random, locally administered, and no group address. */
export function chooseMac(found: string | undefined, randomBytes: RandomBytes): MacChoice {
  const text = found?.trim() ?? ''
  const usable = usableMac(text)
  if (usable !== undefined && usable !== compiledInMac) return { address: usable, reason: 'kept' }
  const bytes = randomBytes(6)
  if (bytes.length !== 6) throw new WorkbenchError('internal/bug', `6 random bytes were asked for and ${bytes.length} came`)
  const address = Array.from(bytes, (byte, index) => (index === 0 ? (byte & 0xfc) | 0x02 : byte).toString(16).padStart(2, '0')).join(':')
  return { address, reason: text === '' ? 'missing' : usable === undefined ? 'malformed' : 'compiled-in' }
}

export interface IdentityWish {
  /** What `printenv` showed before anything was changed; empty when it was read and held nothing. */
  readonly found: ReadonlyMap<string, string>
  /** Variables that the installation sets. */
  readonly wanted: ReadonlyMap<string, string>
  /** The environment is erased and U-Boot makes its defaults anew. */
  readonly wipe: boolean
  readonly randomBytes: RandomBytes
}

export interface IdentityPlan {
  readonly mac: MacChoice
  /** In this order, before `saveenv`. What is right already is left out. */
  readonly set: readonly { readonly name: string; readonly value: string }[]
  /** Names that stay as they are. */
  readonly kept: readonly string[]
  /** Names that a wipe takes away. U-Boot's defaults may bring some back. */
  readonly lost: readonly string[]
}

/** Everything stays but what is named, unless the environment is wiped: then only the network address survives, because no other camera may get it. */
export function planIdentity({ found, wanted, wipe, randomBytes }: IdentityWish): IdentityPlan {
  if (wanted.has('ethaddr')) throw new WorkbenchError('internal/bug', 'The network address is not a setting of an installation')
  for (const [name, value] of wanted) checkTypable(name, value)
  const mac = chooseMac(found.get('ethaddr'), randomBytes)
  const all = new Map([...wanted, ['ethaddr', mac.address]])
  const set = [...all].filter(([name, value]) => wipe || !isSame(name, found.get(name), value)).map(([name, value]) => ({ name, value }))
  const others = [...found.keys()].filter((name) => !all.has(name))
  return { mac, set, kept: wipe ? [] : [...others, ...[...all.keys()].filter((name) => !set.some((each) => each.name === name))], lost: wipe ? others : [] }
}

/** An address in capitals is the same one; writing it again would only wear the flash. */
const isSame = (name: string, found: string | undefined, wanted: string): boolean =>
  found !== undefined && (found === wanted || (name === 'ethaddr' && usableMac(found.trim()) === wanted && !found.includes('-')))

/** It goes through a prompt: a line end, a quote or a control character would end or change the command. */
function checkTypable(name: string, value: string): void {
  if (/^[\w#.-]{1,64}$/.test(name) && /^[\x20-\x7e]{1,800}$/.test(value) && !/['"]/.test(value)) return
  throw new WorkbenchError('input/malformed', `The U-Boot variable "${name.slice(0, 40)}" cannot be set at a prompt`, { context: { name: name.slice(0, 40) } })
}
