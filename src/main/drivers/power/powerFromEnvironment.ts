import { parsePort } from '../transports/transportUrl.ts'
import { powerSpecSchema, type PowerSpec, type PowerSpecInput } from '../../../shared/devices/powerSpec.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { SecretOf } from './openPower.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The three that the public tool defib knows; its scripts have to go on working. */
const types = ['routeros', 'vectis', 'rack'] as const
const passwordVariable = 'DEFIB_POE_PASS'

export interface PowerWishes {
  readonly environment: Environment
  /** The port of the switch as it was named; wins over the comment. */
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
    default: throw new WorkbenchError('input/not-supported', `DEFIB_POWER_TYPE is "${type.slice(0, 40)}"; known are ${types.join(', ')}`, { hint: 'Set it to one of them' })
  }
}

function routerOs(environment: Environment, poePort: string | undefined, linePath: string | undefined): EnvironmentPower {
  const host = required(environment, 'DEFIB_POE_HOST', 'routeros')
  const port = portOf(environment, 'DEFIB_POE_API_PORT')
  const password = environment[passwordVariable]
  const where = portName(poePort, linePath)
  const spec = checked({ kind: 'routeros', host, port, user: read(environment, 'DEFIB_POE_USER') ?? 'admin', ...(password === undefined ? {} : { passwordRef: passwordVariable }), ...where })
  return { spec, secretOf: async (ref) => (ref === passwordVariable ? password : undefined) }
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
  throw new WorkbenchError('input/malformed', `The power settings of the environment are not usable: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, { hint: 'Check the variables that begin with DEFIB_' })
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
