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

/** As typed at the prompt, and what U-Boot makes of it: `${…}` and a backslash are its to read. */
export interface Setting {
  readonly name: string
  readonly typed: string
  readonly value: string
}

export interface IdentityWish {
  /** What `printenv` showed before anything was changed; empty when it was read and held nothing. */
  readonly found: ReadonlyMap<string, string>
  /** What the installation starts from: `found`, or the defaults of this U-Boot where the environment is wiped. */
  readonly base: ReadonlyMap<string, string>
  /** What the installation sets. */
  readonly wanted: readonly Setting[]
  readonly randomBytes: RandomBytes
}

export interface IdentityPlan {
  readonly mac: MacChoice
  /** In this order. What is right already is left out. */
  readonly set: readonly Setting[]
  /** The whole environment as it has to be in the end. */
  readonly whole: ReadonlyMap<string, string>
  /** Names that go with a wipe. */
  readonly lost: readonly string[]
}

/** Everything stays but what is named, unless the environment is wiped: then only the network address survives, because no other camera may get it. */
export function planIdentity({ found, base, wanted, randomBytes }: IdentityWish): IdentityPlan {
  if (wanted.some(({ name }) => name === 'ethaddr')) throw new WorkbenchError('internal/bug', 'The network address is not a setting of an installation')
  for (const { name, typed } of wanted) checkTypable(name, typed)
  const mac = chooseMac(found.get('ethaddr'), randomBytes)
  const address = { name: 'ethaddr', typed: mac.address, value: mac.address }
  const set = [...wanted, address].filter(({ name, value }) => !isSame(name, base.get(name), value))
  const whole = new Map([...base, ...set.map(({ name, value }) => [name, value] as const)])
  return { mac, set, whole, lost: [...found.keys()].filter((name) => !whole.has(name)) }
}

/** What U-Boot's shell makes of a value: variables replaced once, backslashes taken off. */
export function asExpanded(typed: string, variables: ReadonlyMap<string, string>): string {
  return typed.replaceAll(/\\(.)|\$\{(\w+)\}/g, (_, escaped: string | undefined, name: string | undefined) => escaped ?? variables.get(name ?? '') ?? '')
}

/** An address in capitals is the same one; writing it again would only wear the flash. */
const isSame = (name: string, found: string | undefined, wanted: string): boolean =>
  found !== undefined && (found === wanted || (name === 'ethaddr' && usableMac(found.trim()) === wanted && !found.includes('-')))

/** It goes through a prompt: a line end, a quote or a control character would end or change the command. */
export function checkTypable(name: string, value: string): void {
  if (/^[\w#.-]{1,64}$/.test(name) && /^[\x20-\x7e]{1,800}$/.test(value) && !/['"]/.test(value)) return
  throw new WorkbenchError('input/malformed', `The U-Boot variable "${name.slice(0, 40)}" cannot be set at a prompt`, { context: { name: name.slice(0, 40) } })
}
