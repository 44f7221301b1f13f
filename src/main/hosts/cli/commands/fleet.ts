import { commandActions, fleetUuidSchema } from '../../../../shared/fleet/command.schema.ts'
import type { FleetCommand } from '../../../../shared/fleet/commandView.schema.ts'
import { type Flags, helpOf, oneOf, parseFlags, type ParsedFlags, quoted, usage, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'

const verbs = ['send', 'list'] as const

const flags: Flags = {
  'client': { type: 'string', value: 'UUID', help: 'send: for whom; list: of whom' },
  'action': { type: 'string', value: 'ACTION', help: `send: ${commandActions.join(', ')}` },
  'broker': { type: 'string', value: 'URL', help: 'send: mqtt://HOST:PORT, or mqtts:// with TLS' },
  'user': { type: 'string', value: 'NAME', help: 'send: the login at the broker' },
  'password-env': { type: 'string', value: 'VARIABLE', help: 'send: the variable that holds its password (default RACKBENCH_BROKER_PASSWORD)' },
  'ca-file': { type: 'string', value: 'PATH', help: 'send: the certificate of the authority, in PEM' },
  'reason': { type: 'string', value: 'TEXT', help: 'send: why, for whoever reads it later' },
  'key': { type: 'string', value: 'TEXT', help: 'send: the same key gives the same command, and not another' },
  'expires': { type: 'string', value: 'SECONDS', help: 'send: how long the client may still begin, 10 to 3600 (default 240)' },
  'transitional': { type: 'boolean', help: 'send: also on the singular topic, for clients from before schema 1.0' },
  'open': { type: 'boolean', help: 'list: only those that have not ended' },
  'data': { type: 'string', value: 'DIR', help: 'the data folder; the lockout counts what was issued from it' },
  'output': outputFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

const mostListed = 1_000
const notes = ['', 'send waits for the final state. Exit codes: 0 completed, 5 failed, 6 timed out, 3 expired (nobody took it), 4 blocked by the lockout, 7 canceled;', '8 when you stop waiting for one that was handed over already: it goes on, and only a window or serve of this data folder at that broker hears its end.']

export async function fleetCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('fleet', flags, argv, 1)
  if (given.has('help')) {
    [...helpOf('fleet send|list [flags]', 'Commands for screens and cameras over MQTT, each followed to its end.', flags), ...notes].forEach(deps.out.line)
    return exitCodes.success
  }
  const verb = oneOf('fleet', given.positionals[0] ?? '', verbs)
  const teller = createTeller(deps.out, isJson(given))
  return verb === 'send' ? send(given, deps, teller) : list(given, deps, teller)
}

function clientOf(given: ParsedFlags): string | undefined {
  const text = given.text('client')
  if (text === undefined) return undefined
  const uuid = fleetUuidSchema.safeParse(text.toLowerCase())
  if (!uuid.success) throw usage(`--client ${quoted(text)} is no UUID`, 'As in 9b8d1856-ff34-4864-a726-12de072d0f77')
  return uuid.data
}

function loginOf(given: ParsedFlags, { environment }: CliDeps): { readonly user: string; readonly password: string } | undefined {
  const user = given.text('user')
  const variable = given.text('password-env')
  if (user === undefined) { if (variable !== undefined) throw usage('--password-env wants --user as well'); return undefined }
  const password = environment[variable ?? 'RACKBENCH_BROKER_PASSWORD']
  if (password === undefined || password === '') throw usage(`${variable ?? 'RACKBENCH_BROKER_PASSWORD'} is not set`, 'The password comes from a variable, so that it is in no list of processes')
  return { user, password }
}

async function send(given: ParsedFlags, deps: CliDeps, teller: Teller): Promise<ExitCode> {
  const clientUuid = clientOf(given)
  const url = given.text('broker')
  if (clientUuid === undefined) throw usage('Which client?', '--client UUID')
  if (url === undefined) throw usage('Which broker?', '--broker mqtt://127.0.0.1:1883')
  const { command, wasLeft } = await deps.fleet.send({
    dataFolder: given.text('data') ?? deps.dataFolder, url, login: loginOf(given, deps), caFile: given.text('ca-file'), clientUuid,
    action: oneOf('--action', given.text('action') ?? '', commandActions), reason: given.text('reason'), idempotencyKey: given.text('key'),
    lifeMs: wholeNumber('--expires', given.text('expires') ?? '240', 10, 3_600) * 1_000, transitional: given.has('transitional'),
    log: isJson(given) ? (message) => { teller.say('log', { level: 'info', message }, '') } : (line) => { deps.err.line(plainText(line)) },
    tell: (now) => { teller.say('state', { command: now.id, client: now.clientUuid, state: now.state, atMs: now.times[now.state] ?? now.issuedAtMs }, now.state.replaceAll('_', ' ')) },
  }, deps.interrupt.signal)
  if (wasLeft) return teller.done(exitCodes.interrupted, { command }, `It was handed over and goes on: ${command.id}\nNobody listens here any more; a window or "rackbench serve" of this data folder at that broker hears its end.`)
  return teller.done(exitOf(command), { command }, wordsOf(command))
}

function exitOf({ state }: FleetCommand): ExitCode {
  switch (state) {
    case 'completed': return exitCodes.success
    case 'failed': return exitCodes.refusedOrFailed
    case 'timed_out': return exitCodes.bootNotSeen
    case 'expired': return exitCodes.notReachable
    case 'blocked': return exitCodes.busyOrHost
    case 'canceled': return exitCodes.cancelled
    default: return exitCodes.unexpected
  }
}

function wordsOf({ state, errorCode = '', errorMessage = '', retryAfterS = 0, endedBy, sentAtMs }: FleetCommand): string {
  switch (state) {
    case 'failed': return `The client says ${plainText(errorCode)}: ${plainText(errorMessage)}`
    case 'timed_out': return 'It began and was not seen to come back within 150 s'
    case 'expired': return sentAtMs === undefined ? 'The broker was not reached in time; it was never sent' : 'The client did not take it in time'
    case 'blocked': return `Three restarts within 15 minutes are enough; the next is possible in ${retryAfterS} s`
    case 'completed': return endedBy === 'observed' ? 'The client was seen to go' : ''
    default: return ''
  }
}

async function list(given: ParsedFlags, deps: CliDeps, teller: Teller): Promise<ExitCode> {
  const commands = await deps.fleet.list(given.text('data') ?? deps.dataFolder, { clientUuid: clientOf(given), open: given.has('open') ? true : undefined, limit: mostListed })
  const rows = commands.map(({ id, clientUuid, action, state, issuedAt, errorCode = '' }) => [id, clientUuid, action, state, issuedAt, plainText(errorCode)])
  return teller.done(exitCodes.success, { commands }, commands.length === 0 ? 'No commands yet' : table([['command', 'client', 'action', 'state', 'issued', 'error'], ...rows]).join('\n'))
}
