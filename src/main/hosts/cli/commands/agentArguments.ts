import { resolve } from 'node:path'
import { type AgentRequest, type AgentWork, agentWorkSchema } from '../../../../shared/agent/agent.schema.ts'
import { type Flags, oneOf, parseFlags, type ParsedFlags, quoted, usage, wholeNumber } from '../arguments.ts'
import { choosePower, type PowerChoice } from '../powerChoice.ts'
import { outputModes, restoreFlags } from './restoreArguments.ts'

export const agentVerbs = ['info', 'read', 'write', 'erase', 'crc', 'scan', 'doctor', 'membw'] as const
export type AgentVerb = (typeof agentVerbs)[number]

const shared = ['port', 'uboot', 'profile', 'power-cycle', 'poe-port', 'accept-identity', 'plan-only', 'output', 'debug', 'data', 'help'] as const
const place = { type: 'string', value: 'BYTES' } as const

export const agentFlags: Flags = {
  'chip': { type: 'string', short: 'c', value: 'CHIP', help: 'model of the SoC, as in "rackbench chips" (required)' },
  'agent': { type: 'string', value: 'FILE', help: 'the flash agent for this chip; none is shipped (required, but for --running)' },
  'running': { type: 'boolean', help: 'an agent runs already: load nothing and switch nothing' },
  'offset': { ...place, help: 'where in the flash: 4096, 0x50000, 64KB (read, crc: default 0; write, erase: required)' },
  'size': { ...place, help: 'how much (read, crc: default all that follows; erase: required; membw: default 4MB)' },
  'iterations': { type: 'string', short: 'n', value: 'N', help: 'how often (membw: default 8)' },
  'input': { type: 'string', short: 'i', value: 'FILE', help: 'what is written (write)' },
  'out': { type: 'string', short: 'o', value: 'FILE', help: 'file to be made; never overwritten (read; doctor: what can still be read)' },
  'reboot': { type: 'boolean', help: 'restart the camera afterwards, instead of leaving the agent in it' },
  ...Object.fromEntries(shared.flatMap((name) => { const flag = restoreFlags[name]; return flag ? [[name, flag]] : [] })),
}

export interface AgentArguments {
  readonly verb: AgentVerb
  readonly chip: string
  readonly target: PowerChoice
  readonly poePort: string | undefined
  readonly planOnly: boolean
  readonly dataFolder: string | undefined
  readonly request: Omit<AgentRequest, 'cameraId'>
}

const units: Readonly<Record<string, number>> = { '': 1, kb: 1024, mb: 1024 * 1024, gb: 1024 * 1024 * 1024 }

/** As the published tool writes sizes: a number, decimal or 0x, perhaps with KB, MB or GB. */
export function readBytes(name: string, given: string, min: number): number {
  const { digits = '', unit = '' } = /^(?<digits>0x[0-9a-f]{1,8}|\d{1,10})(?<unit>kb|mb|gb)?$/i.exec(given)?.groups ?? {}
  const value = Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN)
  if (digits === '' || !(value >= min && value <= 0xffff_ffff)) throw usage(`${name} ${quoted(given)} is no count of bytes`, 'For example 65536, 0x10000 or 64KB')
  return value
}

export function readAgentArguments(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): AgentArguments {
  const flags = parseFlags('agent', agentFlags, argv, 1)
  const [given] = flags.positionals
  if (given === undefined) throw usage('What the agent shall do is missing', `rackbench agent ${agentVerbs.join('|')}; --help lists the flags`)
  const verb = oneOf('rackbench agent', given, agentVerbs)
  oneOf('--output', flags.text('output') ?? 'human', outputModes)
  const running = flags.has('running')
  const chip = flags.text('chip')?.trim().toLowerCase()
  if (chip === undefined) throw usage('--chip (-c) is missing', 'rackbench agent --help lists the flags')
  if (!/^[a-z0-9_-]{2,40}(:[a-z0-9]{1,20})?$/.test(chip)) throw usage(`--chip ${quoted(chip)} is no chip name`, 'rackbench chips lists the names')
  const agentPath = flags.text('agent')
  if (running && agentPath !== undefined) throw usage('--running and --agent exclude each other: an agent that runs is not loaded')
  const poePort = flags.text('poe-port')
  const target = choosePower({ port: flags.text('port') ?? '/dev/ttyUSB0', powerCycle: flags.has('power-cycle'), poePort, tftpVia: 'auto', environment })
  const profilePath = flags.text('profile')
  const ubootPath = flags.text('uboot')
  return {
    verb, chip, poePort, planOnly: flags.has('plan-only'), dataFolder: flags.text('data'),
    // What it notes is about switching, and nothing is switched for an agent that runs.
    target: running ? { ...target, notes: [] } : target,
    request: {
      work: workOf(verb, flags), running, reboot: flags.has('reboot'), ...(flags.has('accept-identity') ? { acceptIdentity: true } : {}),
      ...(agentPath === undefined ? {} : { agentPath: resolve(agentPath) }), ...(profilePath === undefined ? {} : { profilePath }), ...(ubootPath === undefined ? {} : { ubootPath }),
    },
  }
}

const takes: Readonly<Record<AgentVerb, readonly string[]>> = {
  info: [], scan: [], doctor: ['out'], membw: ['size', 'iterations'], read: ['offset', 'size', 'out'], crc: ['offset', 'size'], write: ['offset', 'input'], erase: ['offset', 'size'],
}

function workOf(verb: AgentVerb, flags: ParsedFlags): AgentWork {
  const surplus = ['offset', 'size', 'input', 'out', 'iterations'].find((name) => flags.has(name) && !takes[verb].includes(name))
  if (surplus !== undefined) throw usage(`--${surplus} has no meaning for "agent ${verb}"`)
  const needed = (name: string): string => {
    const value = flags.text(name)
    if (value === undefined) throw usage(`--${name} is missing`, `"agent ${verb}" does nothing to a place that it was not told`)
    return value
  }
  const offset = flags.text('offset')
  const size = flags.text('size')
  const range = { offsetBytes: offset === undefined ? 0 : readBytes('--offset', offset, 0), ...(size === undefined ? {} : { lengthBytes: readBytes('--size', size, 1) }) }
  switch (verb) {
    case 'info': return { kind: 'info' }
    case 'scan': return { kind: 'examine' }
    case 'doctor': { const out = flags.text('out'); return { kind: 'examine', ...(out === undefined ? {} : { savePath: resolve(out) }) } }
    case 'crc': return { kind: 'crc', ...range }
    case 'membw': {
      const iterations = flags.text('iterations')
      const work = { kind: 'memory' as const, ...(size === undefined ? {} : { lengthBytes: readBytes('--size', size, 256) }), ...(iterations === undefined ? {} : { iterations: wholeNumber('--iterations', iterations, 1, 256) }) }
      if (!agentWorkSchema.safeParse(work).success) throw usage(`--size ${quoted(size ?? '')} cannot be measured`, 'A multiple of 256 bytes, up to 16MB')
      return work
    }
    case 'read': return { kind: 'read', ...range, outputPath: resolve(needed('out')) }
    case 'write': return { kind: 'write', offsetBytes: readBytes('--offset', needed('offset'), 0), inputPath: resolve(needed('input')) }
    case 'erase': return { kind: 'erase', offsetBytes: readBytes('--offset', needed('offset'), 0), lengthBytes: readBytes('--size', needed('size'), 1) }
  }
}
