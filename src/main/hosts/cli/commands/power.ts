import { type AuditRecord, auditWishSchema, type SwitchReport, switchWishSchema } from '../../../../shared/devices/switchReport.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type Flags, helpOf, parseFlags, type ParsedFlags, quoted, usage, wholeNumber, wishOf } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { actOnCameras } from './powerAct.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'

const flags: Flags = {
  'host': { type: 'string', value: 'ADDRESS', help: 'of the RouterOS switch (default: DEFIB_POE_HOST)' },
  'user': { type: 'string', value: 'NAME', help: 'default: DEFIB_POE_USER, else admin; the password is taken from DEFIB_POE_PASS' },
  'api-port': { type: 'string', value: 'PORT', help: 'test: of its API (default: DEFIB_POE_API_PORT, else 8728, with TLS 8729)' },
  'tls-fingerprint': { type: 'string', value: 'SHA256', help: 'test: over TLS, with this certificate' },
  'poe-port': { type: 'string', value: 'NAME', help: 'test: the port, by its name; audit: tell its power as well' },
  'comment': { type: 'string', value: 'TEXT', help: 'test: the port, by the comment beside it' },
  'ssh-port': { type: 'string', value: 'PORT', help: 'audit: of its shell (default 22)' },
  'accept-key': { type: 'string', value: 'SHA256:…', help: 'audit: the host key that you have compared with the one that the switch shows' },
  'stagger': { type: 'string', value: 'TIME', help: 'on, off, cycle: between two cameras, as 300ms or 2s (default 300ms)' },
  'confirm': { type: 'string', value: 'NUMBER', help: 'on, off, cycle: how many cameras they are, when they are more than eight' },
  'filter': { type: 'string', value: 'NAME', help: 'on, off, cycle: the cameras of a filter that was saved in the window, in place of their names' },
  'force-name': { type: 'string', value: 'NAME', help: 'off, cycle: the name of the camera, although a job has it; its flash may be lost' },
  'data': { type: 'string', value: 'DIR', help: 'the data folder, for the record and the accepted keys' },
  'output': outputFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

/** `power on`, `off` and `cycle` act on cameras of the rack. `power test` reads a switch, `power audit` keeps its configuration; neither changes anything on it. */
export async function powerCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('power', flags, argv, 1001)
  if (given.has('help')) {
    helpOf('power on|off|cycle CAMERA… | test | audit [flags]', 'on, off and cycle switch cameras of the rack, one after the other; a camera that a job has is refused. test logs in to a RouterOS switch, lists its ports and reads the state of one. audit saves its configuration as a file, secrets masked; neither switches anything.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const teller = createTeller(deps.out, isJson(given))
  const [verb, ...names] = given.positionals
  if (verb === 'on' || verb === 'off' || verb === 'cycle') return actOnCameras(verb, names, given, deps, teller)
  if (names.length > 0) throw usage(`${quoted(names[0] ?? '')} belongs to no flag`, 'rackbench power --help lists the flags')
  if (verb === 'test') return test(given, deps, teller)
  if (verb === 'audit') return audit(given, deps, teller)
  throw usage(verb === undefined ? 'What is to be done with the switch?' : `${quoted(verb)} is none of on, off, cycle, test, audit`, 'rackbench power --help lists the flags')
}

function loginOf(given: ParsedFlags, { environment }: Pick<CliDeps, 'environment'>): { readonly host: string; readonly user: string; readonly password: string } {
  const host = given.text('host') ?? environment['DEFIB_POE_HOST']?.trim() ?? ''
  if (host === '') throw usage('Which switch? --host is missing, and DEFIB_POE_HOST is not set', 'rackbench power --help lists the flags')
  return { host, user: given.text('user') ?? (environment['DEFIB_POE_USER']?.trim() || 'admin'), password: environment['DEFIB_POE_PASS'] ?? '' }
}

const portOf = (flag: string, text: string | undefined): { readonly port?: number } => (text === undefined || text.trim() === '' ? {} : { port: wholeNumber(flag, text.trim(), 1, 65_535) })

async function test(given: ParsedFlags, deps: CliDeps, { done }: Teller): Promise<ExitCode> {
  const [ethernet, comment, certificateSha256] = [given.text('poe-port'), given.text('comment'), given.text('tls-fingerprint')]
  if (ethernet !== undefined && comment !== undefined) throw usage('Name the port or its comment, not both')
  const wish = wishOf(switchWishSchema, {
    ...loginOf(given, deps), ...portOf('--api-port', given.text('api-port') ?? deps.environment['DEFIB_POE_API_PORT']),
    ...(ethernet === undefined ? {} : { ethernet }), ...(comment === undefined ? {} : { comment }), ...(certificateSha256 === undefined ? {} : { certificateSha256 }),
  }, fields, flagsHint)
  const report = await deps.testSwitch(wish, deps.interrupt.signal)
  // Asked for a port and found none, or several: that is no success.
  const isAsked = (ethernet ?? comment) !== undefined
  if (isAsked && report.port === undefined) throw new WorkbenchError('input/conflict', plainText(report.question), { hint: 'Name it with --poe-port' })
  return done(report.port?.state === 'none' ? exitCodes.refusedOrFailed : exitCodes.success, report, linesOf(report).join('\n'))
}

const stateWords = { on: 'gives power', off: 'is off', unknown: 'does not say whether it gives power', none: 'has no PoE' } as const

function linesOf({ label, identity, ports, port }: SwitchReport): string[] {
  return [
    `${label}: "${plainText(identity, 80)}" answered and took the login`,
    ...table([['port', 'comment'], ...ports.map(({ name, comment }) => [plainText(name, 40), plainText(comment, 80)])]).map((row) => `  ${row}`),
    port ? `${plainText(port.name, 40)}, found by its ${port.foundBy}, ${stateWords[port.state]}; nothing was switched` : 'Nothing was switched; --poe-port or --comment reads the state of one port',
  ]
}

async function audit(given: ParsedFlags, deps: CliDeps, { done }: Teller): Promise<ExitCode> {
  const [acceptKey, ethernet] = [given.text('accept-key'), given.text('poe-port')]
  const { port: sshPort } = portOf('--ssh-port', given.text('ssh-port'))
  const wish = wishOf(auditWishSchema, { ...loginOf(given, deps), ...(sshPort === undefined ? {} : { sshPort }), ...(acceptKey === undefined ? {} : { acceptKey }), ...(ethernet === undefined ? {} : { ethernet }) }, fields, flagsHint)
  const record = await deps.auditSwitch(wish, given.text('data') ?? deps.dataFolder, deps.interrupt.signal).catch((error: unknown): never => { throw withNextStep(error, acceptKey) })
  // The record is kept; what was asked for beside it is not there.
  return done(record.poeProblem === undefined ? exitCodes.success : exitCodes.refusedOrFailed, record, `${record.path}: ${record.lengthBytes} bytes of ${record.label}, secrets masked${record.poe ? `\n${ethernet ?? ''}: ${plainText(poeWords(record.poe), 120)}` : ''}${record.poeProblem === undefined ? '' : `\n${plainText(record.poeProblem, 200)}`}`)
}

const poeWords = ({ status, volts, milliamperes, watts }: NonNullable<AuditRecord['poe']>): string =>
  [status, watts === undefined ? '' : `${watts} W`, volts === undefined ? '' : `${volts} V`, milliamperes === undefined ? '' : `${milliamperes} mA`].filter(Boolean).join(', ')

/** At a prompt the next step is a flag. */
function withNextStep(error: unknown, acceptKey: string | undefined): Error {
  const key = error instanceof WorkbenchError && error.code === 'device/wrong-identity' ? error.context['hostKeySha256'] : undefined
  if (!(error instanceof WorkbenchError) || typeof key !== 'string' || acceptKey !== undefined) return error instanceof Error ? error : new Error(String(error))
  return new WorkbenchError(error.code, error.message, { context: error.context, cause: error, hint: `${error.hint ?? ''}: --accept-key ${key}`.replace(/^: /, '') })
}

const fields = { host: '--host', user: '--user', ethernet: '--poe-port', comment: '--comment', certificateSha256: '--tls-fingerprint', acceptKey: '--accept-key' }
const flagsHint = 'rackbench power --help lists the flags'
