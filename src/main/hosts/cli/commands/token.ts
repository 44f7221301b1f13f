import { roles } from '../../../../shared/doors/doors.schema.ts'
import { oneOf, quoted, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { table } from '../output/words.ts'
import { readFewVerbs } from './fewVerbs.ts'

const command = {
  name: 'token', usage: 'list|add NAME --role ROLE|remove NAME', verbs: ['list', 'add', 'remove'] as const,
  summary: 'Who may use the REST door of "rackbench serve". A token is shown once and kept as a hash; one that was removed is refused at the next call.',
  flags: { role: { type: 'string', value: 'ROLE', help: 'add: viewer (reads), operator (works on the rack), admin (changes the rack itself)' } },
} as const

/** Who may use the REST door. A token is told once, when it is made. */
export async function tokenCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const chosen = readFewVerbs(command, argv, deps)
  if (!chosen) return exitCodes.success
  const { verb, word: name, given, dataFolder, done } = chosen
  const tokens = await deps.doorTokens(dataFolder)
  if (verb === 'list') {
    if (name !== '') throw usage(`${quoted(name)} belongs to no flag`)
    const all = (await tokens.list()).map(({ name: of, role, createdAtMs }) => ({ name: of, role, createdAtMs }))
    return done(exitCodes.success, { tokens: all }, all.length === 0 ? 'No tokens: only the page comes in' : table([['name', 'role', 'since'], ...all.map(({ name: of, role, createdAtMs }) => [of, role, new Date(createdAtMs).toISOString()])]).join('\n'))
  }
  if (name === '') throw usage(`token ${verb} wants a name`)
  if (verb === 'remove') {
    await tokens.remove(name)
    return done(exitCodes.success, { removed: name }, `${name} is refused from now on`)
  }
  const role = oneOf('--role', given.text('role') ?? '', roles)
  const token = await tokens.add(name, role)
  return done(exitCodes.success, { name, role, token }, `${token}\nThis is shown once. Send it as "Authorization: Bearer ${token.slice(0, 6)}…"`)
}
