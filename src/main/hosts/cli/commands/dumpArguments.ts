import { resolve } from 'node:path'
import { type DumpRequest, dumpWays } from '../../../../shared/dump/dump.schema.ts'
import { type Flags, oneOf, parseFlags, quoted, usage, wholeNumber } from '../arguments.ts'
import { choosePower, type PowerChoice } from '../powerChoice.ts'
import { outputModes, restoreFlags } from './restoreArguments.ts'

const shared = ['port', 'boot', 'uboot', 'profile', 'mtdparts', 'host-ip', 'device-ip', 'nic', 'power-cycle', 'poe-port', 'tftp-port', 'debug', 'data', 'help'] as const
const common: Flags = Object.fromEntries(shared.flatMap((name) => { const flag = restoreFlags[name]; return flag ? [[name, flag]] : [] }))

export const dumpFlags: Flags = {
  'chip': { type: 'string', short: 'c', value: 'CHIP', help: 'model of the SoC, as in "rackbench chips" (required)' },
  // `-o` as in the published tool; `--output` is how the story is told, here as in every command.
  'out': { type: 'string', short: 'o', value: 'PATH', help: 'folder or file to be made; never overwritten (required)' },
  'form': { type: 'string', value: 'FORM', help: 'folder: mtd0, mtd1, … and dump.json; image: one file, and FILE.dump.json; ipctool: a backup of that kind, and FILE.dump.json (default folder)' },
  'flash-type': { type: 'string', value: 'TYPE', help: 'auto, nor, nand, emmc; auto asks U-Boot, and a camera with NOR and NAND has to be told (default auto)' },
  'partition': { type: 'string', value: 'NAME', help: 'only this one, by its name or as mtdN' },
  'via': { type: 'string', value: 'WAY', help: 'tftp: U-Boot sends it; md: it prints it, which takes hours; agent: a flash agent streams it; auto: tftp where it works (default auto)' },
  'agent': { type: 'string', value: 'FILE', help: 'the flash agent for this chip, for --via agent; none is shipped' },
  ...common,
  'plan-only': { type: 'boolean', help: 'print the plan and touch nothing' },
  'output': { type: 'string', value: 'MODE', help: 'human, json, quiet (default human)' },
}

export interface DumpArguments {
  readonly chip: string
  readonly target: PowerChoice
  readonly poePort: string | undefined
  readonly tftpPort: number
  readonly planOnly: boolean
  readonly dataFolder: string | undefined
  readonly request: Omit<DumpRequest, 'cameraId'>
}

export function readDumpArguments(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): DumpArguments {
  const flags = parseFlags('dump', dumpFlags, argv)
  const required = (name: 'chip' | 'out', short: string): string => {
    const value = flags.text(name)
    if (value === undefined) throw usage(`--${name} (-${short}) is missing`, 'rackbench dump --help lists the flags')
    return value
  }
  oneOf('--output', flags.text('output') ?? 'human', outputModes)
  if (flags.text('agent') !== undefined && flags.text('via') !== 'agent') throw usage('--agent is for --via agent', 'Say --via agent as well')
  const chip = required('chip', 'c').trim().toLowerCase()
  if (!/^[a-z0-9_-]{2,40}(:[a-z0-9]{1,20})?$/.test(chip)) throw usage(`--chip ${quoted(chip)} is no chip name`, 'rackbench chips lists the names')
  const optional = (key: string, flag: string): Record<string, string> => {
    const value = flags.text(flag)
    return value === undefined ? {} : { [key]: value }
  }
  return {
    chip, poePort: flags.text('poe-port'), planOnly: flags.has('plan-only'), dataFolder: flags.text('data'),
    tftpPort: wholeNumber('--tftp-port', flags.text('tftp-port') ?? '69', 1, 65_535),
    target: choosePower({ port: flags.text('port') ?? '/dev/ttyUSB0', powerCycle: flags.has('power-cycle'), poePort: flags.text('poe-port'), tftpVia: 'auto', environment }),
    request: {
      outputPath: resolve(required('out', 'o')),
      form: oneOf('--form', flags.text('form') ?? 'folder', ['folder', 'image', 'ipctool']),
      flashType: oneOf('--flash-type', flags.text('flash-type') ?? 'auto', ['auto', 'nor', 'nand', 'emmc']),
      via: oneOf('--via', flags.text('via') ?? 'auto', ['auto', ...dumpWays]),
      boot: oneOf('--boot', flags.text('boot') ?? 'auto', ['auto', 'upload', 'own']),
      ...optional('partition', 'partition'), ...optional('mtdparts', 'mtdparts'), ...optional('profilePath', 'profile'), ...optional('ubootPath', 'uboot'), ...optional('agentPath', 'agent'),
      ...optional('hostIp', 'host-ip'), ...optional('deviceIp', 'device-ip'), ...optional('nic', 'nic'),
    },
  }
}
