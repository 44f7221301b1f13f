import { type Flags, helpOf, oneOf, parseFlags, usage, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'
import { table } from '../output/words.ts'

const defaultPort = 12_315
const defaultReport = 'http://127.0.0.1:9080/api/v1.0/ota/report'

const flags: Flags = {
  'root': { type: 'string', value: 'DIR', help: 'what plays / of the appliance; its versions lie in DIR/opt/tope/versions' },
  'work': { type: 'string', value: 'DIR', help: 'where tmp, logs and backups lie (default: the root; of / it is /var/lib/rackbench-updater)' },
  'port': { type: 'string', value: 'PORT', help: `TCP port (default ${defaultPort}; 0: any free one)` },
  'host': { type: 'string', value: 'ADDRESS', help: 'address to listen on (default 127.0.0.1)' },
  'report': { type: 'string', value: 'URL', help: `who hears of progress, or none (default ${defaultReport})` },
  'systemctl': { type: 'string', value: 'PROGRAM', help: 'a stand-in for systemctl, where systemd does not run' },
  'lab': { type: 'boolean', help: 'packages over plain http from any host' },
  'allow-commands': { type: 'boolean', help: 'run the commands that packages bring' },
  'also': { type: 'string', value: 'DIR', multiple: true, help: 'packages may put files below this folder of the appliance, too, such as /usr/local/bin' },
  'output': outputFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

/** On a Linux appliance: fetches, proves and installs packages, and falls back. Until SIGTERM or SIGINT. */
export async function updaterCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('updater', flags, argv, 1)
  if (given.has('help')) {
    helpOf('updater serve|check|factory --root DIR [flags]', 'Runs the updater of a Linux appliance: packages by HTTP, versions in folders, rollback. check reads its versions and says what is wrong with them; factory makes the one that runs the one to fall back to, once.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { say, done } = createTeller(deps.out, isJson(given))
  const [verb = ''] = given.positionals
  const chosen = oneOf('updater', verb, ['serve', 'check', 'factory'] as const)
  const root = given.text('root')
  if (root === undefined) throw usage('Which folder plays / of the appliance? --root is missing', `rackbench updater ${chosen} --root DIR`)
  if (chosen === 'check') {
    const { versions, problems } = await deps.checkAppliance(root, deps.interrupt.signal)
    const rows = versions.map(({ version, links, isComplete }) => [version, links.join(', '), isComplete ? '' : 'without the mark of a whole version'])
    return done(problems.length === 0 ? exitCodes.success : exitCodes.refusedOrFailed, { versions, problems }, [...versions.length === 0 ? ['No versions yet'] : table([['version', 'links', ''], ...rows]), ...problems.map((problem) => `Wrong: ${problem}`)].join('\n'))
  }
  if (chosen === 'factory') {
    const { version } = await deps.makeFactory(root, deps.err.line, deps.interrupt.signal)
    return done(exitCodes.success, { version }, `${version} is the factory's from now on, and cannot be written any more`)
  }
  const port = given.text('port')
  await deps.runUpdater({
    root, work: given.text('work'), host: given.text('host') ?? '127.0.0.1', port: port === undefined ? defaultPort : wholeNumber('--port', port, 0, 65_535),
    report: given.text('report') ?? defaultReport, systemctl: given.text('systemctl'), lab: given.has('lab'), allowsCommands: given.has('allow-commands'), also: given.texts('also'),
    ready: ({ url, services }) => { say('serving', { url, services }, `${url} (services of ${services})`) },
    log: deps.err.line,
  }, deps.interrupt.signal)
  return done(exitCodes.success, {}, '')
}
