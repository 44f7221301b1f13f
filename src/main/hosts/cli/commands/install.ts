import type { InstallPlan, InstallRequest } from '../../../../shared/install/install.schema.ts'
import { type Flags, helpOf, oneOf, parseFlags, quoted, usage, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { choosePower } from '../powerChoice.ts'
import { askAndLog, outputOf, present, tellEnding, writeWith } from './restore.ts'
import { outputModes, peekOutput, restoreFlags } from './restoreArguments.ts'
import type { WritingRun } from './runRestore.ts'

const own: Flags = {
  'firmware': { type: 'string', short: 'f', value: 'FILE', help: 'release of OpenIPC for this chip, a .tgz (required)' },
  'nor-size': { type: 'string', value: 'MIB', help: '8, 16, 32: the layout (default: as large as the flash of this camera is known to be)' },
  'nand': { type: 'boolean', help: 'the layout for NAND' },
  'wipe-env': { type: 'boolean', help: 'forget all of U-Boot\'s variables but the network address' },
}
const shared = ['chip', 'port', 'boot', 'uboot', 'profile', 'host-ip', 'device-ip', 'nic', 'power-cycle', 'poe-port', 'tftp-via', 'tftp-port', 'force', 'accept-identity', 'plan-only', 'output', 'debug', 'data', 'help'] as const
const installFlags: Flags = { ...own, ...Object.fromEntries(shared.flatMap((name) => { const flag = restoreFlags[name]; return flag ? [[name, flag]] : [] })) }

const summary = 'Installs an OpenIPC release: checks all of it first, keeps the camera\'s identity, proves flash and environment by reading them back, and watches the first boot.'

export async function installCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) {
    helpOf('install -c CHIP -f FILE [-p PORT] [flags]', summary, installFlags).forEach(deps.out.line)
    return exitCodes.success
  }
  const { mode, debug } = peekOutput(argv)
  const output = outputOf(mode, debug, deps)
  return tellEnding(output, deps, async (onStart) => {
    const { run, notes, dataFolder, tftpPort } = readInstallArguments(argv, deps.environment)
    notes.forEach((note) => { output.note('info', note) })
    return writeWith({ dataFolder: dataFolder ?? deps.dataFolder, tftpPort, ...askAndLog(output, deps) }, run, output, deps, onStart)
  })
}

interface InstallArguments {
  readonly run: WritingRun<InstallPlan>
  readonly notes: readonly string[]
  readonly dataFolder: string | undefined
  readonly tftpPort: number
}

const norSizes = { 8: 8, 16: 16, 32: 32 } as const

function readInstallArguments(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): InstallArguments {
  const flags = parseFlags('install', installFlags, argv)
  oneOf('--output', flags.text('output') ?? 'human', outputModes)
  const chip = flags.text('chip')?.trim().toLowerCase()
  const hint = 'rackbench install --help lists the flags'
  if (chip === undefined) throw usage('--chip (-c) is missing', hint)
  if (!/^[a-z0-9_-]{2,40}(:[a-z0-9]{1,20})?$/.test(chip)) throw usage(`--chip ${quoted(chip)} is no chip name`, 'rackbench chips lists the names')
  const releasePath = flags.text('firmware')
  if (releasePath === undefined) throw usage('--firmware (-f) is missing', hint)
  const size = flags.text('nor-size')
  if (size !== undefined && flags.has('nand')) throw usage('--nor-size and --nand exclude each other', hint)
  const norMib = size === undefined ? undefined : norSizes[oneOf('--nor-size', size, ['8', '16', '32'])]
  const tftpVia = oneOf('--tftp-via', flags.text('tftp-via') ?? 'auto', ['auto', 'pod', 'host'])
  const poePort = flags.text('poe-port')
  const target = choosePower({ port: flags.text('port') ?? '/dev/ttyUSB0', powerCycle: flags.has('power-cycle'), poePort, tftpVia, environment })
  const request: Omit<InstallRequest, 'cameraId'> = {
    releasePath, flashType: flags.has('nand') ? 'nand' : 'nor', wipeEnv: flags.has('wipe-env'), tftpVia, force: flags.has('force'), ...(flags.has('accept-identity') ? { acceptIdentity: true } : {}),
    boot: oneOf('--boot', flags.text('boot') ?? 'auto', ['auto', 'upload', 'own']),
    ...present({ norMib, profilePath: flags.text('profile'), ubootPath: flags.text('uboot'), hostIp: flags.text('host-ip'), deviceIp: flags.text('device-ip'), nic: flags.text('nic') }),
  }
  return {
    notes: target.notes, dataFolder: flags.text('data'), tftpPort: wholeNumber('--tftp-port', flags.text('tftp-port') ?? '69', 1, 65_535),
    run: {
      target: { url: target.url, chip, name: 'camera', power: target.power, poePort }, planOnly: flags.has('plan-only'),
      plan: async (workbench, cameraId, signal) => workbench.planInstall({ ...request, cameraId }, signal),
      start: async (workbench, plan, signal) => workbench.startInstall(plan, signal),
    },
  }
}
