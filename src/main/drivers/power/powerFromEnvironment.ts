import { parsePort } from '../transports/transportUrl.ts'
import { powerSpecSchema, type PowerSpec, type PowerSpecInput } from '../../../shared/devices/powerSpec.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { SecretOf } from './openPower.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The first three are those of the public tool defib, whose scripts have to go on working; the others have variables of our own. */
export const environmentPowerTypes = ['routeros', 'vectis', 'rack', 'tasmota', 'pdudaemon', 'command'] as const
const passwordVariable = 'DEFIB_POE_PASS'
const plugPasswordVariable = 'RACKBENCH_POWER_PASS'

export interface PowerWishes {
  readonly environment: Environment
  /** The port of the switch as it was named, which wins over the comment; the outlet of a unit, or the number of a relay. */
  readonly poePort: string | undefined
  /** The serial device: its base name, without a leading `uart-`, is looked for among the comments of the switch. */
  readonly linePath: string | undefined
}

export interface EnvironmentPower {
  readonly spec: PowerSpec
  /** Knows the one password that came with the environment. */
  readonly secretOf: SecretOf
}

/** `input/not-found` names the variable that is missing, `input/malformed` the one that is no number, `input/not-supported` an unknown type. */
export function powerFromEnvironment({ environment, poePort, linePath }: PowerWishes): EnvironmentPower {
  const type = read(environment, 'DEFIB_POWER_TYPE')?.toLowerCase() ?? 'routeros'
  switch (type) {
    case 'routeros': return routerOs(environment, poePort, linePath)
    case 'vectis': return withoutSecret({ kind: 'vectis', host: required(environment, 'DEFIB_VECTIS_HOST', type), port: portOf(environment, 'DEFIB_VECTIS_PORT') })
    case 'rack': return withoutSecret({ kind: 'rack', host: required(environment, 'DEFIB_RACK_HOST', type), port: portOf(environment, 'DEFIB_RACK_PORT') })
    case 'tasmota': return tasmota(environment, poePort)
    case 'pdudaemon': return withoutSecret({
      kind: 'pdudaemon', host: required(environment, 'RACKBENCH_POWER_HOST', type), port: portOf(environment, 'RACKBENCH_POWER_PORT'), pdu: required(environment, 'RACKBENCH_POWER_UNIT', type), outlet: outletOf(poePort),
    })
    case 'command': return withoutSecret({
      kind: 'command', on: wordsOf(required(environment, 'RACKBENCH_POWER_ON', type), 'RACKBENCH_POWER_ON'), off: wordsOf(required(environment, 'RACKBENCH_POWER_OFF', type), 'RACKBENCH_POWER_OFF'),
      ...(read(environment, 'RACKBENCH_POWER_READ') === undefined ? {} : { read: wordsOf(required(environment, 'RACKBENCH_POWER_READ', type), 'RACKBENCH_POWER_READ') }),
    })
    default: throw new WorkbenchError('input/not-supported', `DEFIB_POWER_TYPE is "${type.slice(0, 40)}"; known are ${environmentPowerTypes.join(', ')}`, { hint: 'Set it to one of them' })
  }
}

function routerOs(environment: Environment, poePort: string | undefined, linePath: string | undefined): EnvironmentPower {
  const host = required(environment, 'DEFIB_POE_HOST', 'routeros')
  const port = portOf(environment, 'DEFIB_POE_API_PORT')
  const password = environment[passwordVariable]
  const where = portName(poePort, linePath)
  const certificateSha256 = read(environment, 'RACKBENCH_POWER_TLS')
  const spec = checked({ kind: 'routeros', host, port, user: read(environment, 'DEFIB_POE_USER') ?? 'admin', ...(password === undefined ? {} : { passwordRef: passwordVariable }), ...(certificateSha256 === undefined ? {} : { tls: true, certificateSha256 }), ...where })
  return { spec, secretOf: async (ref) => (ref === passwordVariable ? password : undefined) }
}

