import { describe, expect, test } from 'vitest'
import { versionsFolder } from '../../../src/main/core/ota/updater/appliance.ts'
import { deploy, type DeployEnd } from '../../../src/main/core/ota/updater/deploy.ts'
import { recoverDeployment } from '../../../src/main/core/ota/updater/recoverDeployment.ts'
import { createMemoryFs, type MemoryFs } from '../../../src/main/sim/disk/memoryFs.ts'
import { demandUnitState } from '../../../src/shared/devices/services.ts'
import { Cancelled } from '../../../src/shared/errors/workbenchError.ts'
import { createMemoryAppliance, linkIn, type MemoryAppliance, memoryPackage, type UnitConduct } from '../../support/memoryAppliance.ts'
import { createSeededRandom } from '../../support/seededRandom.ts'

const { signal } = new AbortController()
const at = (name: string): string => `${versionsFolder}/${name}`
const files = {
  'bin/app': { content: 'app of the new version', unit: 'app.service', order: 2 },
  'lib/deep/data': { content: 'data', mode: 0o644 },
  'bin/base': { content: 'base', unit: 'base.service', order: 1 },
} as const
const contents = memoryPackage({ version: '1.2.0', files })
const units = ['base.service', 'app.service']

/** Current 1.1.0, previous 1.0.0, factory 0.9.0, and its services run. */
async function rig(links: Readonly<Record<string, string>> = { current: 'v1.1.0', previous: 'v1.0.0', factory: 'v0.9.0' }): Promise<MemoryAppliance> {
  const appliance = createMemoryAppliance({ versions: ['0.9.0', '1.0.0', '1.1.0'], links, units })
  for (const unit of units) await appliance.units.start(unit, signal)
  return appliance
}
const run = async (appliance: MemoryAppliance, version: string | undefined = '1.2.0'): Promise<DeployEnd> => appliance.clock.run(deploy(contents, version, appliance.deps, signal))
const only = (version: string, conduct: UnitConduct) => (unit: string, now: string | undefined): UnitConduct => (now === version && unit === 'app.service' ? conduct : 'works')

