import { isAbsolute, resolve } from 'node:path'
import { captureExportSchema, captureFormats, captureQuerySchema, newLinesQuerySchema, sessionIdSchema } from '../../../../shared/captures/captures.schema.ts'
import type { CameraId } from '../../../../shared/devices/ids.ts'
import { type Flags, helpOf, oneOf, parseFlags, type ParsedFlags, quoted, usage, wholeNumber, wishOf } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'
import { compareTwo, listBoots } from './boots.ts'
import { cameraNames, camerasOf, rangeOf } from './captureArguments.ts'
import { captureSettings, settingsFlags } from './captureSettings.ts'

/** A large store that has never been searched takes longer to read; what is there by then is searched, and that is said. */
const catchUpLimitMs = 60_000

const flags: Flags = {
  camera: { type: 'string', multiple: true, value: 'CAMERA', help: 'only this camera, by name or id; may be repeated for a search' },
  since: { type: 'string', value: 'TIME', help: 'not before: 2026-05-12T14:30, or 90m, 12h, 7d ago' },
  until: { type: 'string', value: 'TIME', help: 'before that time, likewise' },
  pattern: { type: 'string', short: 'e', value: 'REGEX', help: 'search: a JavaScript pattern instead of words' },
  'ignore-case': { type: 'boolean', short: 'i', help: 'search: capitals do not matter to the pattern' },
  new: { type: 'boolean', help: 'search: kinds of lines that a firmware said for the first time since then' },
  limit: { type: 'string', value: 'NUMBER', help: 'search: at most so many lines (default 100, at most 1000)' },
  session: { type: 'string', short: 's', value: 'SESSION', help: 'export: one session; otherwise all of --camera in that time' },
  format: { type: 'string', short: 'f', value: 'FORMAT', help: `export: ${captureFormats.join(', ')} (default text)` },
  out: { type: 'string', short: 'o', value: 'FILE', help: 'export: a new file; never overwritten (default: in the data folder)' },
  ...settingsFlags,
  output: { type: 'string', value: 'MODE', help: 'human, json (default human)' },
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

interface Scene { readonly given: ParsedFlags; readonly words: readonly string[]; readonly json: boolean; readonly deps: CliDeps; readonly workbench: CliWorkbench }

/** What consoles said: which sessions there are, where something was said, and a file of it. */
export async function capturesCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('captures', flags, argv, 40)
  if (given.has('help')) { helpOf('captures list | search WORDS… | export | boots [CAMERA] | compare BOOT BOOT | settings [flags]', 'Everything that consoles said is kept; this lists it, searches it, writes it into a file, times and compares boots, and says how much is kept.', flags).forEach(deps.out.line); return exitCodes.success }
  const [what, ...words] = given.positionals
  const run = { list, search, export: exportFile, boots: listBoots, compare: compareTwo, settings: captureSettings }[oneOf('captures', what ?? '', ['list', 'search', 'export', 'boots', 'compare', 'settings'])]
  if (words.length > 0 && (what === 'list' || what === 'export')) throw usage(`${quoted(words[0] ?? '')} belongs to no flag`, 'rackbench captures --help lists the flags')
  const json = oneOf('--output', given.text('output') ?? 'human', ['human', 'json']) === 'json'
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    return await run({ given, words, json, deps, workbench })
  } finally {
    await workbench.close()
  }
}

const isoTime = (atMs: number): string => new Date(atMs).toISOString()

async function list({ given, json, deps, workbench }: Scene): Promise<ExitCode> {
  const wish = { camera: await oneCamera(given, workbench), ...rangeOf(given) }
  const sessions = await workbench.captures.sessions(wish)
  if (json) deps.out.line(JSON.stringify({ sessions }))
  else if (sessions.length === 0) deps.out.line(Object.values(wish).some((value) => value !== undefined) ? 'Nothing was captured of that' : 'Nothing is captured yet')
  else {
    table([['session', 'camera', 'name', 'from', 'to', 'bytes'], ...sessions.map((each) => [each.session, each.camera, plainText(each.cameraName, 40), isoTime(each.startedAtMs), each.isOpen ? 'now' : isoTime(each.endedAtMs), String(each.endOffset - each.startOffset)])], [5])
      .forEach(deps.out.line)
  }
  return exitCodes.success
}

