import { roles } from '../../../../shared/doors/doors.schema.ts'
import { type Flags, helpOf, oneOf, parseFlags, quoted, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'
import { table } from '../output/words.ts'

const verbs = ['list', 'add', 'remove'] as const

const flags: Flags = {
  role: { type: 'string', value: 'ROLE', help: 'add: viewer (reads), operator (works on the rack), admin (changes the rack itself)' },
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  output: outputFlag,
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** Who may use the REST door. A token is told once, when it is made. */
export async function tokenCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('token', flags, argv, 2)
  if (given.has('help')) {
    helpOf('token list|add NAME --role ROLE|remove NAME [flags]', 'Who may use the REST door of "rackbench serve". A token is shown once and kept as a hash; one that was removed is refused at the next call.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const [verb = '', name = ''] = given.positionals
  const chosen = oneOf('token', verb, verbs)
  const { done } = createTeller(deps.out, isJson(given))
  const tokens = deps.doorTokens(given.text('data') ?? deps.dataFolder)
  if (chosen === 'list') {
    if (name !== '') throw usage(`${quoted(name)} belongs to no flag`)
    const all = (await tokens.list()).map(({ name: of, role, createdAtMs }) => ({ name: of, role, createdAtMs }))
    return done(exitCodes.success, { tokens: all }, all.length === 0 ? 'No tokens: only the page comes in' : table([['name', 'role', 'since'], ...all.map(({ name: of, role, createdAtMs }) => [of, role, new Date(createdAtMs).toISOString()])]).join('\n'))
  }
  if (name === '') throw usage(`token ${chosen} wants a name`)
  if (chosen === 'remove') {
    await tokens.remove(name)
    return done(exitCodes.success, { removed: name }, `${name} is refused from now on`)
  }
  const role = oneOf('--role', given.text('role') ?? '', roles)
  const token = await tokens.add(name, role)
  return done(exitCodes.success, { name, role, token }, `${token}\nThis is shown once. Send it as "Authorization: Bearer ${token.slice(0, 6)}…"`)
}
