import type { CliCommandName } from '../../../shared/commands/cliCommands.ts'
import { Cancelled, toWire, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { quoted, usage } from './arguments.ts'
import type { CliDeps } from './cliWorkbench.ts'
import { type ExitCode, exitCodeOfError, exitCodes, exitCodeWords } from './exitCodes.ts'
import { peekOutput } from './commands/restoreArguments.ts'
import { createTeller, tellFailure } from './output/events.ts'
import { plainText } from './output/lineWriter.ts'
import { table } from './output/words.ts'

interface Command {
  readonly summary: string
  readonly run: (argv: readonly string[], deps: CliDeps) => Promise<ExitCode>
}

/** Its code is read when it is asked for: a script that runs one command does not wait for all of them. */
const late = (load: () => Promise<Command['run']>): Command['run'] => async (argv, deps) => (await load())(argv, deps)

/** The same list of commands as that of the window; one that the list does not know does not compile, nor one that is missing here. */
const commands: Readonly<Record<CliCommandName, Command>> = {
  restore: { summary: 'restore a camera and prove it', run: late(async () => (await import('./commands/restore.ts')).restoreCommand) },
  install: { summary: 'install an OpenIPC release and prove it', run: late(async () => (await import('./commands/install.ts')).installCommand) },
  dump: { summary: 'read a camera\'s flash into files and prove them', run: late(async () => (await import('./commands/dump.ts')).dumpCommand) },
  diff: { summary: 'compare two dumps', run: late(async () => (await import('./commands/diff.ts')).diffCommand) },
  demo: { summary: 'the same on a simulated camera', run: late(async () => (await import('./commands/demo.ts')).demoCommand) },
  sim: { summary: 'simulated pods for other programs', run: late(async () => (await import('./commands/sim.ts')).simCommand) },
  serve: { summary: 'the workbench in the browser', run: late(async () => (await import('./commands/serve.ts')).serveCommand) },
  jobs: { summary: 'what was done, and its reports', run: late(async () => (await import('./commands/lists.ts')).jobsCommand) },
  burn: { summary: 'load a U-Boot into a camera\'s RAM', run: late(async () => (await import('./commands/burn.ts')).burnCommand) },
  agent: { summary: 'read, write and examine a flash through a flash agent; with --broker the agent of a screen', run: late(async () => (await import('./commands/agent.ts')).agentCommand) },
  detect: { summary: 'which boot ROM a camera has', run: late(async () => (await import('./commands/detect.ts')).detectCommand) },
  chips: { summary: 'the chips that are known', run: late(async () => (await import('./commands/lists.ts')).chipsCommand) },
  capture: { summary: 'keep what a camera says', run: late(async () => (await import('./commands/lines.ts')).captureCommand) },
  captures: { summary: 'what consoles said: list, search, export', run: late(async () => (await import('./commands/captures.ts')).capturesCommand) },
  bundle: { summary: 'a zip of consoles, jobs and inventory for somebody else', run: late(async () => (await import('./commands/bundle.ts')).bundleCommand) },
  console: { summary: 'run a script on a console', run: late(async () => (await import('./commands/console.ts')).consoleCommand) },
  replay: { summary: 'what is in a capture', run: late(async () => (await import('./commands/lines.ts')).replayCommand) },
  network: { summary: 'serve one file by TFTP', run: late(async () => (await import('./commands/lines.ts')).networkCommand) },
  release: { summary: 'versions for MicroPython boards, and packages for appliances', run: late(async () => (await import('./commands/release.ts')).releaseCommand) },
  mpy: { summary: 'update a MicroPython board over its console', run: late(async () => (await import('./commands/mpy.ts')).mpyCommand) },
  profiles: { summary: 'import boot profiles', run: late(async () => (await import('./commands/bootFiles.ts')).profilesCommand) },
  uboot: { summary: 'fetch the U-Boot of a chip', run: late(async () => (await import('./commands/bootFiles.ts')).ubootCommand) },
  power: { summary: 'switch cameras; test a RouterOS switch, or keep its configuration', run: late(async () => (await import('./commands/power.ts')).powerCommand) },
  rack: { summary: 'the cameras of the rack: labels, maintenance, export, import', run: late(async () => (await import('./commands/rack.ts')).rackCommand) },
  registry: { summary: 'firmware for nodes that fetch it: keep, release, serve', run: late(async () => (await import('./commands/registry.ts')).registryCommand) },
  batch: { summary: 'many jobs from a plan, with stop rules and reports', run: late(async () => (await import('./commands/batch.ts')).batchCommand) },
  fleet: { summary: 'commands for screens over MQTT, each followed to its end', run: late(async () => (await import('./commands/fleet.ts')).fleetCommand) },
  audit: { summary: 'what was destroyed and by whom; proves the list', run: late(async () => (await import('./commands/audit.ts')).auditCommand) },
  secrets: { summary: 'where passwords are kept', run: late(async () => (await import('./commands/secrets.ts')).secretsCommand) },
  approve: { summary: 'say yes or no to what an assistant planned', run: late(async () => (await import('./commands/approve.ts')).approveCommand) },
  token: { summary: 'who may use the REST door', run: late(async () => (await import('./commands/token.ts')).tokenCommand) },
  ports: { summary: 'the serial ports of this computer', run: late(async () => (await import('./commands/lists.ts')).portsCommand) },
  deploy: { summary: 'a package onto an appliance, by its updater', run: late(async () => (await import('./commands/deploy.ts')).deployCommand) },
  updater: { summary: 'the updater of a Linux appliance, on that appliance', run: late(async () => (await import('./commands/updater.ts')).updaterCommand) },
}

export const commandNames: readonly string[] = Object.keys(commands)

const helpLines = (): string[] => [
  'rackbench COMMAND [flags]', '', ...table(Object.entries(commands).map(([name, { summary }]) => [`  ${name}`, summary])),
  '', 'rackbench COMMAND --help lists its flags.', '', 'Exit codes:', ...exitCodeWords.map(([code, words]) => `  ${code}  ${words}`),
]

/** One command; the result is the process's exit code. Never throws. */
export async function runCli(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  return peekOutput(argv).mode === 'json' ? runAsJson(argv, deps) : runForPerson(argv, deps)
}

async function run(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    helpLines().forEach(deps.out.line)
    return name === undefined ? exitCodes.wrongInput : exitCodes.success
  }
  if (name === '--version' || name === '-V') { deps.out.line(deps.version); return exitCodes.success }
  const command = Object.hasOwn(commands, name) ? commands[name as CliCommandName] : undefined
  if (!command) throw usage(`There is no command ${quoted(name)}`, `Commands: ${commandNames.join(', ')}`)
  return command.run(rest, deps)
}

