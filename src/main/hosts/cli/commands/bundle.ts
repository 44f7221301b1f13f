import { isAbsolute, resolve } from 'node:path'
import { type BundleMade, type BundleRequest, bundleRequestSchema, type RedactionRule, redactionRules, usualRules } from '../../../../shared/captures/bundle.schema.ts'
import { type JobId, jobIdSchema } from '../../../../shared/devices/ids.ts'
import { type Flags, helpOf, oneOf, parseFlags, type ParsedFlags, quoted, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'
import { camerasOf, rangeOf } from './captureArguments.ts'

const flags: Flags = {
  camera: { type: 'string', multiple: true, value: 'CAMERA', help: 'only this camera, by name or id; may be repeated' },
  job: { type: 'string', multiple: true, value: 'ID', help: 'only this job; may be repeated' },
  since: { type: 'string', value: 'TIME', help: 'not before: 2026-05-12T14:30, or 90m, 12h, 7d ago' },
  until: { type: 'string', value: 'TIME', help: 'before that time, likewise' },
  redact: { type: 'string', multiple: true, value: 'WORD', help: 'take this out, too; may be repeated' },
  'redact-pattern': { type: 'string', multiple: true, value: 'REGEX', help: 'likewise a JavaScript pattern' },
  keep: { type: 'string', multiple: true, value: 'RULE', help: `do not look for these: ${usualRules.join(', ')}` },
  addresses: { type: 'boolean', help: 'take IP and hardware addresses out, too' },
  raw: { type: 'boolean', help: 'add the raw bytes of the consoles; nothing is taken out of them' },
  'plan-only': { type: 'boolean', help: 'say what would go in and what would be taken out; write nothing' },
  output: { type: 'string', value: 'MODE', help: 'human, json (default human)' },
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** A zip for somebody else: consoles, jobs, inventory and versions, without secrets. */
export async function bundleCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('bundle', flags, argv, 1)
  if (given.has('help')) { helpOf('bundle FILE [flags]', 'One zip that opens in any browser: consoles, jobs, inventory and versions; secrets are taken out.', flags).forEach(deps.out.line); return exitCodes.success }
  const [file] = given.positionals
  if (file === undefined && !given.has('plan-only')) throw usage('Which file?', 'rackbench bundle support.zip --since 2h')
  const asked = requestOf(given, file)
  const json = oneOf('--output', given.text('output') ?? 'human', ['human', 'json']) === 'json'
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    const { signal } = deps.interrupt
    const request = { ...asked, cameras: await camerasOf(given.texts('camera'), workbench) }
    if (given.has('plan-only')) {
      const plan = await workbench.bundles.plan(request, signal)
      if (json) deps.out.line(JSON.stringify({ event: 'plan', ...plan }))
      else {
        deps.out.line(`${plan.consoles.length} console sessions (${plan.bytes} bytes), ${plan.jobs.length} jobs, ${plan.cameras} cameras`)
        tellFound(plan.found, deps)
        plan.warnings.forEach((warning) => { deps.err.line(`Warning: ${plainText(warning)}`) })
      }
      if (json) deps.out.line(JSON.stringify({ event: 'done', success: true }))
      return exitCodes.success
    }
    const made = await workbench.bundles.make(request, signal)
    if (json) deps.out.line(JSON.stringify({ event: 'done', success: true, ...made }))
    else {
      deps.out.line(`${made.files} files, ${made.bytes} bytes in ${made.path}`)
      tellFound(made.found, deps)
      deps.out.line('Look through it before you pass it on: a rule finds what it knows.')
    }
    return exitCodes.success
  } finally {
    await workbench.close()
  }
}

function tellFound(found: BundleMade['found'], deps: CliDeps): void {
  if (found.length === 0) { deps.out.line('Nothing to take out was found'); return }
  table([['taken out', 'places'], ...found.map(({ kind, count }) => [kind, String(count)])], [1]).forEach(deps.out.line)
}

function requestOf(given: ParsedFlags, file: string | undefined): BundleRequest {
  const kept = new Set(given.texts('keep').map((rule): RedactionRule => oneOf('--keep', rule, usualRules)))
  for (const pattern of given.texts('redact-pattern')) {
    try { new RegExp(pattern) } catch { throw usage(`--redact-pattern ${quoted(pattern)} is no pattern`, 'Put \\ before ( ) [ ] { } . * + ? to mean the letter itself') }
  }
  const parsed = bundleRequestSchema.safeParse({
    jobs: given.texts('job').map(jobOf), ...rangeOf(given), withRawBytes: given.has('raw'),
    redaction: {
      words: given.texts('redact'), patterns: given.texts('redact-pattern'),
      rules: redactionRules.map(({ id }) => id).filter((id) => !kept.has(id) && (usualRules.includes(id) || given.has('addresses'))),
    },
    ...(file === undefined ? {} : { path: isAbsolute(file) ? file : resolve(file) }),
  })
  if (!parsed.success) throw usage(`This cannot be asked for: ${parsed.error.issues[0]?.message ?? ''}`, 'rackbench bundle --help lists the flags')
  return parsed.data
}

function jobOf(text: string): JobId {
  const id = jobIdSchema.safeParse(text)
  if (!id.success) throw usage(`--job ${quoted(text)} is no job`, '"rackbench jobs" lists them')
  return id.data
}