describe('a deployment', () => {
  test('stops in reverse, writes, switches, starts in order, watches; two old versions are kept', async () => {
    const appliance = await rig({ current: 'v1.1.0', previous: 'v1.0.0' })
    const { fs, link, units: services } = appliance
    expect(await run(appliance)).toEqual({ kind: 'installed', version: '1.2.0', pruned: ['v0.9.0', 'v1.0.0'] })
    expect([link('current'), link('previous')]).toEqual(['v1.2.0', 'v1.1.0'])
    expect(services.calls.slice(2)).toEqual(['stop app.service', 'stop base.service', 'start base.service v1.2.0', 'start app.service v1.2.0'])
    expect(new TextDecoder().decode(fs.content().get(at('v1.2.0/bin/app')) as Uint8Array)).toBe('app of the new version')
    expect((await fs.stat(at('v1.2.0/bin/app'), signal))?.mode).toBe(0o755)
    expect((await fs.stat(at('v1.2.0/lib/deep/data'), signal))?.mode).toBe(0o644)
    expect(appliance.progress).toEqual([0, 5, 26, 53, 80, 95, 98, 100])
    expect([...fs.content().keys()].filter((path) => path.includes('.deploy') || path.includes('.links') || path.endsWith('.tmp'))).toEqual([])
  })
  test('the first on a new device', async () => {
    const appliance = createMemoryAppliance()
    expect(await run(appliance)).toMatchObject({ kind: 'installed' })
    expect([appliance.link('current'), appliance.link('previous')]).toEqual(['v1.2.0', undefined])
  })
  test('another version than asked for touches nothing', async () => {
    const appliance = await rig()
    expect(await run(appliance, '1.3.0')).toMatchObject({ kind: 'failed', level: 0, running: 'v1.1.0', error: 'DEPLOYMENT_FAILED: VERSION_MISMATCH: the package is version 1.2.0, and 1.3.0 was asked for' })
    expect(appliance.units.calls).toHaveLength(2)
  })
  test('where nobody knows services nothing is touched, and no way back is walked', async () => {
    const appliance = await rig()
    const before = [...appliance.fs.content().keys()]
    appliance.units.demand = async (unit) => { demandUnitState('sh: systemctl: not found', unit, 'systemd of gate') }
    expect(await run(appliance)).toMatchObject({ kind: 'failed', level: 0, running: 'v1.1.0', error: expect.stringContaining('systemd of gate does not know services: asked about base.service it says "sh: systemctl: not found"') as string })
    expect([appliance.units.calls.length, [...appliance.fs.content().keys()], appliance.link('previous')]).toEqual([2, before, 'v1.0.0'])
  })
  test('a unit that does not stop ends it before any file is touched', async () => {
    for (const [conduct, code] of [['stays', 'SERVICE_STOP_TIMEOUT'], ['refuses-stop', 'SERVICE_STOP_FAILED']] as const) {
      const appliance = createMemoryAppliance({ versions: ['1.1.0'], links: { current: 'v1.1.0' }, units })
      appliance.units.conduct = (unit) => (unit === 'base.service' ? conduct : 'works')
      for (const unit of units) await appliance.units.start(unit, signal)
      expect(await run(appliance)).toMatchObject({ kind: 'failed', level: 0, running: 'v1.1.0', error: expect.stringContaining(code) as string })
      expect(appliance.units.stateNow('app.service')).toBe('active')
      expect(appliance.fs.calls.some(({ name, path }) => name === 'write' && path?.includes('bin/app'))).toBe(false)
    }
  })
  test('commands of a package run only when they are allowed, and before the services start', async () => {
    const withCommands = memoryPackage({ version: '1.2.0', files: { 'bin/app': { content: 'x', unit: 'app.service', post: ['daemon-reload'] } } })
    const refused = await rig()
    expect(await refused.clock.run(deploy(withCommands, '1.2.0', refused.deps, signal))).toMatchObject({ kind: 'failed', error: expect.stringContaining('daemon-reload') as string })
    expect(refused.units.calls).toHaveLength(2)
    const allowed = await rig()
    expect(await allowed.clock.run(deploy(withCommands, '1.2.0', { ...allowed.deps, allowsCommands: true }, signal))).toMatchObject({ kind: 'installed' })
    expect(allowed.units.calls.slice(2)).toEqual(['stop app.service', 'run daemon-reload', 'start app.service v1.2.0'])
    const failing = await rig()
    const bad = memoryPackage({ version: '1.2.0', files: { 'bin/app': { content: 'x', post: ['false'] } } })
    expect(await failing.clock.run(deploy(bad, '1.2.0', { ...failing.deps, allowsCommands: true }, signal))).toMatchObject({ kind: 'failed', level: 1, error: expect.stringContaining('POST_CMD_FAILED') as string })
  })
})