async function runForPerson(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  try {
    return await run(argv, deps)
  } catch (error) {
    if (error instanceof Cancelled) return exitCodes.cancelled
    const { code, message, hint } = toWire(error)
    deps.err.line(`Error: ${plainText(message)}`)
    if (hint !== undefined) deps.err.line(`       ${plainText(hint)}`)
    tellTrace(error, deps)
    return exitCodeOfError(code)
  }
}

/** What is asked for here is prose; no flag can have `-h` for its value. */
const asksForText = ([name = '', ...rest]: readonly string[]): boolean => ['--help', '-h', 'help', '--version', '-V'].includes(name) || rest.includes('--help') || rest.includes('-h')

/** Every line of stdout is JSON, whatever goes wrong; a command has told its own errors, or leaves them to this. */
async function runAsJson(argv: readonly string[], given: CliDeps): Promise<ExitCode> {
  // A status line is rewritten in place, which no reader of JSON can take.
  const out = { ...given.out, isTerminal: false, status: () => undefined }
  const lines: string[] = []
  const isText = asksForText(argv)
  try {
    const exitCode = await run(argv, { ...given, out: isText ? { ...out, line: (line) => { lines.push(line) } } : out })
    if (isText) out.line(JSON.stringify({ event: 'text', lines }))
    return exitCode
  } catch (error) {
    if (error instanceof Cancelled) return createTeller(out, true).done(exitCodes.cancelled, { verdict: 'cancelled' }, '')
    tellTrace(error, given)
    return tellFailure(error, out)
  }
}

/** A foreign error has no words for a person; whoever mends it needs its trace. */
function tellTrace(error: unknown, { err }: Pick<CliDeps, 'err'>): void {
  if (!(error instanceof WorkbenchError)) err.line(error instanceof Error ? error.stack ?? error.message : String(error))
}
