import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { PortUnit } from '../../shared/devices/portUnit.ts'
import { type FindLook, type FindNews, type FindPlan, type FindWish, mostFindPorts, type PortMatch, type KnownUnit, typedPorts } from '../../shared/rack/findPorts.schema.ts'
import { assignable, findPorts, type FindPortsDeps, planFind } from '../core/rack/findPorts.ts'
import type { RackBook } from '../core/rack/rackBook.ts'
import { isUnitSpec, openPortUnit, unitIdOf, unitLabelOf, type UnitSpec } from '../drivers/power/openPortUnit.ts'
import type { Secrets } from '../drivers/storage/secretsBox.ts'
import type { RackSetup } from './rackSetup.ts'

/** Outlets of the rack's switches that nobody has written down, and whose console is fed by them. */
export interface FindPortsDesk {
  units(): readonly KnownUnit[]
  look(wish: FindLook, signal: AbortSignal): Promise<FindPlan>
  find(wish: FindWish, signal: AbortSignal): AsyncGenerator<FindNews, void, void>
  assign(unitId: string, matches: readonly PortMatch[], signal: AbortSignal): Promise<void>
}

export interface FindPortsDeskDeps extends Omit<FindPortsDeps, 'all'> {
  readonly rack: Pick<RackBook, 'find' | 'pods'>
  readonly setup: Pick<RackSetup, 'setPower'>
  readonly secrets: Pick<Secrets, 'get'>
}

export function createFindPortsDesk({ clock, rack, setup, secrets, leases, audit }: FindPortsDeskDeps): FindPortsDesk {
  const deps: FindPortsDeps = { clock, leases, audit, all: () => rack.pods().flatMap(({ cameraId }) => rack.find(cameraId) ?? []) }
  const specs = (): ReadonlyMap<string, UnitSpec> => {
    const found = new Map<string, UnitSpec>()
    for (const { power } of rack.pods()) if (isUnitSpec(power) && !found.has(unitIdOf(power))) found.set(unitIdOf(power), power)
    return found
  }
  const specOf = (unitId: string): UnitSpec => {
    const spec = specs().get(unitId)
    if (!spec) throw new WorkbenchError('input/not-found', `The rack knows no switch "${unitId.slice(0, 80)}"`, { hint: 'A switch is known when one of its ports is written down for a camera' })
    return spec
  }
  const opened = async (unitId: string): Promise<PortUnit> => openPortUnit(specOf(unitId), { clock, secretOf: async (ref) => secrets.get(ref) })
  return {
    units: () => [...specs()].map(([id, spec]) => ({
      cameras: rack.pods().filter(({ power }) => isUnitSpec(power) && unitIdOf(power) === id).map(({ cameraName }) => cameraName),
       id, label: unitLabelOf(spec), kind: spec.kind, lists: spec.kind === 'routeros' ? 'itself' as const : 'typed' as const,
    })),
    look: async ({ unitId, typed }, signal) => {
      const ports = listOf(typed)
      const unit = await opened(unitId)
      try {
        return planFind(unit, await unit.look(ports, signal), deps)
      } finally {
        await unit.close()
      }
    },
    find: async function* (wish, signal) {
      const ports = listOf(wish.typed)
      const unit = await opened(wish.unitId)
      try {
        yield* findPorts(unit, wish, ports, deps, signal)
      } finally {
        await unit.close()
      }
    },
    assign: async (unitId, matches, signal) => {
      const template = specOf(unitId)
      const password = 'passwordRef' in template && template.passwordRef !== undefined ? await secrets.get(template.passwordRef) : undefined
      const unit = await opened(unitId)
      try {
        // A copy of the password for each camera: it goes when its camera goes.
        for (const { match, entry } of assignable(matches, rack.find)) await setup.setPower(entry.spec.id, { power: unit.specOf(match.port), ...(password === undefined ? {} : { password }) }, signal, `found out by cutting port ${match.port}`)
      } finally {
        await unit.close()
      }
    },
  }
}

function listOf(typed: string): readonly string[] {
  const ports = typedPorts(typed)
  if (!ports) throw new WorkbenchError('input/too-large', `These are more than ${mostFindPorts} ports`, { hint: 'Look at some of them at a time' })
  return ports
}
