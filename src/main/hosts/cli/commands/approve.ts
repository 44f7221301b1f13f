import { type Flags, helpOf, oneOf, parseFlags, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'

const verbs = ['list', 'yes', 'no'] as const

const flags: Flags = {
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  output: outputFlag,
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** A person's word on what a program planned. */
export async function approveCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('approve', flags, argv, 2)
  if (given.has('help')) {
    helpOf('approve list|yes HASH|no HASH [flags]', 'Plans that an assistant made and that wait for a person. A yes is for one start; an hour after it was made a plan is forgotten.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const [verb = '', hash = ''] = given.positionals
  const chosen = oneOf('approve', verb, verbs)
  const { done } = createTeller(deps.out, isJson(given))
  const approvals = deps.approvals(given.text('data') ?? deps.dataFolder)
  if (chosen === 'list') {
    const all = await approvals.list()
    return done(exitCodes.success, { approvals: all }, all.length === 0 ? 'Nothing waits' : all.map(({ hash: of, words, state }) => `${of}  ${state}\n  ${plainText(words)}`).join('\n'))
  }
  if (hash === '') throw usage(`approve ${chosen} wants the hash of a plan`, 'rackbench approve list shows those that wait')
  const { words } = await approvals.decide(hash, chosen === 'yes')
  return done(exitCodes.success, { hash, approved: chosen === 'yes', words }, `${chosen === 'yes' ? 'Approved, for one start' : 'Refused'}: ${plainText(words)}`)
}
