import type { FleetSendRequest, FleetSent } from '../../../composition/fleetTools.ts'
import { commandActions, fleetUuidSchema } from '../../../../shared/fleet/command.schema.ts'
import type { FleetCommand } from '../../../../shared/fleet/commandView.schema.ts'
import { type Flags, helpOf, oneOf, parseFlags, type ParsedFlags, quoted, usage, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { modeOf, outputWithQuietFlag, type Teller, tellerOf } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'

const verbs = ['send', 'wait', 'list'] as const

const flags: Flags = {
  'client': { type: 'string', value: 'UUID', help: 'send: for whom; list: of whom' },
  'action': { type: 'string', value: 'ACTION', help: `send: ${commandActions.join(', ')}` },
  'broker': { type: 'string', value: 'URL', help: 'send: mqtt://HOST:PORT, or mqtts:// with TLS; wait: where it is another than the command was sent to' },
  'user': { type: 'string', value: 'NAME', help: 'send, wait: the login at the broker' },
  'password-env': { type: 'string', value: 'VARIABLE', help: 'send, wait: the variable that holds its password (default RACKBENCH_BROKER_PASSWORD)' },
  'ca-file': { type: 'string', value: 'PATH', help: 'send, wait: the certificate of the authority, in PEM' },
  'reason': { type: 'string', value: 'TEXT', help: 'send: why, for whoever reads it later' },
  'key': { type: 'string', value: 'TEXT', help: 'send: the same key gives the same command, and not another' },
  'expires': { type: 'string', value: 'SECONDS', help: 'send: how long the client may still begin, 10 to 3600 (default 240)' },
  'transitional': { type: 'boolean', help: 'send: also on the singular topic, for clients from before schema 1.0' },
  'open': { type: 'boolean', help: 'list: only those that have not ended' },
  'data': { type: 'string', value: 'DIR', help: 'the data folder; the lockout counts what was issued from it' },
  'output': outputWithQuietFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

const mostListed = 1_000
const notes = ['', 'send waits for the final state, and wait for that of a COMMAND that was left. Exit codes: 0 completed, 5 failed, 6 timed out, 3 expired (nobody took it), 4 blocked by the lockout, 7 canceled;', '8 when you stop waiting for one that was handed over already: it goes on, and only wait, a window or serve of this data folder at that broker hears its end.']

export async function fleetCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('fleet', flags, argv, 2)
  if (given.has('help')) {
    [...helpOf('fleet send | wait COMMAND | list [flags]', 'Commands for screens and cameras over MQTT, each followed to its end.', flags), ...notes].forEach(deps.out.line)
    return exitCodes.success
  }
  const [word = '', id] = given.positionals
  const verb = oneOf('fleet', word, verbs)
  if (verb !== 'wait' && id !== undefined) throw usage(`${quoted(id)} belongs to no flag`)
  const teller = tellerOf(deps.out, modeOf(given))
  switch (verb) {
    case 'send': return send(given, deps, teller)
    case 'wait': return wait(given, id, deps, teller)
    case 'list': return list(given, deps, teller)
  }
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
  const sent = await deps.fleet.send({
    ...doorOf(given, deps, teller), url, clientUuid, action: oneOf('--action', given.text('action') ?? '', commandActions), reason: given.text('reason'), idempotencyKey: given.text('key'),
    lifeMs: wholeNumber('--expires', given.text('expires') ?? '240', 10, 3_600) * 1_000, transitional: given.has('transitional'),
  }, deps.interrupt.signal)
  return tellEnd(sent, deps, teller, given)
}

async function wait(given: ParsedFlags, text: string | undefined, deps: CliDeps, teller: Teller): Promise<ExitCode> {
  if (text === undefined) throw usage('Which command?', '"rackbench fleet list --open" names those that have not ended')
  const surplus = ['client', 'action', 'reason', 'key', 'expires', 'transitional', 'open'].find((name) => given.has(name))
  if (surplus !== undefined) throw usage(`--${surplus} has no meaning for wait`)
  const id = fleetUuidSchema.safeParse(text.toLowerCase())
  if (!id.success) throw usage(`${quoted(text)} is no command`, '"rackbench fleet list --open" names those that have not ended')
  return tellEnd(await deps.fleet.wait({ ...doorOf(given, deps, teller), id: id.data, url: given.text('broker') }, deps.interrupt.signal), deps, teller, given)
}

const doorOf = (given: ParsedFlags, deps: CliDeps, teller: Teller): Pick<FleetSendRequest, 'dataFolder' | 'login' | 'caFile' | 'log' | 'tell'> => ({
  dataFolder: given.text('data') ?? deps.dataFolder, login: loginOf(given, deps), caFile: given.text('ca-file'),
  log: modeOf(given) === 'json' ? (message) => { teller.say('log', { level: 'info', message }, '') } : (line) => { deps.err.line(plainText(line)) },
  tell: (now) => { teller.say('state', { command: now.id, client: now.clientUuid, state: now.state, atMs: now.times[now.state] ?? now.issuedAtMs }, now.state.replaceAll('_', ' ')) },
})

function tellEnd({ command, wasLeft }: FleetSent, { out }: CliDeps, teller: Teller, given: ParsedFlags): ExitCode {
  if (modeOf(given) === 'quiet') out.line(wasLeft ? command.id : command.state)
  if (wasLeft) return teller.done(exitCodes.interrupted, { command }, `It was handed over and goes on: ${command.id}\nNobody listens here any more; "rackbench fleet wait ${command.id}" does again, and so does a window or "rackbench serve" of this data folder at that broker.`)
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
  if (modeOf(given) === 'quiet') for (const { id } of commands) deps.out.line(id)
  return teller.done(exitCodes.success, { commands }, commands.length === 0 ? 'No commands yet' : table([['command', 'client', 'action', 'state', 'issued', 'error'], ...rows]).join('\n'))
}
