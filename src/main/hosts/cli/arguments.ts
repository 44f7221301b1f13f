import { parseArgs } from 'node:util'
import { issueWords } from '../../../shared/errors/issueWords.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface Flag {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** What stands for the value in the help: `PATH`. */
  readonly value?: string
  readonly help: string
}
export type Flags = Readonly<Record<string, Flag>>

export interface ParsedFlags {
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  has(name: string): boolean
  readonly positionals: readonly string[]
}

export const usage = (message: string, hint?: string): WorkbenchError => new WorkbenchError('input/malformed', message, { hint })

/** Quoted in messages: bounded and printable. */
export const quoted = (text: string): string => `"${text.slice(0, 80).replaceAll(/[^\x20-\x7e]/g, '?')}"`

/** Unknown flags and flags without their value are named; a flag given twice is a mistake unless it may repeat. */
export function parseFlags(command: string, flags: Flags, argv: readonly string[], maxPositionals = 0): ParsedFlags {
  const hint = `rackbench ${command} --help lists the flags`
  const options = Object.fromEntries(Object.entries(flags).map(([name, { type, short }]) =>
    [name, { type, multiple: true as const, ...(short === undefined ? {} : { short }) }]))
  let parsed: { values: Record<string, (string | boolean)[] | undefined>; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true }) as typeof parsed
  } catch (error) {
    throw usage(inOurWords(error, argv), hint)
  }
  for (const [name, given] of Object.entries(parsed.values)) {
    if (flags[name]?.multiple !== true && given !== undefined && given.length > 1 && flags[name]?.type === 'string') throw usage(`--${name} is given ${given.length} times`, hint)
  }
  const [tooMany] = parsed.positionals.slice(maxPositionals)
  if (tooMany !== undefined) throw usage(`${quoted(tooMany)} belongs to no flag`, hint)
  const texts = (name: string): string[] => (parsed.values[name] ?? []).filter((value) => typeof value === 'string')
  for (const name of Object.keys(flags)) if (texts(name).includes('')) throw usage(`--${name} is empty`, hint)
  return { text: (name) => texts(name)[0], texts, has: (name) => parsed.values[name] !== undefined, positionals: parsed.positionals }
}

/** Node's sentences explain its own rules; a person wants the name of the flag. */
function inOurWords(error: unknown, argv: readonly string[]): string {
  const text = error instanceof Error ? error.message : ''
  const flag = /'([^']*)'/.exec(text)?.[1] ?? argv.find((each) => each.startsWith('-')) ?? ''
  if (/Unknown option/.test(text)) return `Unknown flag ${flag.split(/[ ,]/)[0] ?? flag}`
  const name = /(--[a-z-]+)/.exec(flag)?.[1] ?? flag
  if (/argument missing|ambiguous/.test(text)) return `${name} wants a value`
  if (/does not take an argument/.test(text)) return `${name} takes no value`
  return text.split('\n')[0] ?? 'These arguments cannot be read'
}

export function oneOf<T extends string>(name: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === given)
  // A verb that was left out; a flag is never empty.
  if (given === '') throw usage(`${name} wants one of ${allowed.join(', ')}`)
  if (found === undefined) throw usage(`${name} ${quoted(given)} is none of ${allowed.join(', ')}`)
  return found
}

export function wholeNumber(name: string, given: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN
  if (!(value >= min && value <= max)) throw usage(`${name} ${quoted(given)} is no number from ${min} to ${max}`)
  return value
}

export function helpOf(command: string, summary: string, flags: Flags): string[] {
  const rows = Object.entries(flags).map(([name, { short, value, help }]) => [`  ${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`, help] as const)
  const width = Math.max(...rows.map(([left]) => left.length))
  return [`rackbench ${command}`, '', summary, '', ...rows.map(([left, help]) => `${left.padEnd(width)}  ${help}`)]
}

type Issue = Parameters<typeof issueWords>[0]
interface Wish<T> { safeParse(given: unknown): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } } }

/** What flags and words say together, as the workbench takes it. `fields`: by what name a person gave them. */
export function wishOf<T>(schema: Wish<T>, given: unknown, fields: Readonly<Record<string, string>>, hint: string): T {
  const read = schema.safeParse(given)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const field = String(issue?.path[0] ?? '')
  throw usage(`The ${fields[field] ?? (field || 'wish')} is not usable: ${issue === undefined ? 'it does not fit' : issueWords(issue)}`, hint)
}
