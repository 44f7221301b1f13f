import { createHash } from 'node:crypto'
import { createAppliance } from '../../src/main/core/ota/updater/appliance.ts'
import type { DeployDeps } from '../../src/main/core/ota/updater/deploy.ts'
import type { UpdaterDeps } from '../../src/main/core/ota/updater/updaterDesk.ts'
import { newDigest } from '../../src/main/drivers/host/digest.ts'
import { createMemoryFs, type MemoryFs } from '../../src/main/sim/disk/memoryFs.ts'
import type { Services, UnitState } from '../../src/shared/devices/services.ts'
import { WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import type { Clock } from '../../src/shared/lifecycle/clock.ts'
import type { OpenPackage } from '../../src/shared/ota/openPackage.ts'
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

/** What a service of a version does: it works, dies after so long, will not start, will not stop. */
export type UnitConduct = 'works' | 'refuses-start' | 'refuses-stop' | 'stays' | 'never-active' | { readonly diesAfterMs: number }

export interface MemoryUnits extends Services {
  readonly calls: readonly string[]
  conduct: (unit: string, version: string | undefined) => UnitConduct
  stateNow(unit: string): UnitState
}

/** Units on the virtual clock, which run whatever `current` names when they are started. */
export function createMemoryUnits(clock: Clock, version: () => string | undefined): MemoryUnits {
  const running = new Map<string, { readonly sinceMs: number; readonly conduct: UnitConduct }>()
  const calls: string[] = []
  const units: MemoryUnits = {
    label: 'a stand-in for systemd in memory', calls, conduct: () => 'works',
    stateNow: (unit) => {
      const run = running.get(unit)
      if (!run) return 'inactive'
      if (run.conduct === 'never-active') return 'activating'
      return typeof run.conduct === 'object' && clock.nowMs() - run.sinceMs >= run.conduct.diesAfterMs ? 'failed' : 'active'
    },
    start: async (unit) => {
      calls.push(`start ${unit} ${version() ?? 'none'}`)
      const conduct = units.conduct(unit, version())
      if (conduct === 'refuses-start') throw new WorkbenchError('device/refused', `${unit} does not start`)
      if (units.stateNow(unit) !== 'active') running.set(unit, { sinceMs: clock.nowMs(), conduct })
    },
    stop: async (unit) => {
      calls.push(`stop ${unit}`)
      const conduct = running.get(unit)?.conduct
      if (conduct === 'refuses-stop') throw new WorkbenchError('device/refused', `${unit} does not stop`)
      if (conduct !== 'stays') running.delete(unit)
    },
    state: async (unit) => units.stateNow(unit),
    demand: async () => undefined,
    runCommand: async (command) => { calls.push(`run ${command}`); return { exitCode: command === 'false' ? 1 : 0, said: '' } },
  }
  return units
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

export interface PackageFixture {
  readonly version: string
  /** `incremental.json`, for one that brings only what changed. */
  readonly incremental?: object
  /** `dst` below `/opt/tope/`, or a whole path that begins with a slash → content; each becomes a module with a unit, where one is named. */
  readonly files: Readonly<Record<string, { readonly content: string; readonly unit?: string; readonly order?: number; readonly mode?: number; readonly post?: readonly string[] }>>
}

/** A package as it comes out of its archive, without the archive. */
export function memoryPackage({ version, files, incremental }: PackageFixture): OpenPackage {
  const modules = Object.entries(files).map(([dst, { unit, order, post }]) => ({ name: dst, src: dst.startsWith('/') ? `outside${dst}` : `modules/${dst}`, dst: dst.startsWith('/') ? dst : `/opt/tope/${dst}`, process_name: unit, restart_order: order, post_cmds: post }))
  const entry = (name: string) => files[name.replace(/^(modules\/|outside)/, '')]
  return {
    manifestText: JSON.stringify({ version, modules }), ...(incremental ? { incrementalText: JSON.stringify(incremental) } : {}),
    entry: (name) => { const found = entry(name); return found && { sizeBytes: text(found.content).length, mode: found.mode ?? 0o755 } },
    read: async function* (name) { await Promise.resolve(); yield text(entry(name)?.content ?? '') },
    close: async () => undefined,
  }
}

export interface MemoryAppliance {
  readonly fs: MemoryFs
  readonly clock: VirtualClock
  readonly units: MemoryUnits
  readonly device: UpdaterDeps['device']
  readonly deps: DeployDeps & Pick<UpdaterDeps['device'], 'recoverLinks'>
  readonly told: string[]
  readonly progress: number[]
  link(name: string): string | undefined
}

export const linkIn = (fs: MemoryFs, name: string): string | undefined => {
  const found = fs.content().get(`opt/tope/versions/${name}`)
  return typeof found === 'string' && found.startsWith('-> ') ? found.slice(3) : undefined
}

let ids = 0
/** An appliance in memory; with the versions that are named, complete, and its links. */
export function createMemoryAppliance(setUp: { readonly versions?: readonly string[]; readonly links?: Readonly<Record<string, string>>; readonly fs?: MemoryFs; readonly units?: readonly string[]; readonly clock?: VirtualClock } = {}): MemoryAppliance {
  const clock = setUp.clock ?? createVirtualClock()
  const fs = setUp.fs ?? createMemoryFs()
  for (const version of setUp.versions ?? []) {
    fs.put(`opt/tope/versions/v${version}/bin/app`, `app ${version}`)
    fs.put(`opt/tope/versions/v${version}/.complete`, JSON.stringify({ v: 1, version, units: setUp.units ?? [], files: [{ path: 'bin/app', sha256: createHash('sha256').update(`app ${version}`).digest('hex'), size: `app ${version}`.length, mode: 0o755 }] }))
  }
  for (const [name, to] of Object.entries(setUp.links ?? {})) fs.put(`opt/tope/versions/${name}`, `-> ${to}`)
  const link = (name: string): string | undefined => linkIn(fs, name)
  const units = createMemoryUnits(clock, () => link('current'))
  const device = createAppliance({ fs, services: units, clock, newDigest, newId: () => `id-${ids += 1}`, allowsCommands: false })
  const told: string[] = []
  const progress: number[] = []
  return { fs, clock, units, device, told, progress, link, deps: { ...device, onCancel: 'undo', tell: (line) => { told.push(line) }, progress: (percent) => { progress.push(percent) } } }
}
