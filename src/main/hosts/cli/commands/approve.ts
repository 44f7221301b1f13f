import { usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { readFewVerbs } from './fewVerbs.ts'

const command = {
  name: 'approve', usage: 'list|yes HASH|no HASH', verbs: ['list', 'yes', 'no'] as const,
  summary: 'Plans that an assistant made and that wait for a person. A yes is for one start; an hour after it was made a plan is forgotten.',
}

/** A person's word on what a program planned. */
export async function approveCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const chosen = readFewVerbs(command, argv, deps)
  if (!chosen) return exitCodes.success
  const { verb, word: hash, dataFolder, done } = chosen
  const approvals = await deps.approvals(dataFolder)
  if (verb === 'list') {
    const all = await approvals.list()
    return done(exitCodes.success, { approvals: all }, all.length === 0 ? 'Nothing waits' : all.map(({ hash: of, words, state }) => `${of}  ${state}\n  ${plainText(words)}`).join('\n'))
  }
  if (hash === '') throw usage(`approve ${verb} wants the hash of a plan`, 'rackbench approve list shows those that wait')
  const { words } = await approvals.decide(hash, verb === 'yes')
  return done(exitCodes.success, { hash, approved: verb === 'yes', words }, `${verb === 'yes' ? 'Approved, for one start' : 'Refused'}: ${plainText(words)}`)
}
