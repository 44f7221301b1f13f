import { passwordOf, type SecretOf } from './openPower.ts'
import { createPduDaemonPower } from './pduDaemonPower.ts'
import { routerOsAt } from './routerOsConnection.ts'
import { lookAtRouterOsPorts } from './routerOsPorts.ts'
import { createRouterOsPower } from './routerOsPower.ts'
import { createTasmotaPower } from './tasmotaPower.ts'
import { matchComment } from '../../protocols/routeros/commentMatch.ts'
import type { OnOffPower } from '../../../shared/devices/power.ts'
import type { PowerSpec } from '../../../shared/devices/powerSpec.schema.ts'
import type { PortUnit, UnitPort } from '../../../shared/devices/portUnit.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'

const lookLimitMs = 60_000
const mostRelays = 32

export interface PortUnitDeps {
  readonly clock: Clock
  readonly secretOf: SecretOf
}

type Spec<Kind extends PowerSpec['kind']> = Extract<PowerSpec, { kind: Kind }>
/** Kinds that have several outlets. A pod and a Vectis bridge have one, and a command is asked for nothing. */
export type UnitSpec = Spec<'routeros' | 'pdudaemon' | 'tasmota'>

export const isUnitSpec = (spec: PowerSpec | undefined): spec is UnitSpec => spec?.kind === 'routeros' || spec?.kind === 'pdudaemon' || spec?.kind === 'tasmota'

/** One text for one unit; which outlet is not in it. */
export function unitIdOf(spec: UnitSpec): string {
  const host = spec.host.toLowerCase()
  if (spec.kind === 'routeros') return `routeros ${host}`
  return spec.kind === 'pdudaemon' ? `pdudaemon ${host}:${spec.port} ${spec.pdu}` : `tasmota ${host}:${spec.port}`
}

export function unitLabelOf(spec: UnitSpec): string {
  if (spec.kind === 'routeros') return `RouterOS switch ${spec.host}`
  return spec.kind === 'pdudaemon' ? `${spec.pdu} of PDUDaemon ${spec.host}:${spec.port}` : `Tasmota ${spec.host}:${spec.port}`
}

/** The unit of one of its outlets that is written down. Fails when its password is missing; no device is touched. */
export async function openPortUnit(spec: UnitSpec, { clock, secretOf }: PortUnitDeps): Promise<PortUnit> {
  const id = unitIdOf(spec)
  const owns = (other: PowerSpec): boolean => isUnitSpec(other) && unitIdOf(other) === id
  const common = { id, label: unitLabelOf(spec), kind: spec.kind, owns }
  const limited = (look: PortUnit['look']): PortUnit['look'] => async (typed, signal) => withDeadline(clock, lookLimitMs, `look at the ports of ${common.label}`, signal, async (within) => look(typed, within))
  switch (spec.kind) {
    case 'routeros': {
      const { host, port, user, tls, certificateSha256, onMode } = spec
      const connection = routerOsAt({ host, port, user, password: await passwordOf(spec.passwordRef, secretOf) ?? '', tls: tls ? { certificateSha256 } : undefined }, clock)
      const { comment: _comment, passwordRef: _ref, ...rest } = spec
      return {
        ...common, lists: 'itself', look: limited(async (_typed, signal) => lookAtRouterOsPorts(connection, signal)),
        power: (ethernet) => createRouterOsPower({ connection, clock, onMode, port: { ethernet } }),
        specOf: (ethernet) => ({ ...rest, ethernet }),
        meant: (other, ports) => (owns(other) && other.kind === 'routeros' ? meantBy(other, ports) : []),
        close: async () => connection.close(),
      }
    }
    case 'pdudaemon': {
      const { host, port, pdu } = spec
      return {
        ...common, lists: 'typed', look: async (typed) => typed.map((each): UnitPort => ({ port: each, comment: '', state: 'unknown' })),
        power: (outlet) => createPduDaemonPower({ clock, host, port, pdu, outlet }), specOf: (outlet) => ({ ...spec, outlet }),
        meant: (other) => (owns(other) && other.kind === 'pdudaemon' ? [other.outlet] : []), close: async () => undefined,
      }
    }
    case 'tasmota': {
      const password = await passwordOf(spec.passwordRef, secretOf)
      const { host, port, user, passwordRef: _ref, ...rest } = spec
      const power = (relay: string): OnOffPower => createTasmotaPower({ clock, host, port, relay: Number(relay), user, password })
      return {
        ...common, lists: 'typed', power, specOf: (relay) => ({ ...rest, host, port, user, relay: Number(relay) }),
        look: limited(async (typed, signal) => {
          const ports: UnitPort[] = []
          for (const relay of typed) ports.push(await lookAtRelay(relay, power, signal))
          return ports
        }),
        meant: (other) => (owns(other) && other.kind === 'tasmota' ? [String(other.relay)] : []), close: async () => undefined,
      }
    }
  }
}

function meantBy({ ethernet, comment }: Spec<'routeros'>, ports: readonly UnitPort[]): readonly string[] {
  if (ethernet !== undefined) return [ethernet]
  const match = matchComment(comment ?? '', ports.map((each) => ({ name: each.port, comment: each.comment })))
  if ('port' in match) return [match.port.name]
  return match.kind === 'ambiguous' ? match.candidates.map(({ name }) => name) : []
}

async function lookAtRelay(relay: string, power: (relay: string) => OnOffPower, signal: AbortSignal): Promise<UnitPort> {
  const named = { port: relay, comment: '' }
  if (!/^[1-9]\d?$/.test(relay) || Number(relay) > mostRelays) return { ...named, state: 'none', why: `relays are counted from 1 to ${mostRelays}` }
  try {
    const state = await power(relay).read(signal)
    return { ...named, state, ...(state === 'off' ? { why: 'it is off' } : {}) }
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'pod/no-power-control') return { ...named, state: 'none', why: 'there is no such relay' }
    throw error
  }
}
