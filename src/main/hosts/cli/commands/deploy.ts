import { isIP } from 'node:net'
import { type Flags, helpOf, type ParsedFlags, parseFlags, usage, wholeNumber } from '../arguments.ts'
import { Cancelled, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'

const flags: Flags = {
  'updater': { type: 'string', value: 'URL', help: 'the updater of the appliance, such as http://192.168.1.20:12315' },
  'address': { type: 'string', value: 'ADDRESS', help: 'an address of this computer that the appliance reaches (default 127.0.0.1)' },
  'report-port': { type: 'string', value: 'PORT', help: 'hear its reports on this port too, usually 9080' },
  'ssh': { type: 'string', value: 'USER@HOST[:PORT]', help: 'instead of an updater: over SFTP and commands' },
  'key': { type: 'string', value: 'FILE', help: 'private key for --ssh' },
  'host-key': { type: 'string', value: 'SHA256:…', help: 'host key of the appliance; the first use without it shows it' },
  'root': { type: 'string', value: 'DIR', help: 'with --ssh: what plays / of the appliance (default /)' },
  'systemctl': { type: 'string', value: 'PROGRAM', help: 'with --ssh: a stand-in for systemctl, where systemd does not run' },
  'allow-commands': { type: 'boolean', help: 'with --ssh: run the commands that the package brings' },
  'also': { type: 'string', value: 'DIR', multiple: true, help: 'with --ssh: the package may put files below this folder of the appliance, too' },
  'data': { type: 'string', value: 'DIR', help: 'with --ssh: the data folder, whose jobs are not disturbed' },
  'output': outputFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

/** What only one of the two ways takes: left out in silence, it would be believed in. */
const ofSsh = ['key', 'host-key', 'root', 'systemctl', 'allow-commands', 'also', 'data']
const ofUpdater = ['updater', 'address', 'report-port']

/** A package onto an appliance, by the updater that runs there. */
export async function deployCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('deploy', flags, argv, 1)
  if (given.has('help')) {
    helpOf('deploy PACKAGE.zip --updater URL | --ssh USER@HOST [flags]', 'Installs a package on an appliance and waits until its services are well.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { say, done } = createTeller(deps.out, isJson(given))
  const [path] = given.positionals
  if (path === undefined) throw usage('Which package? Its file is missing', 'rackbench deploy PACKAGE.zip --updater URL')
  const ssh = given.text('ssh')
  const stray = (ssh === undefined ? ofSsh : ofUpdater).find((name) => given.has(name))
  if (stray !== undefined) throw usage(ssh === undefined ? `--${stray} goes with --ssh; an updater has its own settings` : `--${stray} does not go with --ssh`)
  if (ssh !== undefined) return overSsh(path, ssh, given, deps, { say, done })
  const updater = given.text('updater')
  if (updater === undefined) throw usage('Onto which appliance? --updater or --ssh is missing')
  const address = given.text('address') ?? '127.0.0.1'
  if (isIP(address) === 0) throw usage('--address is no IP address of this computer')
  const reportPort = given.text('report-port')
  let hasBegun = false
  const { version, modules, units } = await deps.deployPackage({
    path, updater, address, reportPort: reportPort === undefined ? undefined : wholeNumber('--report-port', reportPort, 0, 65_535),
    tell: (progress) => { hasBegun = true; say('progress', progress, `${progress.stage.padEnd(11)} ${String(progress.progress).padStart(3)} %  ${progress.message}`) },
    reported: (progress) => { say('report', progress, '') },
  }, deps.interrupt.signal).catch((error: unknown) => {
    // Nothing takes an order back from an updater; a cancel that says nothing would be believed to.
    const words = `Only this command ended: the updater goes on by itself with what it was told. ${new URL('/api/v1.0/progress', updater).href} says how it stands`
    if (hasBegun && error instanceof Cancelled) say('note', { words }, words)
    throw error
  })
  return done(exitCodes.success, { version, modules, units }, `Version ${version} is installed, and its services are well`)
}

async function overSsh(path: string, to: string, given: ParsedFlags, deps: CliDeps, { say, done }: Teller): Promise<ExitCode> {
  const found = /^([^@\s]{1,64})@(?:\[([0-9a-f:]+)\]|([^:@\s]+))(?::(\d{1,5}))?$/i.exec(to)
  if (!found) throw usage('--ssh wants USER@HOST or USER@HOST:PORT')
  const keyFile = given.text('key')
  if (keyFile === undefined) throw usage('Which private key? --key is missing')
  const { version, modules, units } = await deps.deployOverSsh({
    path, keyFile, user: found[1] ?? '', host: found[2] ?? found[3] ?? '', port: found[4] === undefined ? undefined : wholeNumber('--ssh', found[4], 1, 65_535),
    hostKeySha256: given.text('host-key'), root: given.text('root') ?? '/', systemctl: given.text('systemctl'), allowsCommands: given.has('allow-commands'), also: given.texts('also'), dataFolder: given.text('data') ?? deps.dataFolder,
    tell: (percent, message) => { say('progress', { stage: 'installing', progress: percent, message }, percent < 0 ? message : `${String(percent).padStart(3)} %  ${message}`) },
  }, deps.interrupt.signal).catch((error: unknown) => {
    // One that differs from the key that was given is another matter, and has its own hint.
    if (given.has('host-key') || !(error instanceof WorkbenchError) || typeof error.context['hostKeySha256'] !== 'string') throw error
    throw new WorkbenchError(error.code, error.message, { cause: error, context: error.context, hint: `Compare it with the one that the appliance shows; if they are the same, give --host-key ${error.context['hostKeySha256']}` })
  })
  return done(exitCodes.success, { version, modules, units }, `Version ${version} is installed, and its services are well`)
}
