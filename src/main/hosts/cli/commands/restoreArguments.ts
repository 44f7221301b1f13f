import { type Flags, oneOf, parseFlags, quoted, usage, wholeNumber } from '../arguments.ts'
import { choosePower, type PowerChoice } from '../powerChoice.ts'

export const outputModes = ['human', 'json', 'quiet'] as const
export type OutputMode = (typeof outputModes)[number]

export const restoreFlags: Flags = {
  'chip': { type: 'string', short: 'c', value: 'CHIP', help: 'model of the SoC, as in "rackbench chips" (required)' },
  'input': { type: 'string', short: 'i', value: 'PATH', help: 'folder with mtd0, mtd1, …, one image of the flash, or an ipctool backup (required)' },
  'port': { type: 'string', short: 'p', value: 'PORT', help: 'rack://HOST, tcp://HOST:PORT, rfc2217://HOST:PORT, socket:///PATH, /dev/ttyUSB0, COM3 (default /dev/ttyUSB0)' },
  'boot': { type: 'string', value: 'WAY', help: 'upload U-Boot into RAM, stop the camera\'s own, or auto: upload where the files are there (default auto)' },
  'uboot': { type: 'string', value: 'FILE', help: 'U-Boot to start the camera with (default: the data folder)' },
  'profile': { type: 'string', value: 'FILE', help: 'boot profile with the DDR steps (default: the data folder)' },
  'flash-type': { type: 'string', value: 'TYPE', help: 'auto, nor, nand, emmc (default auto: what the input says, else NOR; U-Boot is asked before anything is erased)' },
  'mtdparts': { type: 'string', value: 'TEXT', help: 'where the partitions are, as on the kernel\'s command line' },
  'host-ip': { type: 'string', value: 'ADDRESS', help: 'address of this computer for the camera (default: chosen)' },
  'device-ip': { type: 'string', value: 'ADDRESS', help: 'address of the camera while it is restored (default: chosen)' },
  'nic': { type: 'string', value: 'NAME', help: 'network interface that the camera is on' },
  'power-cycle': { type: 'boolean', help: 'switch the power by itself (DEFIB_POWER_TYPE: routeros, vectis, rack, tasmota, pdudaemon, command; a rack:// port implies rack)' },
  'poe-port': { type: 'string', value: 'NAME', help: 'port of the switch, outlet or relay; of no use with a rack pod' },
  'tftp-via': { type: 'string', value: 'WAY', help: 'auto, pod, host: whose TFTP server the camera asks (default auto)' },
  'tftp-port': { type: 'string', value: 'PORT', help: 'UDP port of our own server (default 69; most U-Boots ask no other)' },
  'force': { type: 'boolean', help: 'write also what the flash already holds' },
  'accept-identity': { type: 'boolean', help: 'the camera was swapped: go on with the one that is there now' },
  'plan-only': { type: 'boolean', help: 'print the plan and touch nothing' },
  'output': { type: 'string', value: 'MODE', help: 'human, json, quiet (default human)' },
  'debug': { type: 'boolean', short: 'd', help: 'tell also what is only of use for finding mistakes' },
  'data': { type: 'string', value: 'DIR', help: 'journal, reports, profiles and U-Boot images' },
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

export interface RestoreArguments {
  readonly chip: string
  readonly inputPath: string
  readonly target: PowerChoice
  readonly poePort?: string
  readonly boot: 'auto' | 'upload' | 'own'
  readonly flashType: 'auto' | 'nor' | 'nand' | 'emmc'
  readonly tftpVia: 'auto' | 'pod' | 'host'
  readonly tftpPort: number
  readonly mtdparts?: string
  readonly profilePath?: string
  readonly ubootPath?: string
  readonly hostIp?: string
  readonly deviceIp?: string
  readonly nic?: string
  readonly force: boolean
  readonly acceptIdentity?: true
  readonly planOnly: boolean
  readonly dataFolder: string | undefined
}

/** Known before anything else can go wrong, so that even "unknown flag" is told in the wished form. */
export function peekOutput(argv: readonly string[]): { readonly mode: OutputMode; readonly debug: boolean } {
  const at = argv.indexOf('--output')
  const given = argv.find((each) => each.startsWith('--output='))?.slice('--output='.length) ?? (at < 0 ? undefined : argv[at + 1])
  return { mode: outputModes.find((mode) => mode === given) ?? 'human', debug: argv.includes('--debug') || argv.includes('-d') }
}

export function readRestoreArguments(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): RestoreArguments {
  const flags = parseFlags('restore', restoreFlags, argv)
  const required = (name: 'chip' | 'input', short: string): string => {
    const value = flags.text(name)
    if (value === undefined) throw usage(`--${name} (-${short}) is missing`, 'rackbench restore --help lists the flags')
    return value
  }
  oneOf('--output', flags.text('output') ?? 'human', outputModes)
  const chip = required('chip', 'c').trim().toLowerCase()
  if (!/^[a-z0-9_-]{2,40}(:[a-z0-9]{1,20})?$/.test(chip)) throw usage(`--chip ${quoted(chip)} is no chip name`, 'rackbench chips lists the names')
  const tftpVia = oneOf('--tftp-via', flags.text('tftp-via') ?? 'auto', ['auto', 'pod', 'host'])
  const optional = (key: string, flag: string): Record<string, string> => {
    const value = flags.text(flag)
    return value === undefined ? {} : { [key]: value }
  }
  return {
    chip,
    inputPath: required('input', 'i'),
    flashType: oneOf('--flash-type', flags.text('flash-type') ?? 'auto', ['auto', 'nor', 'nand', 'emmc']),
    tftpVia,
    tftpPort: wholeNumber('--tftp-port', flags.text('tftp-port') ?? '69', 1, 65_535),
    target: choosePower({ port: flags.text('port') ?? '/dev/ttyUSB0', powerCycle: flags.has('power-cycle'), poePort: flags.text('poe-port'), tftpVia, environment }),
    boot: oneOf('--boot', flags.text('boot') ?? 'auto', ['auto', 'upload', 'own']),
    ...optional('poePort', 'poe-port'), ...optional('mtdparts', 'mtdparts'), ...optional('profilePath', 'profile'), ...optional('ubootPath', 'uboot'),
    ...optional('hostIp', 'host-ip'), ...optional('deviceIp', 'device-ip'), ...optional('nic', 'nic'),
    force: flags.has('force'),
    ...(flags.has('accept-identity') ? { acceptIdentity: true as const } : {}),
    planOnly: flags.has('plan-only'),
    dataFolder: flags.text('data'),
  }
}
