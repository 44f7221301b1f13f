import { resolve } from 'node:path'
import { auditQuerySchema, type AuditEntry, type AuditReport } from '../../../../shared/audit/audit.schema.ts'
import { type Flags, helpOf, oneOf, parseFlags, type ParsedFlags, quoted, usage, wholeNumber, wishOf } from '../arguments.ts'
import type { CliDeps, CliWorkbench } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'

const flags: Flags = {
  head: { type: 'string', value: 'HASH', help: 'verify: the head of an earlier verify, noted elsewhere; proves that nothing up to it is gone' },
  file: { type: 'string', value: 'FILE', help: 'verify: an exported log instead of the one of the data folder' },
  out: { type: 'string', short: 'o', value: 'FILE', help: 'export: a new file; never overwritten' },
  since: { type: 'string', value: 'TIME', help: 'list: not before, as in 2026-05-12T14:30' },
  camera: { type: 'string', value: 'NAME', help: 'list: only what was done to this one' },
  limit: { type: 'string', value: 'NUMBER', help: 'list: at most so many (default 200, at most 1000)' },
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  output: outputFlag,
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** What was destroyed, by whom; and whether somebody changed the list of it. Ends with 5 for a broken chain, 8 for a last line that is not whole. */
export async function auditCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('audit', flags, argv, 1)
  if (given.has('help')) {
    helpOf('audit verify|list|export [flags]', 'Every act that destroys something is written down before it happens. list shows them, verify proves that nobody changed them, export writes them into a file.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const verb = oneOf('audit', given.positionals[0] ?? '', ['verify', 'list', 'export'])
  const teller = createTeller(deps.out, isJson(given))
  const head = given.text('head')
  if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) throw usage(`--head ${quoted(head)} is no hash of 64 digits`)
  const file = given.text('file')
  if (verb === 'verify' && file !== undefined) return tellReport(await deps.verifyAuditFile(resolve(file), head, deps.interrupt.signal), head, teller)
  const workbench = await deps.openWorkbench({ dataFolder: given.text('data') ?? deps.dataFolder, tftpPort: 69, log: () => undefined, ask: async () => undefined })
  try {
    if (verb === 'verify') return tellReport(workbench.audit.verify(head), head, teller)
    return verb === 'list' ? list(given, workbench, teller) : await exportLines(given, workbench, teller, deps)
  } finally {
    await workbench.close()
  }
}

function tellReport(report: AuditReport, noted: string | undefined, { done }: Teller): ExitCode {
  const { state, entries, seq, why } = report
  if (state === 'ok') return done(exitCodes.success, report, wordsOfWhole(report, noted))
  const before = entries === 0 ? '' : `. ${entries === 1 ? 'The one before it is' : `The ${entries} before it are`} right`
  return done(state === 'torn' ? exitCodes.interrupted : exitCodes.refusedOrFailed, report, `${state === 'torn' ? 'Torn' : 'Broken'} at entry ${seq ?? 0}: ${why ?? ''}${before}`)
}

/** What a chain cannot show by itself is said: that its last entries are there. */
function wordsOfWhole({ entries, head }: AuditReport, noted: string | undefined): string {
  if (entries === 0) return 'The log is empty: nothing was written down yet, or somebody took it away'
  const counted = entries === 1 ? '1 entry, and nobody changed it' : `${entries} entries, and nobody changed them`
  return noted === undefined
    ? `${counted}. Head: ${head}\nNote it elsewhere: only "--head" with it shows later whether the last entries were cut off, or all of it written anew`
    : `${counted}, and the noted one is among them: nothing up to it is gone. Head: ${head}`
}

const isoTime = (atMs: number): string => new Date(atMs).toISOString()
const detailsText = ({ details }: AuditEntry): string => Object.entries(details).map(([name, value]) => `${name}=${String(value)}`).join(' ')

function list(given: ParsedFlags, workbench: CliWorkbench, { done }: Teller): ExitCode {
  const since = given.text('since')
  const sinceMs = since === undefined ? undefined : Date.parse(since)
  if (Number.isNaN(sinceMs)) throw usage(`--since ${quoted(since ?? '')} is no time`, 'As in 2026-05-12T14:30')
  const limit = wholeNumber('--limit', given.text('limit') ?? '200', 1, 1000)
  const entries = workbench.audit.list(wishOf(auditQuerySchema, { limit, sinceMs, subject: given.text('camera') }, { subject: '--camera' }, 'rackbench audit --help lists the flags'))
  const rows = entries.map((entry) => [String(entry.seq), isoTime(entry.atMs), plainText(`${entry.who.user} (${entry.who.host})`, 40), entry.what, plainText(entry.subject, 40), plainText(detailsText(entry), 200)])
  return done(exitCodes.success, { entries }, rows.length === 0 ? 'Nothing was written down yet' : table([['no.', 'at', 'who', 'what', 'subject', 'details'], ...rows]).join('\n'))
}

async function exportLines(given: ParsedFlags, workbench: CliWorkbench, { done }: Teller, deps: CliDeps): Promise<ExitCode> {
  const out = given.text('out')
  if (out === undefined) throw usage('Where to? --out (-o) is missing')
  const lines = workbench.audit.lines()
  const path = resolve(out)
  const bytes = await deps.exportAudit(lines, path, deps.interrupt.signal)
  const { head } = workbench.audit.verify()
  return done(exitCodes.success, { path, bytes, entries: lines.length, head }, `${lines.length} entries in ${path}. Head: ${head}`)
}