function tasmota(environment: Environment, poePort: string | undefined): EnvironmentPower {
  const password = environment[plugPasswordVariable]
  const relay = poePort?.trim() ?? '1'
  if (!/^\d{1,2}$/.test(relay)) throw new WorkbenchError('input/malformed', `--poe-port "${relay.slice(0, 40)}" is no number of a relay`, { hint: 'Relays of a Tasmota are counted from 1, for example --poe-port 2' })
  const spec = checked({
    kind: 'tasmota', host: required(environment, 'RACKBENCH_POWER_HOST', 'tasmota'), port: portOf(environment, 'RACKBENCH_POWER_PORT'), relay: Number(relay),
    user: read(environment, 'RACKBENCH_POWER_USER'), ...(password === undefined ? {} : { passwordRef: plugPasswordVariable }),
  })
  return { spec, secretOf: async (ref) => (ref === plugPasswordVariable ? password : undefined) }
}

function outletOf(poePort: string | undefined): string {
  const outlet = poePort?.trim() ?? ''
  if (outlet === '') throw new WorkbenchError('input/not-found', 'The outlet of the power unit is not known', { hint: 'Name it with --poe-port, for example --poe-port 3' })
  return outlet
}

/** Program and arguments, cut at blanks; as a JSON array where one of them holds a blank. No shell reads them. */
function wordsOf(text: string, variable: string): [string, ...string[]] {
  const [program, ...rest] = text.startsWith('[') ? jsonWords(text, variable) : text.split(/\s+/)
  if (program === undefined || program === '') throw new WorkbenchError('input/malformed', `${variable} names no program`, { context: { variable } })
  return [program, ...rest]
}

function jsonWords(text: string, variable: string): readonly string[] {
  try {
    const read: unknown = JSON.parse(text)
    if (Array.isArray(read) && read.every((word): word is string => typeof word === 'string')) return read
  } catch { /* said below, for what is JSON and no list of words as well */ }
  throw new WorkbenchError('input/malformed', `${variable} begins like a JSON array and is none of texts`, { context: { variable }, hint: 'For example ["uhubctl", "-a", "on", "-p", "2"]' })
}

function portName(poePort: string | undefined, linePath: string | undefined): { ethernet: string } | { comment: string } {
  if (poePort !== undefined) {
    // An empty name is a mistake in a script, not a wish for no power control.
    if (poePort.trim() === '') throw new WorkbenchError('input/malformed', 'The name of the PoE port is empty', { hint: 'Name it as the switch does, for example --poe-port ether3' })
    return { ethernet: poePort.trim() }
  }
  const label = (linePath ?? '').split(/[\\/]/).at(-1)?.replace(/^uart-/, '').trim() ?? ''
  if (label === '') throw new WorkbenchError('input/not-found', 'The port of the PoE switch is not known', { hint: 'Name it with --poe-port, for example --poe-port ether3' })
  return { comment: label }
}

const withoutSecret = (input: PowerSpecInput): EnvironmentPower => ({ spec: checked(input), secretOf: async () => undefined })

function checked(input: PowerSpecInput): PowerSpec {
  const read = powerSpecSchema.safeParse(input)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new WorkbenchError('input/malformed', `The power settings of the environment are not usable: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, { hint: 'Check the variables that begin with DEFIB_ and RACKBENCH_POWER_' })
}

/** Set to nothing is not set. */
const read = (environment: Environment, name: string): string | undefined => environment[name]?.trim() || undefined

function required(environment: Environment, name: string, type: string): string {
  const value = read(environment, name)
  if (value === undefined) throw new WorkbenchError('input/not-found', `Power by ${type} needs ${name}, which is not set`, { context: { variable: name }, hint: `Set ${name}` })
  return value
}

function portOf(environment: Environment, name: string): number | undefined {
  const value = read(environment, name)
  return value === undefined ? undefined : parsePort(`${name}=${value}`, name, value)
}