async function search(scene: Scene): Promise<ExitCode> {
  const { given, words, json, deps, workbench } = scene
  const { signal } = deps.interrupt
  const pattern = given.text('pattern')
  const isForKinds = given.has('new')
  if (!isForKinds && (pattern === undefined) === (words.join('').trim() === '')) throw usage('Either words or --pattern (-e) is searched for', 'rackbench captures search kernel panic')
  const shared = { limit: wholeNumber('--limit', given.text('limit') ?? '100', 1, 1000), ...rangeOf(given), cameras: await camerasOf(given.texts('camera'), workbench) }
  const late = AbortSignal.timeout(catchUpLimitMs)
  const isCaughtUp = await workbench.captures.caughtUp(AbortSignal.any([signal, late])).then(() => true, (error: unknown) => { if (!late.aborted) throw error; return false })
  const found = isForKinds ? { lines: await workbench.captures.newLines(wishOf(newLinesQuerySchema, shared, { cameras: 'list of cameras' }, 'rackbench captures --help lists the flags'), signal), isStopped: false, note: '' }
    : await workbench.captures.search(wishOf(captureQuerySchema, { ...shared, ...(pattern === undefined ? { words: words.join(' ') } : { pattern }), ignoreCase: given.has('ignore-case'), limitMs: 10_000 }, { words: 'text to search for', pattern: '--pattern', cameras: 'list of cameras' }, 'rackbench captures search kernel panic'), signal)
  const note = found.note || (isCaughtUp ? '' : 'The search index is still being made; older lines may be missing')
  if (json) deps.out.line(JSON.stringify({ ...found, note }))
  else {
    const nameOf = await cameraNames(workbench)
    for (const line of found.lines) deps.out.line(`${isoTime(line.atMs)} ${nameOf(line.camera)} ${line.session}@${line.offset} ${plainText(line.line, 1_024)}`)
    if (found.lines.length === 0) deps.out.line('Nothing found')
    if (found.lines.length === 0 && pattern === undefined && !isForKinds) deps.err.line('Words are found whole and in any order; -e finds a part of one')
    if (found.lines.length === shared.limit) deps.err.line('Warning: there may be more; --limit shows up to 1000')
    if (found.isStopped) deps.err.line('Warning: the time was over before all was looked at; narrow it with --since or --camera')
    if (note !== '') deps.err.line(`Warning: ${note}`)
  }
  return exitCodes.success
}

async function exportFile({ given, json, deps, workbench }: Scene): Promise<ExitCode> {
  const out = given.text('out')
  const session = given.text('session')
  const camera = await oneCamera(given, workbench)
  if (session === undefined && camera === undefined) throw usage('--session (-s) or --camera is needed', 'rackbench captures list shows both')
  const id = sessionIdSchema.safeParse(session)
  if (session !== undefined && !id.success) throw usage(`--session ${quoted(session)} is no session`, 'rackbench captures list shows them')
  const done = await workbench.captures.export(wishOf(captureExportSchema, {
    session: id.data, camera, ...rangeOf(given), format: oneOf('--format', given.text('format') ?? 'text', captureFormats),
    ...(out === undefined ? {} : { path: isAbsolute(out) ? out : resolve(out) }),
  }, { path: '--out' }, 'rackbench captures --help lists the flags'), deps.interrupt.signal)
  if (json) deps.out.line(JSON.stringify({ event: 'done', success: true, ...done }))
  else deps.out.line(`${done.bytes} bytes of ${done.sessions === 1 ? 'one session' : `${done.sessions} sessions`} in ${done.path}`)
  return exitCodes.success
}

async function oneCamera(given: ParsedFlags, workbench: CliWorkbench): Promise<CameraId | undefined> {
  const texts = given.texts('camera')
  if (texts.length > 1) throw usage('--camera is given more than once', 'Only a search takes several')
  return (await camerasOf(texts, workbench))[0]
}
