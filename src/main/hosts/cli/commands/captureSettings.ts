import type { CaptureSettings, CaptureSettingsChange } from '../../../../shared/captures/captures.schema.ts'
import { captureSettingsChangeSchema } from '../../../../shared/captures/captures.schema.ts'
import { type Flags, type ParsedFlags, quoted, usage } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { table } from '../output/words.ts'

export const settingsFlags: Flags = {
  quota: { type: 'string', value: 'SIZE', help: 'settings: over all captures, as in 20G; the oldest go when it is full' },
  'part-size': { type: 'string', value: 'SIZE', help: 'settings: a file is closed at this size, as in 64M' },
  'part-age': { type: 'string', value: 'TIME', help: 'settings: or at this age, as in 24h' },
  'name-template': { type: 'string', value: 'TEMPLATE', help: 'settings: names of files; {camera} {session} {part} {date} {time} {chip}' },
  'agree-delete': { type: 'boolean', help: 'settings: a smaller quota may delete the oldest captures' },
}

interface Scene { readonly given: ParsedFlags; readonly words: readonly string[]; readonly json: boolean; readonly deps: CliDeps; readonly workbench: CliWorkbench }

const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }
const times: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function sizeOf(name: string, text: string): number {
  const found = /^(\d{1,12})([KMGT]?)(?:iB|B)?$/i.exec(text)
  if (!found) throw usage(`--${name} ${quoted(text)} is no size`, 'As in 64M, 20G or a number of bytes')
  return Number(found[1]) * (units[(found[2] ?? '').toUpperCase()] ?? 1)
}
function timeOf(name: string, text: string): number {
  const found = /^(\d{1,6})([mhd])$/.exec(text)
  if (!found) throw usage(`--${name} ${quoted(text)} is no time`, 'As in 90m, 24h or 7d')
  return Number(found[1]) * (times[found[2] ?? ''] ?? 0)
}

function changeOf(given: ParsedFlags): CaptureSettingsChange {
  const [quota, size, age, nameTemplate] = [given.text('quota'), given.text('part-size'), given.text('part-age'), given.text('name-template')]
  const change = captureSettingsChangeSchema.safeParse({
    ...(quota === undefined ? {} : { quotaBytes: sizeOf('quota', quota) }), ...(size === undefined ? {} : { partBytes: sizeOf('part-size', size) }),
    ...(age === undefined ? {} : { partMs: timeOf('part-age', age) }), ...(nameTemplate === undefined ? {} : { nameTemplate }),
  })
  if (change.success) return change.data
  const [issue] = change.error.issues
  throw usage(`${flagOf[String(issue?.path[0])] ?? 'This'} is not possible: ${issue?.message ?? ''}`)
}
const flagOf: Readonly<Record<string, string>> = { quotaBytes: '--quota', partBytes: '--part-size', partMs: '--part-age', nameTemplate: '--name-template' }

/** How captures are kept; with flags changed first, for a window that is open as well. */
export async function captureSettings({ given, words, json, deps, workbench }: Scene): Promise<ExitCode> {
  if (words.length > 0) throw usage(`${quoted(words[0] ?? '')} belongs to no flag`, 'rackbench captures settings --quota 20G')
  const change = changeOf(given)
  const settings = Object.keys(change).length === 0 ? await workbench.captures.settings() : await workbench.captures.changeSettings(change, given.has('agree-delete'))
  if (json) deps.out.line(JSON.stringify({ settings }))
  else table(rowsOf(settings)).forEach(deps.out.line)
  return exitCodes.success
}

const megabytes = (bytes: number): string => (bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`)
const rowsOf = ({ quotaBytes, partBytes, partMs, nameTemplate, warnShare, graceMs, reserveBytes }: CaptureSettings): string[][] => [
  ['quota', `${megabytes(quotaBytes)}; announced at ${Math.round(warnShare * 100)} %, and nothing is deleted within ${Math.round(graceMs / 60_000)} min of that`],
  ['next file', `at ${megabytes(partBytes)}, or after ${Math.round(partMs / 60_000)} min`],
  ['names', nameTemplate],
  ['left free', `${megabytes(reserveBytes)} of the disk`],
]
