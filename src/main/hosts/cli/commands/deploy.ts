import { isIP } from 'node:net'
import { type Flags, helpOf, parseFlags, usage, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'

const flags: Flags = {
  'updater': { type: 'string', value: 'URL', help: 'the updater of the appliance, such as http://192.168.1.20:12315' },
  'address': { type: 'string', value: 'ADDRESS', help: 'an address of this computer that the appliance reaches (default 127.0.0.1)' },
  'report-port': { type: 'string', value: 'PORT', help: 'hear its reports on this port too, usually 9080' },
  'output': outputFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

/** A package onto an appliance, by the updater that runs there. */
export async function deployCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('deploy', flags, argv, 1)
  if (given.has('help')) {
    helpOf('deploy PACKAGE.zip --updater URL [flags]', 'Installs a package on an appliance and waits until its services are well.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { say, done } = createTeller(deps.out, isJson(given))
  const [path] = given.positionals
  if (path === undefined) throw usage('Which package? Its file is missing', 'rackbench deploy PACKAGE.zip --updater URL')
  const updater = given.text('updater')
  if (updater === undefined) throw usage('Onto which appliance? --updater is missing')
  const address = given.text('address') ?? '127.0.0.1'
  if (isIP(address) === 0) throw usage('--address is no IP address of this computer')
  const reportPort = given.text('report-port')
  const { version, modules, units } = await deps.deployPackage({
    path, updater, address, reportPort: reportPort === undefined ? undefined : wholeNumber('--report-port', reportPort, 0, 65_535),
    tell: (progress) => { say('progress', progress, `${progress.stage.padEnd(11)} ${String(progress.progress).padStart(3)} %  ${progress.message}`) },
    reported: (progress) => { say('report', progress, '') },
  }, deps.interrupt.signal)
  return done(exitCodes.success, { version, modules, units }, `Version ${version} is installed, and its services are well`)
}