describe('the way back', () => {
  test('2.31 level 0: a module that cannot be written leaves current at 1.1.0, and the new folder is gone', async () => {
    const appliance = await rig()
    appliance.fs.fault = ({ name, path }) => (name === 'write' && path?.includes('lib/deep/data') === true ? 'no-space' : undefined)
    expect(await run(appliance)).toMatchObject({ kind: 'failed', level: 0, running: 'v1.1.0', error: expect.stringMatching(/^DEPLOYMENT_FAILED: DISK_FULL/) as string })
    expect([appliance.link('current'), appliance.link('previous')]).toEqual(['v1.1.0', 'v1.0.0'])
    expect([...appliance.fs.content().keys()].some((path) => path.startsWith(at('v1.2.0')))).toBe(false)
    expect(units.map((unit) => appliance.units.stateNow(unit))).toEqual(['active', 'active'])
  })
  test('2.32 level 1: the new unit dies 2 s after its start; no success, 1.1.0 runs again', async () => {
    const appliance = await rig()
    appliance.units.conduct = only('v1.2.0', { diesAfterMs: 2_000 })
    const end = await run(appliance)
    expect(end).toMatchObject({ kind: 'failed', level: 1, running: 'v1.1.0', error: expect.stringMatching(/^DEPLOYMENT_FAILED: SERVICE_START_FAILED: .*; ROLLBACK_LEVEL_1_SUCCESS: 1\.1\.0$/) as string })
    // Never the same version twice.
    expect([appliance.link('current'), appliance.link('previous')]).toEqual(['v1.1.0', 'v0.9.0'])
    expect(units.map((unit) => appliance.units.stateNow(unit))).toEqual(['active', 'active'])
    expect(appliance.told).toEqual([expect.stringMatching(/^DEPLOYMENT_FAILED/), 'ROLLBACK_LEVEL_1', 'ROLLBACK_LEVEL_1_SUCCESS: 1.1.0'])
    expect([...appliance.fs.content().keys()].some((path) => path.startsWith(at('v1.2.0')))).toBe(false)
  })
  test('a file that reads back differently never becomes current', async () => {
    const appliance = await rig()
    appliance.fs.onDone = ({ name, to }) => { if (name === 'rename' && to === at('v1.2.0/bin/app')) appliance.fs.put(at('v1.2.0/bin/app'), 'app of the new versioM') }
    expect(await run(appliance)).toMatchObject({ kind: 'failed', level: 0, running: 'v1.1.0', error: expect.stringContaining('reads back differently') as string })
  })
  test('a current that leads nowhere is mended: previous, else factory, else a person', async () => {
    for (const [links, current] of [[{ previous: 'v1.0.0', factory: 'v0.9.0' }, 'v1.0.0'], [{ factory: 'v0.9.0' }, 'v0.9.0']] as const) {
      const appliance = createMemoryAppliance({ versions: ['0.9.0', '1.0.0'], links: { current: 'v7.0.0', ...links } })
      expect((await recoverDeployment(appliance.deps, signal)).mended).toHaveLength(1)
      expect(appliance.link('current')).toBe(current)
    }
    const { deps } = createMemoryAppliance({ versions: ['1.0.0'], links: { current: 'v7.0.0' } })
    await expect(recoverDeployment(deps, signal)).rejects.toMatchObject({ context: { reason: 'NO_VALID_VERSION' } })
  })
  test('a unit that is up for less than 5 s at a time is never healthy', async () => {
    const appliance = await rig()
    appliance.units.conduct = only('v1.2.0', 'never-active')
    expect(await run(appliance)).toMatchObject({ kind: 'failed', level: 1, error: expect.stringContaining('SERVICE_START_TIMEOUT') as string })
  })
  test('level 2: previous is not well either', async () => {
    const appliance = await rig()
    appliance.units.conduct = (unit, version) => (version !== 'v0.9.0' && unit === 'app.service' ? { diesAfterMs: 2_000 } : 'works')
    expect(await run(appliance)).toMatchObject({ kind: 'failed', level: 2, running: 'v0.9.0', error: expect.stringMatching(/ROLLBACK_LEVEL_1_FAILED: .*; ROLLBACK_LEVEL_2_SUCCESS: 0\.9\.0/) as string })
    expect([appliance.link('current'), appliance.link('previous')]).toEqual(['v0.9.0', undefined])
  })
  test('2.34 the factory is not well either: one error with all three codes, and a person is asked for', async () => {
    const appliance = await rig()
    appliance.units.conduct = (unit, version) => (unit === 'app.service' && version !== undefined ? 'refuses-start' : 'works')
    const end = await run(appliance)
    expect(end).toMatchObject({ kind: 'failed', level: 'person' })
    expect((end as { error: string }).error).toMatch(/^DEPLOYMENT_FAILED: .*ROLLBACK_LEVEL_1_FAILED: .*ROLLBACK_LEVEL_2_FAILED: .*manual intervention required$/)
  })
  test('2.35 without a previous version straight to level 2', async () => {
    const appliance = createMemoryAppliance({ versions: ['0.9.0'], links: { factory: 'v0.9.0' }, units })
    appliance.units.conduct = only('v1.2.0', 'refuses-start')
    expect(await run(appliance)).toMatchObject({ kind: 'failed', level: 2, running: 'v0.9.0', error: expect.not.stringContaining('LEVEL_1') as string })
    expect(appliance.link('current')).toBe('v0.9.0')
  })
  test('what was cancelled is undone, and the switch is never cut', async () => {
    const appliance = await rig()
    const cancel = new AbortController()
    appliance.fs.onDone = ({ name, path }) => { if (name === 'write' && path?.includes('bin/base') === true) cancel.abort(new Cancelled('by the user')) }
    await expect(appliance.clock.run(deploy(contents, '1.2.0', appliance.deps, cancel.signal))).rejects.toBeInstanceOf(Cancelled)
    expect(appliance.link('current')).toBe('v1.1.0')
    expect(units.map((unit) => appliance.units.stateNow(unit))).toEqual(['active', 'active'])
  })
})

