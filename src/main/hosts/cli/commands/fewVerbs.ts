import { type Flags, helpOf, oneOf, parseFlags, type ParsedFlags } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'

const frame: Flags = {
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  output: outputFlag,
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

export interface FewVerbs<Verb extends string> {
  readonly name: string
  /** Behind the name of the program and the command. */
  readonly usage: string
  readonly summary: string
  readonly verbs: readonly Verb[]
  readonly flags?: Flags
}

export interface ChosenVerb<Verb extends string> {
  readonly verb: Verb
  /** The one word behind it, or nothing. */
  readonly word: string
  readonly given: ParsedFlags
  readonly dataFolder: string
  readonly done: Teller['done']
}

/** A command of a verb and one word at the most, on a data folder; undefined when its help was asked for and told. */
export function readFewVerbs<Verb extends string>({ name, usage, summary, verbs, flags: own = {} }: FewVerbs<Verb>, argv: readonly string[], deps: Pick<CliDeps, 'out' | 'dataFolder'>): ChosenVerb<Verb> | undefined {
  const flags: Flags = { ...own, ...frame }
  const given = parseFlags(name, flags, argv, 2)
  if (given.has('help')) {
    helpOf(`${name} ${usage} [flags]`, summary, flags).forEach(deps.out.line)
    return undefined
  }
  const [verb = '', word = ''] = given.positionals
  return { verb: oneOf(name, verb, verbs), word, given, dataFolder: given.text('data') ?? deps.dataFolder, done: createTeller(deps.out, isJson(given)).done }
}