/** All that belongs to a version, and whose it is. */
const versionOn = (fs: MemoryFs): string => {
  const current = linkIn(fs, 'current') ?? 'none'
  const app = fs.content().get(at(`${current}/bin/app`))
  return `${current}: ${app instanceof Uint8Array ? new TextDecoder().decode(app) : 'no app'}`
}

describe('a power cut after every call', () => {
  const oldOne = 'v1.1.0: app 1.1.0'
  const newOne = 'v1.2.0: app of the new version'
  async function cutAt(number: number, fault: 'cut' | 'cut-after', seed: number, isSick: boolean): Promise<{ readonly isOver: boolean; readonly version: string }> {
    const fs = createMemoryFs()
    const appliance = createMemoryAppliance({ fs, versions: ['1.0.0', '1.1.0'], links: { current: 'v1.1.0', previous: 'v1.0.0', factory: 'v1.0.0' }, units })
    for (const unit of units) await appliance.units.start(unit, signal)
    if (isSick) appliance.units.conduct = only('v1.2.0', 'refuses-start')
    const first = fs.calls.length
    fs.fault = (call) => (call.number - first === number ? fault : undefined)
    const end = await appliance.clock.run(deploy(contents, '1.2.0', appliance.deps, signal)).then(() => 'ended', () => 'cut')
    if (end === 'ended') return { isOver: true, version: versionOn(fs) }
    fs.fault = undefined
    fs.restart(createSeededRandom(seed))
    // After the power came back nothing runs until somebody starts it.
    const again = createMemoryAppliance({ fs, clock: appliance.clock })
    again.units.conduct = appliance.units.conduct
    const { deployment } = await again.clock.run(recoverDeployment(again.deps, signal))
    const version = versionOn(fs)
    expect([oldOne, newOne]).toContain(version)
    if (deployment?.kind === 'installed') expect(version).toBe(newOne)
    if (deployment?.kind === 'failed') { expect(version).toBe(oldOne); expect(deployment.running).toBe('v1.1.0') }
    if (deployment) expect(units.map((unit) => again.units.stateNow(unit))).toEqual(['active', 'active'])
    expect([...fs.content().keys()].filter((path) => /\.deploy|\.links|\.tmp/.test(path))).toEqual([])
    // Repeatable: a second look finds nothing to do.
    expect(await again.clock.run(recoverDeployment(again.deps, signal))).toEqual({ deployment: undefined, mended: [] })
    expect(versionOn(fs)).toBe(version)
    return { isOver: false, version }
  }
  // The way back is long and slow to try; every third of its calls is as good a witness.
  test.each([['a good version', false, 1, [oldOne, newOne]], ['a version that does not start', true, 3, [oldOne]]] as const)('%s: exactly the old or exactly the new one, and its services run', async (_, isSick, stride, ends) => {
    const seen = new Set<string>()
    let points = 0
    for (const fault of ['cut', 'cut-after'] as const) {
      for (let number = 1; number < 2_000; number += stride) {
        const { isOver, version } = await cutAt(number, fault, number * 7 + points, isSick)
        if (isOver) break
        points += 1
        seen.add(version)
      }
    }
    expect(points).toBeGreaterThan(150)
    expect([...seen].sort()).toEqual([...ends].sort())
  }, 120_000)
})
